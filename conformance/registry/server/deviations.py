"""Deviations of the embedded registry: a change before or after it responds, from which defects and faults are made."""

from collections.abc import Callable
from functools import wraps

from conformance.format.document import JsonObject, decode_object, encode
from conformance.format.errors import FormatError
from conformance.format.stored import StoredManifest
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.responses import Ranges, content_of
from conformance.registry.server.serving import Call, Reply, parse_ranges


class Defect:
    """A deviation: ``before`` may respond instead of the registry, ``after`` may change its response."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        """A response instead of that of the registry; None: no change."""

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        """The response that is sent; may also change the state."""
        del call, core
        return reply

    def collected(self, core: RegistryCore) -> None:
        """Called after a garbage collection."""


Change = Callable[[Call, Reply, RegistryCore], Reply]
Instead = Callable[[Call, RegistryCore], Reply | None]
RangeChange = Callable[[Ranges, bytes, Reply], Reply]


class _Deviation(Defect):
    """A defect that is one function: on the request, or on the response."""

    def __init__(self, *, instead: Instead | None = None, change: Change | None = None) -> None:
        self._instead, self._change = instead, change

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        return self._instead(call, core) if self._instead is not None else None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        return self._change(call, reply, core) if self._change is not None else reply


def instead(respond: Instead) -> Callable[[], Defect]:
    """The defect that responds instead of the registry; None: the registry responds."""

    @wraps(respond)
    def make() -> Defect:
        return _Deviation(instead=respond)

    return make


def on_response(change: Change) -> Callable[[], Defect]:
    """The defect that changes responses, and may change the state."""

    @wraps(change)
    def make() -> Defect:
        return _Deviation(change=change)

    return make


def of_ranges(change: RangeChange) -> Change:
    """The same change, of responses to satisfiable range requests only."""

    @wraps(change)
    def on_call(call: Call, reply: Reply, core: RegistryCore) -> Reply:
        content = content_of(call, core)
        wanted = parse_ranges(call.header("range") or "", len(content)) if gets_blob(call) else None
        return change(wanted, content, reply) if wanted and reply.status == 206 else reply

    return on_call


def on_ranges(change: RangeChange) -> Callable[[], Defect]:
    """The defect that changes responses to satisfiable range requests."""
    return on_response(of_ranges(change))


def rewrites_manifests(rewrite: Callable[[JsonObject], JsonObject]) -> Callable[[], Defect]:
    """The defect that changes a document before it is stored, under the digest and tag of the original.

    ``rewrite`` returns its argument where it changes nothing.
    """

    @wraps(rewrite)
    def change(call: Call, reply: Reply, core: RegistryCore) -> Reply:
        if puts_manifest(call) and reply.status == 201:
            manifests, digest = core.repositories[repository_of(call)].manifests, reply.headers["Docker-Content-Digest"]
            fields = decode_object(manifests[digest].raw, what="manifest")
            if (made := rewrite(fields)) is not fields:
                manifests[digest] = StoredManifest(encode(made), manifests[digest].media_type)
        return reply

    return on_response(change)


def gets_blob(call: Call) -> bool:
    """Whether it reads a blob by digest."""
    return call.method == "GET" and "/blobs/sha256:" in call.path


def puts_manifest(call: Call) -> bool:
    """Whether it pushes a manifest or index."""
    return call.method == "PUT" and "/manifests/" in call.path


def repository_of(call: Call) -> str:
    """The repository in the path of a request for a manifest, a blob or an upload."""
    return call.path.removeprefix("/v2/").rsplit("/manifests/")[0].rsplit("/blobs/")[0]


def is_index(raw: bytes) -> bool:
    """Whether the document is an index; what cannot be read is none."""
    try:
        return "manifests" in decode_object(raw, what="manifest")
    except FormatError:
        return False

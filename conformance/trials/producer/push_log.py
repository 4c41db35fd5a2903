"""The push log of a registry: its exchanges as events, and defects that make order and outcomes observable."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from conformance.format.digest import Digest
from conformance.format.stored import StoredManifest
from conformance.observed.evidence import Exchange
from conformance.observed.producer import PushEvent
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.serving import Call, Reply, Wire

_BLOB: Final = re.compile(r"/v2/.+/blobs/(sha\d+:[0-9a-f]+)")
_MANIFEST: Final = re.compile(r"/v2/(.+)/manifests/([^/]+)")
_UPLOADS: Final = re.compile(r"/v2/.+/blobs/uploads(?:/.*)?")
_MAX_KEPT: Final = 4 * 2**20
_BROKEN: Final = b'{"errors":[{"code":"UNKNOWN","message":"interrupted on purpose"}]}'
_UNKNOWN: Final = b'{"errors":[{"code":"MANIFEST_INVALID","message":"unknown media type"}]}'


class TakesAnyOrder(Defect):
    """Stores a manifest whatever it names, as the distribution-spec allows, and keeps the bodies that were put.

    So that a wrong order is seen as such, and does not end the push.
    """

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        """Store it here; a digest that is not the body's is left to the registry to refuse."""
        match = _MANIFEST.fullmatch(call.path)
        if call.method != "PUT" or match is None or len(call.body) > _MAX_KEPT:
            return None
        self._bodies.append(call.body)
        name, reference = match[1], match[2]
        digest = str(Digest.of(call.body))
        if ":" in reference and reference != digest:
            return None
        repository = core.repository(name)
        repository.manifests[digest] = StoredManifest(call.body, call.header("content-type") or "")
        if ":" not in reference:
            repository.tags[reference] = digest
        return Reply(201, {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest})

    def take_bodies(self) -> list[bytes]:
        """The manifests put since the last call, in order."""
        taken, self._bodies = self._bodies, []
        return taken


Way = Literal["500 once", "500 from then on", "connection reset"]
WAYS: Final[tuple[Way, ...]] = get_args(Way)


class Interrupts(Defect):
    """Interrupts the request with this number, counted from 0: it alone, or it and all later ones."""

    def __init__(self) -> None:
        self._next, self._at = 0, -1
        self._way: Way = "500 once"
        self.hit: Call | None = None

    def arm(self, at: int, way: Way = "500 once") -> None:
        """Count from now; -1 interrupts nothing."""
        self._next, self._at, self._way, self.hit = 0, at, way, None

    def disarm(self) -> int:
        """Stop interrupting; return the number of requests."""
        counted, self._at = self._next, -1
        return counted

    def before(self, call: Call, core: RegistryCore) -> Reply | None:  # noqa: ARG002
        number = self._next
        self._next += 1
        if self._at < 0 or number < self._at or (self._way != "500 from then on" and number > self._at):
            return None
        self.hit = self.hit or call
        if self._way == "connection reset":
            return Reply(500, wire=Wire(cut=0, head=False))
        return Reply(500, {"Content-Type": "application/json"}, _BROKEN)


class Rejects(Defect):
    """Responds with 400 to manifests that look so, as registries that do not know the media type."""

    def __init__(self, pattern: bytes, *, index: bool) -> None:
        self._pattern, self._index = pattern, index

    def before(self, call: Call, core: RegistryCore) -> Reply | None:  # noqa: ARG002
        is_manifest = call.method == "PUT" and _MANIFEST.fullmatch(call.path) is not None
        if is_manifest and self._pattern in call.body and (b'"manifests"' in call.body) is self._index:
            return Reply(400, {"Content-Type": "application/json"}, _UNKNOWN)
        return None


def events_of(exchanges: Sequence[Exchange], manifests: Sequence[bytes]) -> Iterator[PushEvent]:
    """The events of a push; ``manifests`` are the bodies of the manifests put, in order."""
    bodies = iter(manifests)
    for exchange in exchanges:
        parts = urlsplit(exchange.url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        blob, manifest = _BLOB.fullmatch(parts.path), _MANIFEST.fullmatch(parts.path)
        if blob and exchange.method in ("HEAD", "GET"):
            yield PushEvent("probe", blob[1], exchange, found=exchange.status in (200, 206))
        elif manifest and exchange.method == "PUT":
            content = next(bodies, b"")
            if exchange.status == 201:
                yield PushEvent("manifest", str(Digest.of(content)), exchange, content=content, name=manifest[2])
        elif _UPLOADS.fullmatch(parts.path):
            yield from _upload(exchange, query)


def _upload(exchange: Exchange, query: dict[str, str]) -> Iterator[PushEvent]:
    done = exchange.status == 201
    if exchange.method == "POST" and "mount" in query:
        yield PushEvent("mount" if done else "probe", query["mount"], exchange, found=done)
    elif done and "digest" in query:
        yield PushEvent("upload", query["digest"], exchange)

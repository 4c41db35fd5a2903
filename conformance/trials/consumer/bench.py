"""The environment of trials: a registry with the image, a sandbox for the tool, and the observation of a run.

Every stage is new: a blob may be served under a wrong digest, and must not affect another case.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from conformance.images.composed import Image
from conformance.implementations.adapter import Adapter
from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.runner import Run
from conformance.observed.credentials import Credentials
from conformance.observed.evidence import Exchange
from conformance.observed.trials import RunSeen
from conformance.processes.sandbox import Sandbox
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.registry.server.faults import ServesBlobsOf, make_fault
from conformance.trials.file_trees import read_tree
from conformance.trials.under_test import ImplementationUnderTest

USER: Final = Credentials("trial", "open-sesame")
_NAME: Final = "trial/image"
# Seconds for one operation, unless the adapter allows less: a hang must not use the time of other cases.
_TIMEOUT: Final = 60.0
# Lines for the table of pull options, with which the storage.conf of a sandbox ends.
_CONVERT: Final = 'convert_images = "true"\n'
_TRUSTING: Final = 'insecure_allow_unpredictable_image_contents = "true"\n'
_KEPT_EXCHANGES: Final = 12
_MAX_OUTPUT: Final = 2**20


class Pull(msgspec.Struct, frozen=True):
    """How an image is pulled: by ``tag``, or by ``digest`` where one is given."""

    digest: str = ""
    options: tuple[Option, ...] = ()
    tag: str = "latest"


BY_TAG: Final = Pull()


class Stage:
    """One registry (and perhaps a second host) and one sandbox: runs on it see the content of earlier ones."""

    def __init__(
        self,
        subject: ImplementationUnderTest,
        registry: EmbeddedRegistry,
        sandbox: Sandbox,
        second: EmbeddedRegistry | None = None,
    ) -> None:
        self._subject, self._registry, self._second, self._sandbox = subject, registry, second, sandbox
        self._images: dict[str, Image] = {}

    def load(self, image: Image, tag: str = "latest") -> None:
        """Store an image in the registry, unchanged."""
        self._registry.load(_NAME, image.blobs, image.manifests, **{tag: image.root})
        self._images[tag] = image

    def arm(self, *faults: Defect) -> None:
        """Give the registry these faults."""
        self._registry.arm(*faults)

    def redirect_blobs(self) -> None:
        """Redirect requests for blobs to the second host."""
        assert self._second is not None, "the stage was created without a second host"
        self._registry.arm(make_fault("redirect", self._second.url))

    @property
    def redirected(self) -> tuple[Exchange, ...]:
        """The requests to the second host."""
        return self._second.exchanges if self._second is not None else ()

    @property
    def sandbox(self) -> Sandbox:
        return self._sandbox

    def run(self, operation: Operation, pull: Pull = BY_TAG, *, output: Path | None = None) -> RunSeen:
        """One operation on the image; ``output`` is an empty directory (default: a new one)."""
        name = f"{_host(self._registry)}/{_NAME}"
        reference = f"{name}@{pull.digest}" if pull.digest else f"{name}:{pull.tag}"
        if pull.digest and self._subject.adapter.tags_only:
            reference = f"{name}:{self._tag_of(pull.digest)}"
        tree = output or self._subject.new_directory("tree")
        values: dict[str, str | Path] = {
            "reference": reference,
            "output": tree,
            "layout": self._subject.new_directory("layout") / "image",
            "digest": pull.digest,
        }
        if reads_layouts(self._subject.adapter, operation):
            self._images[pull.tag].write(Path(values["layout"]), pull.digest)
        before = len(self._registry.exchanges)
        run = self._subject.run(operation, values, options=pull.options, sandbox=self._sandbox, timeout=self._timeout)
        exchanges = self._registry.exchanges[before:]
        seen = seen_of(run, exchanges, tree if operation == "unpack" else None)
        said = seen.ending == "unsupported" and run.evidence and not run.declared and not pull.options
        # Asked for nothing special, "not supported" is how a tool refuses an image that its adapter reports it can
        # take.
        return msgspec.structs.replace(seen, ending="refused") if said else seen

    def _tag_of(self, digest: str) -> str:
        """A tag that names this manifest, for tools that take no digests."""
        tag = f"digest-{digest.partition(':')[2][:32]}"
        self._registry.load(_NAME, {}, {}, **{tag: digest})
        return tag

    @property
    def _timeout(self) -> float:
        return min(_TIMEOUT, float(self._subject.adapter.timeout))


class Bench:
    """Makes stages for one implementation."""

    def __init__(self, subject: ImplementationUnderTest) -> None:
        self.subject = subject

    @contextmanager
    def stage(
        self, *, login: bool = False, convert: bool = False, trusting: bool = False, second_host: bool = False
    ) -> Iterator[Stage]:
        """A new stage; with ``login`` its registry requires the credentials of the sandbox.

        ``convert`` switches on what containers-storage calls convert_images: layers without a TOC get one; ``trusting``
        what it calls insecure_allow_unpredictable_image_contents: full digests are not computed.
        """
        with ExitStack() as stack:
            auth = BasicAuth(USER.username, USER.password or "") if login else None
            own = self.subject.certificate
            tls = None if own is None else (own.chain, own.key)
            registry = stack.enter_context(EmbeddedRegistry(auth=auth, tls=tls))
            second = None
            if second_host:
                mirror = EmbeddedRegistry(host="127.0.0.2", defects=[ServesBlobsOf(registry.blob)], tls=tls)
                second = stack.enter_context(mirror)
            hosts = [_host(one) for one in (registry, second) if one is not None]
            sandbox = self.subject.sandbox(hosts=hosts, credentials={hosts[0]: USER} if login else None)
            pull_options = [_CONVERT] * convert + [_TRUSTING] * trusting
            if pull_options:
                settings = Path(sandbox.environment["CONTAINERS_STORAGE_CONF"])
                settings.write_text(settings.read_text("utf-8") + "".join(pull_options), "utf-8")
            yield Stage(self.subject, registry, sandbox, second)

    def pull(
        self,
        image: Image,
        operation: Operation,
        how: Pull = BY_TAG,
        *,
        faults: Sequence[Defect] = (),
    ) -> RunSeen:
        """One operation on its own stage."""
        with self.stage() as stage:
            stage.load(image)
            stage.arm(*faults)
            return stage.run(operation, how)


def _host(registry: EmbeddedRegistry) -> str:
    return registry.url.partition("://")[2]


def reads_layouts(adapter: Adapter, operation: Operation) -> bool:
    """Whether the operation is given a layout, so that no request is seen of it."""
    return adapter.uses(operation, "layout") and not adapter.uses(operation, "reference")


def seen_of(run: Run, exchanges: Sequence[Exchange], tree: Path | None) -> RunSeen:
    """The observation of a run."""
    return RunSeen(
        run.operation,
        run.outcome,
        run.reason,
        read_tree(tree) if tree is not None else None,
        f"{run.stdout}\n{run.stderr}"[:_MAX_OUTPUT],
        _identity(run.stdout),
        tuple(exchanges),
        run.peak_memory,
        run.elapsed,
        (*run.evidence, *exchanges[:_KEPT_EXCHANGES]),
    )


def _identity(stdout: str) -> tuple[str, ...]:
    """The local ids that a tool reports: a line with a JSON object that has ``image_id`` and ``layer_ids``."""
    for line in stdout.splitlines():
        try:
            said = json.loads(line) if line.startswith("{") else None
        except (ValueError, RecursionError):
            continue
        if isinstance(said, Mapping) and isinstance(said.get("image_id"), str) and said["image_id"]:
            layers = said.get("layer_ids") or ()
            return (said["image_id"], *(str(layer) for layer in layers if isinstance(layers, list)))
    return ()

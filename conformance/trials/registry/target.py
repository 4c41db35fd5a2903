"""A registry under judgement: the client, the repositories of this run, and what to delete at the end."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Final

from conformance.format.digest import Digest
from conformance.observed.evidence import Exchange
from conformance.registry.client.client import RegistryClient, Response, TransportError

_WORKERS: Final = 12
Thing = tuple[str, str]
"""A repository, and a tag or digest in it."""
Pushed = tuple[list[Thing], list[Thing], list[Thing]]
"""Tags, manifests and blobs."""


class RegistryUnderTest:
    """Everything a run creates lies below ``prefix``, which is unique to the run.

    ``collect_garbage`` runs the registry's garbage collection, where the launcher of the registry
    gave one; None for registries we only reach over the network.
    """

    def __init__(
        self,
        client: RegistryClient,
        prefix: str,
        *,
        collect_garbage: Callable[[], None] | None = None,
        name: str = "registry",
    ) -> None:
        self.client = client
        self.prefix = prefix.strip("/")
        self.mount_prefix = f"{self.prefix}/mount"
        self.collect_garbage = collect_garbage
        self.name = name
        self.two_part_names = False
        self.left: tuple[str, ...] = ()
        """The URLs of what could not be deleted, in the order in which it can be."""
        self._lock = Lock()
        self._manifests: dict[tuple[str, str], None] = {}
        self._tags: dict[tuple[str, str], None] = {}
        self._blobs: dict[tuple[str, str], None] = {}

    def repository(self, name: str) -> str:
        """The full name of a repository of this run."""
        full = f"{self.prefix}/{name}"
        if not self.two_part_names:
            return full
        namespace, _, rest = full.partition("/")
        return f"{namespace}/{rest.replace('/', '-')}"

    def upload(self, repository: str, content: bytes) -> Response:
        """Upload a blob and remember it for the clean-up."""
        with self._lock:
            self._blobs[repository, str(Digest.of(content))] = None
        return self.client.upload_blob(repository, content)

    def put_manifest(self, repository: str, reference: str, raw: bytes, media_type: str) -> Response:
        """Push a manifest and remember it, and its tag, for the clean-up."""
        with self._lock:
            self._manifests[repository, str(Digest.of(raw))] = None
            if ":" not in reference:
                self._tags[repository, reference] = None
        return self.client.put_manifest_raw(repository, reference, raw, media_type)

    def remember_blob(self, repository: str, digest: str) -> None:
        """A blob that came another way (mount, chunked upload)."""
        with self._lock:
            self._blobs[repository, digest] = None

    def hand_over(self) -> Pushed:
        """What was pushed and is to be deleted, for ``take_over`` of another instance; this one deletes it no more."""
        with self._lock:
            pushed = list(self._tags), list(self._manifests), list(self._blobs)
            self._tags, self._manifests, self._blobs = {}, {}, {}
        return pushed

    def take_over(self, pushed: Pushed) -> None:
        """Delete this at the end too."""
        with self._lock:
            for own, others in zip((self._tags, self._manifests, self._blobs), pushed, strict=True):
                own.update(dict.fromkeys((repository, reference) for repository, reference in others))

    def clean_up(self) -> tuple[Exchange, ...]:
        """Delete tags, manifests (last pushed first) and blobs; what the registry refuses is returned.

        What is then still there is listed in ``left``. Never raises: a registry that is gone, or does not delete, must
        not hide the verdicts.
        """
        refused: list[Exchange] = []
        tags, manifests, blobs = self.hand_over()
        kept: list[list[Thing]] = []
        silent = False
        for delete, things, in_order in (
            (self.client.delete_tag, tags, False),
            (self.client.delete_manifest_raw, manifests, True),
            (self.client.delete_blob_raw, blobs, False),
        ):
            gone = ([], things, True) if silent else _delete(delete, things, in_order=in_order)
            exchanges, remaining, silent = gone
            refused += exchanges
            kept.append(remaining)
        if not silent and any((exchange.status or 0) >= 500 for exchange in refused):
            kept[2] = self._present(kept[2])
        tagged = {repository for repository, _ in kept[1]}  # a tag goes with the last manifest
        kinds = (
            ("manifests", [tag for tag in kept[0] if tag[0] in tagged]),
            ("manifests", kept[1]),
            ("blobs", kept[2]),
        )
        self.left = tuple(
            f"{self.client.host}/v2/{repository}/{kind}/{reference}"
            for kind, things in kinds
            for repository, reference in reversed(things)
        )
        return tuple(refused)

    def _present(self, blobs: list[Thing]) -> list[Thing]:
        """Those that the registry still has: crane's responds with 500 to the deletion of a blob that is gone, since it
        removed it from every repository with the first.
        """

        def is_present(blob: Thing) -> bool:
            try:
                return self.client.head_blob(*blob).status != 404
            except TransportError:
                return True

        with ThreadPoolExecutor(_WORKERS) as pool:
            return [blob for blob, there in zip(blobs, pool.map(is_present, blobs), strict=True) if there]


def _delete(
    delete: Callable[[str, str], Response], things: list[Thing], *, in_order: bool
) -> tuple[list[Exchange], list[Thing], bool]:
    """The refusals of the registry, what it retains, and whether it stopped responding.

    The last pushed goes first, alone: by it is seen whether the registry deletes at all. The rest goes in parallel;
    ``in_order`` only by repository, in each of them an index before what it lists.
    """
    refused: list[Exchange] = []
    gone: set[Thing] = set()
    stop = Event()  # the registry is gone, or deletion is switched off: so it is for the rest of this kind
    silent = Event()

    def empty(batch: Sequence[Thing]) -> None:
        for thing in batch:
            if stop.is_set():
                return
            try:
                response = delete(*thing)
            except TransportError as error:
                stop.set()
                silent.set()
                if error.exchange is not None:
                    refused.append(error.exchange)
                return
            if response.status == 405:
                stop.set()
            if response.status < 400 or response.status == 404:
                gone.add(thing)
            else:
                refused.append(response.exchange)

    last, rest = things[-1:], things[-2::-1]
    empty(last)
    by_repository: dict[str, list[Thing]] = defaultdict(list)
    for thing in rest:
        by_repository[thing[0]].append(thing)
    batches = sorted(by_repository.values(), key=len, reverse=True) if in_order else [[thing] for thing in rest]
    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(empty, batches))
    return refused, [thing for thing in things if thing not in gone], silent.is_set()

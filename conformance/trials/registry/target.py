"""A registry under judgement: the client, the repositories of this run, and what to delete at the end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import Final

from conformance.format.digest import Digest
from conformance.observed.evidence import Exchange
from conformance.registry.client.client import RegistryClient, Response, TransportError

_WORKERS: Final = 4


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

    def clean_up(self) -> tuple[Exchange, ...]:
        """Delete tags, manifests (last pushed first) and blobs; what the registry refuses is returned.

        Never raises: a registry that is gone, or does not delete, must not hide the verdicts.
        """
        refused: list[Exchange] = []
        with self._lock:
            tags, manifests, blobs = list(self._tags), list(self._manifests), list(self._blobs)
            self._tags, self._manifests, self._blobs = {}, {}, {}
        steps = (
            (self.client.delete_tag, tags),
            (self.client.delete_manifest_raw, manifests),
            (self.client.delete_blob_raw, blobs),
        )
        for delete, things in steps:
            kept, gone_silent = _delete(delete, things)
            refused += kept
            if gone_silent:
                break
        return tuple(refused)


def _delete(delete: Callable[[str, str], Response], things: list[tuple[str, str]]) -> tuple[list[Exchange], bool]:
    """What the registry refused to delete, and whether it stopped responding.

    Repositories go in parallel; in each of them the last pushed goes first, an index before what it lists.
    """
    refused: list[Exchange] = []
    stop = Event()  # the registry is gone, or deletion is switched off: so it is for the rest of this kind
    silent = Event()

    def empty(repository: str) -> None:
        for name, reference in reversed(things):
            if name != repository or stop.is_set():
                continue
            try:
                response = delete(repository, reference)
            except TransportError as error:
                stop.set()
                silent.set()
                if error.exchange is not None:
                    refused.append(error.exchange)
                return
            if response.status == 405:
                stop.set()
            if response.status >= 400 and response.status != 404:
                refused.append(response.exchange)

    first, *others = dict.fromkeys(name for name, _ in reversed(things)) or [""]
    empty(first)
    with ThreadPoolExecutor(_WORKERS) as pool:
        list(pool.map(empty, others))
    return refused, silent.is_set()

"""What can be asked of a registry where one may not push: GET and HEAD of an image that is there."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from conformance.checks.bound import Scenario, deciding
from conformance.checks.registry import ranges, storage
from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, decode_object
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Descriptor, is_index, read_index, read_manifest
from conformance.observed.registry import BlobSeen, RangeSeen
from conformance.registry.client.client import RegistryClient
from conformance.sources.errors import SourceError
from conformance.sources.reference import RegistryReference
from conformance.sources.remote import RemoteSource
from conformance.trials.registry.range_probe import ask_range, spread
from conformance.trials.registry.steps import seen_response

# The layer that ranges are tried on is downloaded whole once, to compare with.
MAX_LAYER: Final = 64 * 2**20
_ABSENT: Final = "sha256:" + "0" * 63 + "1"


class ReadOnlyProbe:
    """Scenarios over one existing image."""

    def __init__(self, client: RegistryClient, reference: RegistryReference) -> None:
        self._client, self._reference = client, reference

    @cached_property
    def _layers(self) -> tuple[Descriptor, ...]:
        """The layers of the image: of the last manifest when it is an index, as sentinels come last."""
        source = RemoteSource(self._client, self._reference)
        raw = source.root().content or b""
        if is_index(decode_object(raw, what="manifest")):
            entries = read_index(raw).view.manifests
            if not entries:
                raise SourceError(f"{self._reference}: an empty index")
            stored = source.manifest(entries[-1], MAX_DOCUMENT)
            if stored.content is None:
                raise SourceError(f"{self._reference}: {entries[-1].digest}: {stored.detail}")
            raw = stored.content
        return read_manifest(raw).view.layers

    @cached_property
    def _layer(self) -> tuple[str, bytes]:
        """The largest data layer that is not too large, and its verified content."""
        data = [layer for layer in self._layers if layer.media_type != SENTINEL_TYPE and layer.size <= MAX_LAYER]
        if not data:
            raise SourceError(f"{self._reference}: no layer of at most {MAX_LAYER} bytes to try ranges on")
        layer = max(data, key=lambda descriptor: descriptor.size)
        response = self._client.get_blob(self._reference.repository, layer.digest, max_bytes=MAX_LAYER)
        if response.status != 200 or not Digest.parse(layer.digest).matches(response.content):
            raise SourceError(f"{self._reference}: layer {layer.digest}: HTTP {response.status} without its content")
        return layer.digest, response.content

    def blobs(self) -> tuple[BlobSeen, ...]:
        digest, content = self._layer
        return (self._blob(digest, content),)

    def sentinel(self) -> BlobSeen | None:
        """HEAD and GET of the sentinel blob; None when the image has none."""
        found = [layer for layer in self._layers if layer.media_type == SENTINEL_TYPE]
        if not found:
            return None
        stored = RemoteSource(self._client, self._reference).blob(found[0], MAX_DOCUMENT)
        return self._blob(found[0].digest, stored.content or b"")

    def _blob(self, digest: str, content: bytes) -> BlobSeen:
        repository = self._reference.repository
        head = seen_response(f"HEAD blobs/{digest}", self._client.head_blob(repository, digest))
        get = seen_response(f"GET blobs/{digest}", self._client.get_blob(repository, digest, max_bytes=MAX_LAYER))
        missing = seen_response(f"HEAD blobs/{_ABSENT}", self._client.head_blob(repository, _ABSENT))
        return BlobSeen(digest, content, head, get, missing)

    def single_ranges(self) -> tuple[RangeSeen, ...]:
        end = len(self._layer[1]) - 1
        return tuple(self._range(((first, last),)) for first, last in ((0, 0), (end // 2, end), (end, end)))

    def multi_ranges(self) -> tuple[RangeSeen, ...]:
        size = len(self._layer[1])
        return tuple(self._range(spread(size, count)) for count in (2, 8, 64, 256, 1024) if count * 128 <= size)

    def all_ranges(self) -> tuple[RangeSeen, ...]:
        return (*self.single_ranges(), *self.multi_ranges(), *self.suffixes(), self.past_the_end())

    def past_the_end(self) -> RangeSeen:
        size = len(self._layer[1])
        return self._ask(f"{size}-{size + 9}", ())

    def suffixes(self) -> tuple[RangeSeen, ...]:
        size = len(self._layer[1])
        return (self._ask("-72", ((max(size - 72, 0), size - 1),)),)

    def _range(self, wanted: tuple[tuple[int, int], ...]) -> RangeSeen:
        return self._ask(",".join(f"{first}-{last}" for first, last in wanted), wanted)

    def _ask(self, header: str, wanted: tuple[tuple[int, int], ...]) -> RangeSeen:
        digest, content = self._layer
        return ask_range(self._client, self._reference.repository, digest, content, header, wanted)


SCENARIOS: Final[Mapping[str, Scenario[ReadOnlyProbe, Any]]] = dict(
    (
        deciding(storage.serves_sentinel, ReadOnlyProbe.sentinel),
        deciding(ranges.single, ReadOnlyProbe.single_ranges),
        deciding(ranges.several, ReadOnlyProbe.multi_ranges),
        deciding(ranges.unsatisfiable, ReadOnlyProbe.past_the_end),
        deciding(storage.head_tells_the_truth, ReadOnlyProbe.blobs),
        deciding(storage.head_states_the_length, ReadOnlyProbe.blobs),
        deciding(ranges.never_wrong, ReadOnlyProbe.all_ranges),
        deciding(ranges.nothing_missing, ReadOnlyProbe.all_ranges),
    )
)
"""What an existing image shows of its registry, by requirement."""

"""Read one image from its root into an observation: the observation that all artifact checks judge."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from conformance.format.document import MAX_DOCUMENT
from conformance.format.errors import FormatError
from conformance.format.media_types import ENTRY_TYPES, lenient_type
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import (
    Config,
    Decoded,
    Descriptor,
    Document,
    Index,
    Reading,
    decode_either,
    examine_config,
)
from conformance.observed.image import ImageSeen, ManifestSeen, ReaderOutcome, Stored, TocSummary
from conformance.observed.layer import LayerSeen, LayersSeen
from conformance.sources.layers import LayerReading, chunk_key, observe_layers
from conformance.sources.other_layers import observe_other_layers
from conformance.sources.source import ImageSource

# SENT-BLOB-012 requires 4096 bytes, and no standard limits them. More than this is not read: the rules inspect every
# byte, a second or ten for each MiB; and so much for all different sentinels of one image together.
MAX_SENTINEL = 2**20
MAX_SENTINELS = 2 * 2**20
# An index of more entries is judged by its first ones and the rest is a problem stated in words.
MAX_ENTRIES = 512
# The depth to which nested indexes are read; their entries count among MAX_ENTRIES.
MAX_DEPTH = 4
# Different sentinels of one image that real readers are run on, a second or so each; the rest by the rules alone.
MAX_PANEL = 16
# A manifest of more layers is not read; container engines stop at 128 or so.
MAX_LAYERS = 1024
# The limit for the manifests and configs of one image together: their bytes, and an amount for each layer they name,
# also when one manifest is named many times. Each alone may have 4 MiB; 512 of them must not fill memory.
MAX_METADATA = 32 * 2**20
LAYER_COST = 256

SHALLOW: Final = LayerReading()
Panel = Callable[[bytes], tuple[ReaderOutcome, ...]]


def observe_image(
    source: ImageSource, *, panel: Panel | None = None, reading: LayerReading | None = SHALLOW
) -> ImageSeen:
    """Read an image: index, manifests, configs, sentinel blobs, and its layers as ``reading`` states (None: not at
    all).

    ``panel`` feeds sentinel blobs to real tar readers. Raises SourceError when the root cannot be read.
    """
    seen = _observe_metadata(source, panel)
    if reading is None:
        return seen
    layers = observe_layers(source, seen.every_manifest, reading)
    others = observe_other_layers(source, seen.every_manifest, reading)
    return with_layers(seen, msgspec.structs.replace(layers, others=others))


def with_layers(seen: ImageSeen, layers: LayersSeen) -> ImageSeen:
    """An image of which only the metadata was seen, with its layers."""
    by_descriptor = {chunk_key(layer.descriptor): layer for layer in layers.layers}
    manifests = tuple(_with_all_tocs(manifest, by_descriptor) for manifest in seen.manifests)
    return msgspec.structs.replace(seen, manifests=manifests, layers=layers)


def _with_all_tocs(manifest: ManifestSeen, layers: Mapping[str, LayerSeen]) -> ManifestSeen:
    """The manifest, and those inside it."""
    inside = tuple(_with_all_tocs(inner, layers) for inner in manifest.inside)
    return msgspec.structs.replace(_with_tocs(manifest, layers), inside=inside)


def _with_tocs(manifest: ManifestSeen, layers: Mapping[str, LayerSeen]) -> ManifestSeen:
    """What the checks on sentinel manifests ask of the TOCs of their data layers."""
    if not manifest.sentinels or manifest.document is None:
        return manifest
    data = (layer for layer in manifest.document.view.layers if layer.media_type != SENTINEL_TYPE)
    return msgspec.structs.replace(
        manifest, tocs=tuple(_summary(layer, layers.get(chunk_key(layer))) for layer in data)
    )


def _summary(layer: Descriptor, seen: LayerSeen | None) -> TocSummary:
    if seen is None:
        return TocSummary(layer, problem="the layer has no TOC annotations")
    if seen.toc.toc is None:
        return TocSummary(layer, problem=seen.toc.problem or "the layer has no TOC annotations", evidence=seen.evidence)
    return TocSummary(layer, bool(seen.toc.toc.tar_split_digest), evidence=seen.evidence)


def _observe_metadata(source: ImageSource, panel: Panel | None) -> ImageSeen:
    root = source.root()
    walk = _Walk(source, panel)
    content = root.content or b""
    try:
        decoded = decode_either(content, what="the root document")
    except FormatError as error:
        malformed = str(error) if _claims_an_image(content) else ""
        return ImageSeen(
            source.reference,
            index_stored=root,
            index_problem=str(error),
            index_malformed=malformed,
            layout=root.named_in,
        )
    if not decoded.is_index:
        if not _claims_an_image(content):
            problem = "the root document has neither manifests nor layers"
            return ImageSeen(source.reference, index_stored=root, index_problem=problem, layout=root.named_in)
        manifest = walk.decoded_manifest("manifest", root, None, decoded)
        return ImageSeen(source.reference, manifests=(manifest,), layout=root.named_in)
    read = decoded.as_index()
    index, problem = read.document, read.malformed
    if index is not None and len(index.view.manifests) > MAX_ENTRIES:
        problem = f"{len(index.view.manifests)} entries; only the first {MAX_ENTRIES} were read"
    return ImageSeen(
        source.reference,
        root,
        index,
        problem,
        walk.entries(index) if index else (),
        index_malformed=read.malformed,
        index_key_problems=read.key_problems,
        layout=root.named_in,
    )


def _claims_an_image(content: bytes) -> bool:
    """Whether a document has the list that makes it an index or a manifest, for some reader at least."""
    plain = content.replace(b"\0", b"")  # Python's json reads UTF-16 and UTF-32 too
    return b'"manifests"' in plain or b'"layers"' in plain


_FULL: Final = f"the manifests and configs of the image have more than {MAX_METADATA} bytes: it is not read"


class _Walk:
    """One pass over an image's metadata; every blob is read once, however many manifests share it."""

    def __init__(self, source: ImageSource, panel: Panel | None) -> None:
        self._source = source
        self._panel = panel
        self._sentinels: dict[Descriptor, Stored] = {}
        self._manifests: dict[Descriptor, ManifestSeen] = {}
        self._left = MAX_METADATA
        self._sentinels_left = MAX_SENTINELS
        self._depth = self._inner_entries = 0
        self._outcomes: dict[bytes, tuple[ReaderOutcome, ...]] = {}

    def entries(self, index: Document[Index]) -> tuple[ManifestSeen, ...]:
        return tuple(
            self._entry(f"manifests[{position}]", entry)
            for position, entry in enumerate(index.view.manifests[:MAX_ENTRIES])
        )

    def _entry(self, name: str, entry: Descriptor) -> ManifestSeen:
        """The manifest of an entry; read once, however many entries name it."""
        key = Descriptor(entry.media_type, entry.digest, entry.size)
        if key not in self._manifests:
            stored = self._fetch_entry(entry) if self._left > 0 else Stored(problem="too-large", detail=_FULL)
            self._manifests[key] = self.manifest(name, stored, entry)
            return self._manifests[key]
        first = self._manifests[key]
        if first.document is not None and not self._spend(LAYER_COST * len(first.document.view.layers)):
            return ManifestSeen(name, Stored(problem="too-large", detail=_FULL), entry, problem=_FULL)
        return msgspec.structs.replace(first, name=name, entry=entry)

    def _spend(self, cost: int) -> bool:
        self._left -= cost
        return self._left > 0

    def _fetch_entry(self, entry: Descriptor) -> Stored:
        # A document that some client reads as a manifest is inspected, whatever its media type (DOC-007).
        known = not entry.media_type or entry.media_type in ENTRY_TYPES
        if not known and lenient_type(entry.media_type, ENTRY_TYPES) is None:
            return Stored(problem="not-fetched", detail=f"media type {entry.media_type!r} is not an image manifest")
        return self._source.manifest(entry, MAX_DOCUMENT)

    def manifest(self, name: str, stored: Stored, entry: Descriptor | None) -> ManifestSeen:
        if stored.content is None:
            return ManifestSeen(name, stored, entry, problem=stored.detail)
        try:
            decoded = decode_either(stored.content, what="manifest")
        except FormatError as error:
            return ManifestSeen(name, stored, entry, problem=str(error), malformed=str(error))
        if decoded.is_index:
            return self._inner_index(name, stored, entry, decoded)
        return self.decoded_manifest(name, stored, entry, decoded)

    def decoded_manifest(self, name: str, stored: Stored, entry: Descriptor | None, decoded: Decoded) -> ManifestSeen:
        read = decoded.as_manifest()
        document = read.document
        if document is None:
            wrong = read.malformed
            return ManifestSeen(name, stored, entry, problem=wrong, malformed=wrong, key_problems=read.key_problems)
        view = document.view
        if len(view.layers) > MAX_LAYERS:
            problem = f"{len(view.layers)} layers; a manifest of more than {MAX_LAYERS} is not read"
            return ManifestSeen(name, stored, entry, problem=problem)
        if not self._spend(len(decoded.raw) + LAYER_COST * len(view.layers)):
            return ManifestSeen(name, Stored(problem="too-large", detail=_FULL), entry, problem=_FULL)
        config_stored = self._source.blob(view.config, MAX_DOCUMENT)
        self._spend(len(config_stored.content or b""))
        config: Reading[Config] = Reading()
        if config_stored.content is not None:
            config = examine_config(config_stored.content)
        sentinels = tuple(
            (position, self._sentinel(layer))
            for position, layer in enumerate(view.layers)
            if layer.media_type == SENTINEL_TYPE
        )
        first = next((blob.content for position, blob in sentinels if position == 0), None)
        return ManifestSeen(
            name,
            stored,
            entry,
            document,
            "",
            config_stored,
            config.document,
            config.malformed or config_stored.detail,
            sentinels,
            self._read_with_panel(first),
            config_malformed=config.malformed,
            key_problems=read.key_problems,
            config_key_problems=config.key_problems,
        )

    def _inner_index(self, name: str, stored: Stored, entry: Descriptor | None, decoded: Decoded) -> ManifestSeen:
        """An index that another lists, with its manifests."""
        read = decoded.as_index()
        inner, wrong = read.document, read.malformed
        if inner is None:
            return ManifestSeen(name, stored, entry, problem=wrong, malformed=wrong, key_problems=read.key_problems)
        self._inner_entries += len(inner.view.manifests)
        problem = ""
        if self._depth >= MAX_DEPTH:
            problem = f"indexes are nested deeper than {MAX_DEPTH} levels; this one is not read"
        elif self._inner_entries > MAX_ENTRIES or not self._spend(len(inner.raw)):
            problem = f"the indexes inside indexes have more than {MAX_ENTRIES} entries; this one is not read"
        if problem:
            return ManifestSeen(name, stored, entry, problem=problem)
        self._depth += 1
        inside = tuple(
            self._entry(f"{name}.manifests[{position}]", each) for position, each in enumerate(inner.view.manifests)
        )
        self._depth -= 1
        return ManifestSeen(name, stored, entry, inner=inner, inside=inside, key_problems=read.key_problems)

    def _sentinel(self, layer: Descriptor) -> Stored:
        key = Descriptor(layer.media_type, layer.digest, layer.size)
        if key not in self._sentinels:
            stored = self._source.blob(layer, min(MAX_SENTINEL, self._sentinels_left))
            self._sentinels_left -= len(stored.content or b"")
            self._sentinels[key] = stored
        return self._sentinels[key]

    def _read_with_panel(self, content: bytes | None) -> tuple[ReaderOutcome, ...]:
        if content is None or self._panel is None:
            return ()
        if content not in self._outcomes and len(self._outcomes) < MAX_PANEL:
            self._outcomes[content] = self._panel(content)
        return self._outcomes.get(content, ())

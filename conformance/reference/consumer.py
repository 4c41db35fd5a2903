"""The aware consumer: selects a manifest, reads its layers, and unpacks them (docs/format.md sections 4, 14 and 17).

A sentinel image is read by TOC only, without fall-back and without the full digest. Any other image is verified by its
DiffIDs, whether its layers are read by TOC or whole. Nothing is written to the output before everything is verified.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, decode_object
from conformance.format.entries import clean_name
from conformance.format.oci import (
    Config,
    Descriptor,
    Index,
    Manifest,
    Platform,
    is_index,
    read_config,
    read_index,
    read_manifest,
)
from conformance.format.positions import ChunkedAnnotations
from conformance.format.selection import Policy, is_annotated_sentinel, select
from conformance.format.tarsplit import FileRecord, rebuild
from conformance.reference.contents import ContentFetcher
from conformance.reference.errors import NoRangesError, RefusalError
from conformance.reference.identity import image_id, layer_id
from conformance.reference.plan import Item, Planner
from conformance.reference.ranges import BlobRanges
from conformance.reference.reading import begins_with_sentinel, content_of
from conformance.reference.store import ContentStore
from conformance.reference.toc_loader import LoadedToc, TocLoader
from conformance.reference.tree import Skipped, TreeBuilder
from conformance.reference.whole import WholeLayers
from conformance.sources.source import ImageSource

MAX_DEPTH: Final = 3
"""Maximum depth of indexes in indexes."""

OpenRanges = Callable[[Descriptor], BlobRanges]


class ConsumerOptions(msgspec.Struct, frozen=True):
    """``partial`` off: layers are downloaded whole, and a sentinel image cannot be pulled."""

    platform: Platform
    prefer_gzip: bool = False
    partial: bool = True


class PulledLayer(msgspec.Struct, frozen=True):
    """A data layer: its entries, and the digest that identifies it (``toc`` when it is not verified by DiffID)."""

    items: tuple[Item, ...]
    diff_id: Digest
    toc: Digest | None = None


class Pulled(msgspec.Struct, frozen=True):
    """The result of a pull: the manifest, local ids by docs/format.md section 18, and the parts that were skipped."""

    manifest: str
    sentinel: bool
    image_id: str
    layer_ids: tuple[str, ...]
    skipped: tuple[Skipped, ...]


class Consumer:
    """Unpacks one image. ``open_ranges`` is None for a source with whole blobs only (a layout)."""

    toc_loader: type[TocLoader] = TocLoader
    planner: type[Planner] = Planner
    contents: type[ContentFetcher] = ContentFetcher
    whole_layers: type[WholeLayers] = WholeLayers
    tree: type[TreeBuilder] = TreeBuilder

    def __init__(
        self, source: ImageSource, store: ContentStore, options: ConsumerOptions, open_ranges: OpenRanges | None
    ) -> None:
        self._source, self._store, self._options = source, store, options
        self._open_ranges = open_ranges if options.partial else None
        self._whole = self.whole_layers(source, store)

    def unpack(self, output: Path) -> Pulled:
        """Unpack into ``output``, an empty directory; after a refusal it is empty again."""
        if not output.is_dir() or any(output.iterdir()):
            raise RefusalError(f"{output.name}: the output must be an empty directory")
        try:
            return self._pull(output)
        except NoRangesError:
            # Only the pull shows that no TOC pull is possible here, so the selection is repeated (SENT-SELECT-008).
            self._open_ranges = None
            return self._pull(output)

    def _pull(self, output: Path) -> Pulled:
        raw = self.choose(content_of(self._source.root(), self._source.reference))
        manifest = read_manifest(raw).view
        config_raw = content_of(self._source.blob(manifest.config, MAX_DOCUMENT), "the config")
        config = read_config(config_raw).view
        sentinel = self.has_sentinel(manifest)
        self.check(manifest, config, sentinel)
        layers = [
            self.layer(layer, self.diff_id(config, position), sentinel)
            for position, layer in enumerate(manifest.layers)
            if not (sentinel and position == 0)
        ]
        return self._build(output, raw, manifest, sentinel, layers)

    def choose(self, raw: bytes) -> bytes:
        """The manifest to pull: the root itself, or the entry of an index for the platform."""
        for _ in range(MAX_DEPTH):
            if not is_index(decode_object(raw, what="the root document")):
                return raw
            entry = self.select(read_index(raw).view)
            raw = content_of(self._source.manifest(entry, MAX_DOCUMENT), f"manifest {entry.digest}")
        raise RefusalError(f"indexes in indexes, more than {MAX_DEPTH} deep")

    def select(self, index: Index) -> Descriptor:
        """The best entry; without TOC pulls only among those that are not sentinels (SENT-SELECT-008)."""
        candidates = index.manifests
        if self._open_ranges is None:
            candidates = tuple(entry for entry in candidates if not is_annotated_sentinel(entry))
        usable = msgspec.structs.replace(index, manifests=candidates)
        position = select(usable, Policy.AWARE, self._options.platform, prefer_gzip=self._options.prefer_gzip)
        if position is None:
            lost = len(index.manifests) - len(candidates)
            hint = f"; {lost} sentinel variants cannot be read here: no TOC pull is possible" if lost else ""
            raise RefusalError(f"the index has no image for {self._options.platform}{hint}")
        return candidates[position]

    def has_sentinel(self, manifest: Manifest) -> bool:
        """By the media type of layer 0, whatever its annotation, content or digest (SENT-PULL-001, SENT-SELECT-006)."""
        return begins_with_sentinel(manifest)

    def check(self, manifest: Manifest, config: Config, sentinel: bool) -> None:
        """Require a DiffID for every layer, including the sentinel (SENT-PULL-020)."""
        if len(config.rootfs.diff_ids) != len(manifest.layers):
            raise RefusalError(f"{len(config.rootfs.diff_ids)} DiffIDs for {len(manifest.layers)} layers")
        if sentinel and self._open_ranges is None:
            raise RefusalError("this is a sentinel image, which is read by TOC only, and no TOC pull is possible here")

    def diff_id(self, config: Config, position: int) -> Digest:
        """The DiffID of the layer at this position, counted with the sentinel (SENT-PULL-019)."""
        return Digest.parse(config.rootfs.diff_ids[position])

    def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
        """One data layer, by TOC where possible."""
        if self.can_pull_by_toc(layer):
            pulled = self.by_toc(layer, diff_id, sentinel)
            if pulled is not None:
                return pulled
        if not self.may_fall_back(sentinel):
            raise RefusalError(f"layer {layer.digest} of a sentinel image cannot be read by TOC; it is not read as tar")
        return PulledLayer(self._whole.items(layer, diff_id), diff_id)

    def can_pull_by_toc(self, layer: Descriptor) -> bool:
        """Whether the annotations name a TOC and a tar-split, and the source has byte ranges."""
        annotations = ChunkedAnnotations.of(layer.annotations)
        return self._open_ranges is not None and annotations.is_chunked and annotations.tar_split_position is not None

    def may_fall_back(self, sentinel: bool) -> bool:
        """Whether a full download is permitted: never for a sentinel image (SENT-PULL-005)."""
        return not sentinel

    def by_toc(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer | None:
        """Read a layer by its TOC. None: the source has no byte ranges, and a plain image is downloaded whole."""
        if self._open_ranges is None:
            return None
        ranges = self._open_ranges(layer)
        try:
            loaded = self.toc_loader().load(layer, ranges)
            items = self.planner().items(loaded.toc.entries, loaded.data_end)
            self.contents(self._store).fetch(items, ranges)
        except NoRangesError:
            if sentinel:
                raise
            return None
        if self.trusts_toc(sentinel):
            return PulledLayer(items, diff_id, loaded.digest)
        self.verify_full_digest(loaded, items, diff_id)
        return PulledLayer(items, diff_id)

    def trusts_toc(self, sentinel: bool) -> bool:
        """Whether the full digest is not computed: only where no second reading exists (SENT-PULL-013)."""
        return sentinel

    def verify_full_digest(self, loaded: LoadedToc, items: tuple[Item, ...], diff_id: Digest) -> None:
        """Rebuild the tar from tar-split and contents, and compare its digest with the DiffID."""
        digests = {clean_name(item.entry.name.encode()): item.digest for item in items}

        def content(record: FileRecord) -> Iterable[bytes]:
            digest = digests.get(clean_name(record.name))
            return self._store.pieces(digest) if digest else ()

        hasher = hashlib.new(diff_id.algorithm)
        for piece in rebuild(loaded.records(), content):
            hasher.update(piece)
        if hasher.hexdigest() != diff_id.hex:
            found = f"{diff_id.algorithm}:{hasher.hexdigest()}"
            raise RefusalError(f"the layer read by its TOC has the DiffID {found}; the config states {diff_id}")

    def _build(self, output: Path, raw: bytes, manifest: Manifest, sentinel: bool, layers: list[PulledLayer]) -> Pulled:
        tree = self.tree(output, self._store)
        identities: list[str] = []
        try:
            for layer in layers:
                tree.apply(layer.items)
                identities.append(layer_id(identities[-1] if identities else "", layer.diff_id, layer.toc))
            tree.finish()
        except BaseException:
            _empty(output)
            raise
        image = image_id(Digest.parse(manifest.config.digest), [layer.toc for layer in layers])
        return Pulled(str(Digest.of(raw)), sentinel, image, tuple(identities), tuple(tree.skipped))


def _empty(directory: Path) -> None:
    for child in directory.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child)
        else:
            child.unlink()

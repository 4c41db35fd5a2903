"""Aware consumers with one defect each, in pulling: the reference with one step replaced.

A mutant is a ``Toolkit``; ``run_client`` runs it as a command, so that the suite drives it like any tool.
"""

# ruff: noqa: ARG002 - a defect inspects less than the step it replaces

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from conformance.cases.mutants.client_parts import ByKind, SkipsDigests, consumer
from conformance.format.digest import Digest
from conformance.format.entries import clean_name
from conformance.format.names import PR681, SENTINEL_TYPE
from conformance.format.oci import Config, Descriptor, Manifest
from conformance.format.positions import ChunkedAnnotations
from conformance.format.toc import Entry
from conformance.reference.consumer import Consumer, Pulled, PulledLayer
from conformance.reference.contents import ContentFetcher
from conformance.reference.plan import Chunk, Item
from conformance.reference.toc_loader import TocLoader
from conformance.reference.toolkit import Toolkit
from conformance.requirements import mutant

_SMALL: Final = 4096
_CANONICAL: Final = PR681.sentinel_digests[0]


@mutant("SENT-PULL-001")
def detects_by_digest_only() -> Toolkit:
    class ByDigest(Consumer):
        def has_sentinel(self, manifest: Manifest) -> bool:
            return super().has_sentinel(manifest) and manifest.layers[0].digest == _CANONICAL

    return consumer(ByDigest)


@mutant("SENT-PULL-002", implies=("SENT-PULL-027",))
def unpacks_the_sentinel() -> Toolkit:
    """It does this in images of several layers only, so that no other requirement fails."""

    class Unpacks(Consumer):
        several = False

        def has_sentinel(self, manifest: Manifest) -> bool:
            found = super().has_sentinel(manifest)
            self.several = found and len(manifest.layers) > 2
            return found

        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            pulled = super().layer(layer, diff_id, sentinel)
            if not (sentinel and self.several):
                return pulled
            extra = Item(Entry(type="dir", name="sentinel", mode=0o755))
            return msgspec.structs.replace(pulled, items=(*pulled.items, extra))

    return consumer(Unpacks)


@mutant("SENT-PULL-003")
def fetches_the_sentinel() -> Toolkit:
    class Fetches(Consumer):
        def check(self, manifest: Manifest, config: Config, sentinel: bool) -> None:
            super().check(manifest, config, sentinel)
            if sentinel:
                self._source.blob(manifest.layers[0], 4096)

    return consumer(Fetches)


@mutant(
    "SENT-PULL-004",
    implies=(
        "SENT-PULL-018",
        "SENT-PULL-021",
        "TARSPLIT-008",
        "SENT-PULL-023",
        "SENT-PULL-024",
        "SENT-PULL-030",
    ),
)
def reads_small_layers_as_tar() -> Toolkit:
    """It does not read small layers by TOC; the tree shows this only where the two readings differ."""

    class Reads(Consumer):
        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            if sentinel and layer.size < _SMALL and ChunkedAnnotations.of(layer.annotations).is_chunked:
                return PulledLayer(self._whole.items(layer, diff_id), diff_id)
            return super().layer(layer, diff_id, sentinel)

    return consumer(Reads)


@mutant("SENT-PULL-005")
def falls_back_without_a_tar_split() -> Toolkit:
    class FallsBack(Consumer):
        half = False

        def can_pull_by_toc(self, layer: Descriptor) -> bool:
            annotations = ChunkedAnnotations.of(layer.annotations)
            self.half = annotations.is_chunked and annotations.tar_split_position is None
            return super().can_pull_by_toc(layer)

        def may_fall_back(self, sentinel: bool) -> bool:
            return self.half or super().may_fall_back(sentinel)

    return consumer(FallsBack)


@mutant(
    "SENT-PULL-006",
    implies=(
        "SENT-PULL-007",
        "ANNOT-009",
        "SENT-PULL-024",
    ),
)
def falls_back_without_a_toc() -> Toolkit:
    class FallsBack(ByKind):
        def may_fall_back(self, sentinel: bool) -> bool:
            chunked = self.current is not None and ChunkedAnnotations.of(self.current.annotations).is_chunked
            return not chunked or super().may_fall_back(sentinel)

    return consumer(FallsBack)


@mutant("SENT-PULL-007")
def converts_gzip_layers() -> Toolkit:
    class Converts(ByKind):
        def may_fall_back(self, sentinel: bool) -> bool:
            gzip = self.current is not None and "gzip" in self.current.media_type
            return gzip or super().may_fall_back(sentinel)

    return consumer(Converts)


@mutant(
    "SENT-PULL-008",
    implies=(
        "SENT-PULL-005",
        "SENT-PULL-024",
    ),
)
def skips_the_toc_digest() -> Toolkit:
    class Skips(TocLoader):
        def check_toc_digest(self, payload: bytes, digest: Digest) -> None:
            pass

    return consumer(toc_loader=Skips)


@mutant(
    "SENT-PULL-009",
    implies=(
        "CHUNK-006",
        "SEC-005",
        "SENT-PULL-024",
    ),
)
def skips_content_digests() -> Toolkit:
    return consumer(contents=SkipsDigests)


@mutant(
    "SENT-PULL-023",
    implies=(
        "SENT-PULL-018",
        "ANNOT-009",
        "SENT-PULL-006",
        "SENT-PULL-007",
        "SENT-PULL-024",
    ),
)
def keeps_tars_of_pulls_that_fail() -> Toolkit:
    """It unpacks received layers while it waits for others, and reuses them in the next pull."""

    class Keeps(Consumer):
        def check(self, manifest: Manifest, config: Config, sentinel: bool) -> None:
            super().check(manifest, config, sentinel)
            chunked = [ChunkedAnnotations.of(layer.annotations).is_chunked for layer in manifest.layers[1:]]
            if sentinel and not all(chunked):
                for layer, diff_id in zip(manifest.layers[1:], config.rootfs.diff_ids[1:], strict=True):
                    self._whole.tar(layer, Digest.parse(diff_id))

        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            if sentinel and self._store.has(diff_id):
                return PulledLayer(self._whole.items(layer, diff_id), diff_id)
            return super().layer(layer, diff_id, sentinel)

    return consumer(Keeps)


def _is_told_to_trust() -> bool:
    settings = Path(os.environ.get("CONTAINERS_STORAGE_CONF", os.devnull))
    return "insecure_allow_unpredictable" in settings.read_text("utf-8")


@mutant("SENT-PULL-024")
def trusts_everything_when_told_so() -> Toolkit:
    class Trusts(TocLoader):
        def check_toc_digest(self, payload: bytes, digest: Digest) -> None:
            if not _is_told_to_trust():
                super().check_toc_digest(payload, digest)

    return consumer(toc_loader=Trusts)


@mutant("SENT-SELECT-011")
def reads_sentinel_images_whole_when_toc_pulls_are_off() -> Toolkit:
    class Reads(Consumer):
        def check(self, manifest: Manifest, config: Config, sentinel: bool) -> None:
            super().check(manifest, config, sentinel and self._options.partial)

        def may_fall_back(self, sentinel: bool) -> bool:
            return not self._options.partial or super().may_fall_back(sentinel)

    return consumer(Reads)


@mutant("SENT-PULL-027", implies=("SENT-PULL-029",))
def loses_modes_of_toc_entries() -> Toolkit:
    return _loses(lambda entry: msgspec.structs.replace(entry, mode=entry.mode & 0o700))


@mutant("SENT-PULL-029")
def closes_implied_directories() -> Toolkit:
    """It creates them with another mode when it reads a TOC, as the pull request's client does."""

    class Closes(Consumer):
        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            pulled = super().layer(layer, diff_id, sentinel)
            listed = {clean_name(item.entry.name.encode()) for item in pulled.items}
            implied = dict.fromkeys(
                above
                for item in pulled.items
                for above in _above(clean_name(item.entry.name.encode()))
                if above not in listed
            )
            made = tuple(Item(Entry(type="dir", name=name.decode(), mode=0o700)) for name in implied)
            return msgspec.structs.replace(pulled, items=(*made, *pulled.items)) if sentinel else pulled

    return consumer(Closes)


@mutant("SENT-PULL-028")
def loses_times_of_toc_entries() -> Toolkit:
    return _loses(lambda entry: msgspec.structs.replace(entry, modtime=""))


def _loses(change: Callable[[Entry], Entry]) -> Toolkit:
    """Changes every entry of layers that were read by TOC only."""

    class Loses(Consumer):
        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            pulled = super().layer(layer, diff_id, sentinel)
            if not sentinel:
                return pulled
            items = tuple(msgspec.structs.replace(item, entry=change(item.entry)) for item in pulled.items)
            return msgspec.structs.replace(pulled, items=items)

    return consumer(Loses)


def _above(name: bytes) -> list[bytes]:
    parts = name.split(b"/")
    return [b"/".join(parts[:count]) for count in range(1, len(parts))]


@mutant("SENT-PULL-012")
def takes_sentinels_anywhere() -> Toolkit:
    class Anywhere(Consumer):
        def has_sentinel(self, manifest: Manifest) -> bool:
            return any(layer.media_type == SENTINEL_TYPE for layer in manifest.layers)

        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            if layer.media_type == SENTINEL_TYPE:
                return PulledLayer((), diff_id)
            return super().layer(layer, diff_id, sentinel)

    return consumer(Anywhere)


@mutant("SENT-PULL-013", implies=("SENT-SELECT-006",))
def never_verifies_the_full_digest() -> Toolkit:
    class Trusts(Consumer):
        def trusts_toc(self, sentinel: bool) -> bool:
            return True

    return consumer(Trusts)


@mutant("SENT-PULL-014")
def keeps_nothing() -> Toolkit:
    class Forgets(ContentFetcher):
        def has(self, item: Item) -> bool:
            return False

        def must_fetch(self, chunk: Chunk) -> bool:
            return not chunk.zeros

    return consumer(contents=Forgets)


@mutant("SENT-PULL-016")
def takes_one_of_two_tocs() -> Toolkit:
    class Takes(TocLoader):
        def toc_digest(self, annotations: ChunkedAnnotations) -> Digest:
            return super().toc_digest(msgspec.structs.replace(annotations, estargz_digest=None))

    return consumer(toc_loader=Takes)


@mutant("SENT-PULL-017")
def identity_depends_on_the_store() -> Toolkit:
    class Depends(Consumer):
        def unpack(self, output: Path) -> Pulled:
            contents = self._store.path(Digest.of(b"")).parent
            warm = contents.is_dir() and any(contents.iterdir())
            pulled = super().unpack(output)
            return msgspec.structs.replace(pulled, image_id=f"warm-{pulled.image_id}") if warm else pulled

    return consumer(Depends)


@mutant("SENT-PULL-018")
def reuses_tar_readings() -> Toolkit:
    class Reuses(Consumer):
        def layer(self, layer: Descriptor, diff_id: Digest, sentinel: bool) -> PulledLayer:
            if sentinel and self._store.has(diff_id):  # the tar, retained by its DiffID
                return PulledLayer(self._whole.items(layer, diff_id), diff_id)
            return super().layer(layer, diff_id, sentinel)

    return consumer(Reuses)


@mutant("SENT-PULL-019")
def diff_ids_are_off_by_one() -> Toolkit:
    """In sentinel images of three or more data layers, it compares a DiffID with that of the previous layer."""

    class OffByOne(Consumer):
        def diff_id(self, config: Config, position: int) -> Digest:
            self.compares = len(config.rootfs.diff_ids) > 3
            return super().diff_id(config, position - 1 if self.compares and position else position)

        def trusts_toc(self, sentinel: bool) -> bool:
            return sentinel and not self.compares

    return consumer(OffByOne)


@mutant("SENT-PULL-020")
def does_not_count_diff_ids() -> Toolkit:
    class DoesNotCount(Consumer):
        def check(self, manifest: Manifest, config: Config, sentinel: bool) -> None:
            if not sentinel or self._open_ranges is None:
                super().check(manifest, config, sentinel)

        def diff_id(self, config: Config, position: int) -> Digest:
            known = config.rootfs.diff_ids
            return super().diff_id(config, position) if position < len(known) else Digest.of(b"no DiffID")

    return consumer(DoesNotCount)


@mutant("SENT-PULL-021")
def identity_from_the_config_alone() -> Toolkit:
    class ConfigAlone(Consumer):
        def _build(
            self, output: Path, raw: bytes, manifest: Manifest, sentinel: bool, layers: list[PulledLayer]
        ) -> Pulled:
            pulled = super()._build(output, raw, manifest, sentinel, layers)
            return msgspec.structs.replace(pulled, image_id=Digest.parse(manifest.config.digest).hex)

    return consumer(ConfigAlone)


@mutant("SENT-PULL-030", implies=("SENT-SELECT-011",))
def falls_back_without_ranges() -> Toolkit:
    class FallsBack(Consumer):
        def check(self, manifest: Manifest, config: Config, sentinel: bool) -> None:
            super().check(manifest, config, sentinel and self._open_ranges is not None)

        def may_fall_back(self, sentinel: bool) -> bool:
            return self._open_ranges is None or super().may_fall_back(sentinel)

    return consumer(FallsBack)

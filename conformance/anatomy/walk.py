"""Creates the view of an image from an image source: the only part of this package that does I/O."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from conformance.anatomy.layer import MAX_SHOWN_FRAMES, LayerReader, kind_of
from conformance.anatomy.model import (
    ChoiceView,
    ConfigView,
    ImageView,
    IndexView,
    LayerView,
    ManifestView,
)
from conformance.anatomy.sentinel import view_sentinel
from conformance.format.frames import FrameMap, map_frames
from conformance.format.oci import Descriptor, Index, Platform
from conformance.format.selection import (
    Policy,
    is_annotated_sentinel,
    is_zstd,
    platform_rank,
    select,
    wanted_platforms,
)
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.source import ImageSource, blob_pieces
from conformance.sources.table_budget import TableBudget

MAX_LISTED_IN_ALL: Final = 2**16
"""Maximum number of listed frames and entries of one image: each takes some hundred bytes."""
_SENTINEL, _ZSTD = "sentinel", "zstd"
_READ_BY_PARTS: Final = ("zstd:chunked", "zstd:chunked (legacy keys)", "zstd")


class ViewOptions(msgspec.Struct, frozen=True):
    """``frames``: read the blobs whole. ``limit``: the number of frames and entries to list, None for all.

    ``layer``: only this position. ``expect`` is called with the number of bytes of whole blobs, ``on_bytes`` with the
    progress.
    """

    frames: bool = False
    limit: int | None = 0
    platform: Platform | None = None
    layer: int | None = None
    on_bytes: Callable[[int], None] = lambda _: None
    expect: Callable[[int], None] = lambda _: None


def view_image(source: ImageSource, options: ViewOptions) -> ImageView:
    """Inspect an image. Raises SourceError when it does not exist, or no part of it is selected."""
    seen = observe_image(source, reading=None)
    chosen = [manifest for manifest in seen.manifests if _is_wanted(manifest, options.platform)]
    if seen.manifests and not chosen:
        raise SourceError(f"{seen.reference}: no manifest for {options.platform}")
    walk = _Walk(source, options)
    options.expect(walk.bytes_of(chosen))
    manifests = tuple(walk.manifest(manifest) for manifest in chosen)
    if options.layer is not None and not any(manifest.layers for manifest in manifests):
        raise SourceError(f"{seen.reference}: no manifest has a layer {options.layer}")
    return ImageView(seen.reference, _index(seen, options.platform), manifests, len(seen.manifests) - len(chosen))


class _Walk:
    """One pass over an image; a layer that several manifests share is inspected once."""

    def __init__(self, source: ImageSource, options: ViewOptions) -> None:
        self._source, self._options = source, options
        self._seen: dict[Any, str] = {}
        self._budget, self._left = TableBudget(), MAX_LISTED_IN_ALL

    def bytes_of(self, manifests: Iterable[ManifestSeen]) -> int:
        """Bytes of all blobs that will be read whole, each once."""
        if not self._options.frames:
            return 0
        layers = {
            layer.digest: layer.size
            for manifest in manifests
            if manifest.document is not None
            for position, layer in enumerate(manifest.document.view.layers)
            if self._options.layer in (None, position) and kind_of(layer) in _READ_BY_PARTS
        }
        return sum(max(size, 0) for size in layers.values())

    def manifest(self, seen: ManifestSeen) -> ManifestView:
        entry, document = seen.entry, seen.document
        base = ManifestView(
            seen.name,
            (entry.media_type if entry else "") or seen.stored.media_type,
            entry.digest if entry else str(seen.stored.actual_digest or ""),
            entry.size if entry else seen.stored.actual_size or 0,
            str(seen.platform) if seen.platform else "",
            _said(entry),
            dict(entry.annotations or {}) if entry else {},
            problem=seen.problem or ("an index inside the index" if seen.inner is not None else ""),
        )
        if document is None:
            return base
        diff_ids = seen.config.view.rootfs.diff_ids if seen.config else ()
        wanted = self._options.layer
        layers = [
            self._layer(seen, position, layer, diff_ids[position] if position < len(diff_ids) else "")
            for position, layer in enumerate(document.view.layers)
            if wanted in (None, position)
        ]
        return msgspec.structs.replace(
            base,
            media_type=base.media_type or document.view.media_type,
            annotations=document.view.annotations or {},
            config=_config(seen),
            layers=tuple(layers),
        )

    def _layer(self, seen: ManifestSeen, position: int, layer: Descriptor, diff_id: str) -> LayerView:
        annotations = dict(layer.annotations or {})
        base = LayerView(
            position, kind_of(layer), layer.media_type, layer.digest, layer.size, diff_id, annotations=annotations
        )
        key = (layer.media_type, layer.digest, layer.size, tuple(sorted(annotations.items())))
        if key in self._seen:
            return msgspec.structs.replace(base, same_as=self._seen[key])
        self._seen[key] = f"{seen.name} layer {position}"
        if base.kind == _SENTINEL:
            stored = dict(seen.sentinels)[position]
            if stored.content is None:
                return msgspec.structs.replace(base, remarks=(stored.detail,))
            return msgspec.structs.replace(base, sentinel=view_sentinel(stored.content))
        if base.kind not in _READ_BY_PARTS:
            return base
        return self._read(base, layer)

    def _read(self, base: LayerView, layer: Descriptor) -> LayerView:
        def frames() -> FrameMap:
            return map_frames(self._pieces(layer), max_frames=MAX_SHOWN_FRAMES)

        limit = self._left if self._options.limit is None else min(self._options.limit, self._left)
        view = LayerReader(self._source, layer, limit, self._budget).view(
            base, frames if self._options.frames else None
        )
        self._left -= sum(len(part.listed.first) for part in (view.toc, view.frames) if part is not None)
        return view

    def _pieces(self, layer: Descriptor) -> Iterator[bytes]:
        for piece in blob_pieces(self._source, layer):
            self._options.on_bytes(len(piece))
            yield piece


def _is_wanted(manifest: ManifestSeen, wanted: Platform | None) -> bool:
    if wanted is None:
        return True
    platform = manifest.platform or (manifest.config.view.platform if manifest.config else None)
    if platform is None:
        return manifest.entry is not None and manifest.entry.platform is None
    entry = Descriptor("", "", 0, platform=platform)
    return platform_rank(entry, wanted_platforms(wanted.os, wanted.architecture, wanted.variant)) is not None


def _said(entry: Descriptor | None) -> Any:
    if entry is None:
        return ""
    return _SENTINEL if is_annotated_sentinel(entry) else _ZSTD if is_zstd(entry) else ""


def _index(seen: ImageSeen, wanted: Platform | None) -> IndexView | None:
    stored = seen.index_stored
    if stored is None:
        return None
    digest, size = str(stored.actual_digest or ""), stored.actual_size or 0
    if seen.index is None:
        return IndexView(stored.media_type, digest, size, problem=seen.index_problem)
    view = seen.index.view
    return IndexView(
        view.media_type or stored.media_type,
        digest,
        size,
        dict(view.annotations or {}),
        tuple(_choices(view, wanted)),
        seen.index_problem,
    )


def _choices(index: Index, wanted: Platform | None) -> Iterator[ChoiceView]:
    """The entry that each kind of client pulls, for every platform with several entries."""
    platforms = [entry.platform for entry in index.manifests if entry.platform and entry.platform.os]
    for platform in [wanted] if wanted else list(dict.fromkeys(platforms)):
        if not wanted and platforms.count(platform) < 2:
            continue
        aware, zstd, first = (select(index, policy, platform) for policy in (Policy.AWARE, Policy.ZSTD, Policy.FIRST))
        if aware is not None and zstd is not None and first is not None:
            yield ChoiceView(str(platform), aware, zstd, first)


def _config(seen: ManifestSeen) -> ConfigView | None:
    if seen.document is None:
        return None
    descriptor = seen.document.view.config
    if seen.config is None:
        return ConfigView(descriptor.digest, descriptor.size, problem=seen.config_problem)
    view, fields = seen.config.view, seen.config.fields
    inner = view.config or {}
    command = [*_texts(inner.get("Entrypoint")), *_texts(inner.get("Cmd"))]
    labels = inner.get("Labels")
    return ConfigView(
        descriptor.digest,
        descriptor.size,
        str(view.platform),
        str(fields.get("created") or ""),
        str(fields.get("author") or ""),
        tuple(command),
        len(_texts(inner.get("Env"))),
        len(labels) if isinstance(labels, dict) else 0,
        len(view.history),
        len(view.rootfs.diff_ids),
        seen.config_problem,
    )


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []

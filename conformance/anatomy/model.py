"""The parts of an image as ``zcc inspect`` shows them: values that tree, picture and JSON share.

Text is as in the image: the code that shows it escapes it. Offsets are absolute in the blob, sizes in bytes.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Generic, Literal, TypeVar

import msgspec

from conformance.format.footer import FooterForm
from conformance.format.positions import Position, TocPosition

Holds = Literal["headers", "content", "zeros", "data", "empty", "toc", "tar-split", "footer", "other"]
"""The content of a frame. ``headers`` includes padding and the end of the archive; ``data``: unknown without a TOC;
``empty``: a data frame without content; ``other``: a skippable frame that nothing names."""

LayerKind = Literal["sentinel", "zstd:chunked", "zstd:chunked (legacy keys)", "zstd", "gzip", "tar", "other"]

T = TypeVar("T")


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """The first items of a list, and the number of further ones."""

    first: tuple[T, ...] = ()
    more: int = 0

    @classmethod
    def of(cls, items: Iterable[T], count: int, limit: int | None) -> "Listed[T]":
        """Keep ``limit`` of ``count`` items (None: all)."""
        kept = tuple(islice(items, limit))
        return cls(kept, count - len(kept))


class FrameView(msgspec.Struct, frozen=True, gc=False):
    """One frame: bytes ``offset`` to ``end``. ``name`` is the file it belongs to.

    ``content_size`` is set where the header or plain blocks state it.
    """

    holds: Holds
    offset: int
    end: int
    window: int = 0
    content_size: int | None = None
    name: str = ""

    @property
    def size(self) -> int:
        return self.end - self.offset


class FrameCount(msgspec.Struct, frozen=True):
    """The number of frames with one kind of content, and their bytes in the blob."""

    holds: Holds
    count: int
    size: int


class FramesView(msgspec.Struct, frozen=True):
    """All frames of a blob; ``windows`` are the smallest and the largest window of the data frames.

    ``read`` is false when the blob was not read: then these are the spans that the TOC names, and the bytes between.
    """

    read: bool
    counts: tuple[FrameCount, ...]
    windows: tuple[int, int] = (0, 0)
    with_checksum: int = 0
    listed: Listed[FrameView] = Listed()


class EntryView(msgspec.Struct, frozen=True):
    """One entry of a TOC without its chunks' details; times are left out."""

    type: str
    name: str
    link_name: str
    mode: int
    uid: int
    gid: int
    size: int
    offset: int
    chunks: int


class TocView(msgspec.Struct, frozen=True):
    """The TOC: ``digest`` is that of the bytes found, ``expected`` the one in the manifest ("" for none)."""

    position: TocPosition
    digest: str
    expected: str
    version: int = 0
    types: dict[str, int] = {}
    whiteouts: int = 0
    with_xattrs: int = 0
    split_files: int = 0
    chunks: int = 0
    zeros_chunks: int = 0
    zeros_size: int = 0
    content_size: int = 0
    tar_split_digest: str = ""
    listed: Listed[EntryView] = Listed()


class TarSplitView(msgspec.Struct, frozen=True):
    """The tar-split: its records, and the raw tar bytes in its segments. ``expected``: the digest in the TOC."""

    position: Position
    digest: str
    expected: str
    segments: int = 0
    files: int = 0
    raw_size: int = 0


class FooterView(msgspec.Struct, frozen=True):
    """The footer: ``offset`` is that of its frame."""

    form: FooterForm
    offset: int
    toc: TocPosition
    tar_split: Position | None


class FieldView(msgspec.Struct, frozen=True):
    """Some bytes of a sentinel: ``start`` up to ``end``."""

    name: str
    start: int
    end: int
    hex: str
    text: str


class SentinelView(msgspec.Struct, frozen=True):
    """A sentinel blob; ``revision`` is that of its content, "" if none is known."""

    size: int
    revision: str
    fields: tuple[FieldView, ...]
    content: bytes


class LayerView(msgspec.Struct, frozen=True):
    """One layer of a manifest. ``same_as`` names an earlier layer with the same descriptor, which has all other fields.

    ``agreement``: a sentence on footer and annotations. ``remarks``: unreadable or irregular parts.
    """

    position: int
    kind: LayerKind
    media_type: str
    digest: str
    size: int
    diff_id: str = ""
    annotations: dict[str, str] = {}
    same_as: str = ""
    sentinel: SentinelView | None = None
    footer: FooterView | None = None
    toc: TocView | None = None
    tar_split: TarSplitView | None = None
    agreement: str = ""
    frames: FramesView | None = None
    remarks: tuple[str, ...] = ()


class ConfigView(msgspec.Struct, frozen=True):
    """The parts of a config that distinguish images."""

    digest: str
    size: int
    platform: str = ""
    created: str = ""
    author: str = ""
    command: tuple[str, ...] = ()
    environment: int = 0
    labels: int = 0
    history: int = 0
    diff_ids: int = 0
    problem: str = ""


class ManifestView(msgspec.Struct, frozen=True):
    """One manifest; ``kind`` follows from the annotations of its index entry: sentinel, zstd or ""."""

    name: str
    media_type: str
    digest: str
    size: int
    platform: str = ""
    kind: Literal["", "zstd", "sentinel"] = ""
    entry_annotations: dict[str, str] = {}
    annotations: dict[str, str] = {}
    config: ConfigView | None = None
    layers: tuple[LayerView, ...] = ()
    problem: str = ""


class ChoiceView(msgspec.Struct, frozen=True):
    """Which entry of the index each kind of client pulls on one platform (positions)."""

    platform: str
    aware: int
    prefers_zstd: int
    takes_first: int


class IndexView(msgspec.Struct, frozen=True):
    """The index itself."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] = {}
    choices: tuple[ChoiceView, ...] = ()
    problem: str = ""


class ImageView(msgspec.Struct, frozen=True):
    """A whole image; ``index`` is None when the reference leads to a manifest. ``hidden``: entries not shown."""

    reference: str
    index: IndexView | None
    manifests: tuple[ManifestView, ...]
    hidden: int = 0

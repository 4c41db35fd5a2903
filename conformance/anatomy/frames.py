"""The content of each frame of a layer, according to the TOC. Pure."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from conformance.anatomy.model import FrameCount, FramesView, FrameView, Holds, Listed
from conformance.format.frames import SKIPPABLE_HEADER, Frame, FrameMap
from conformance.format.toc import CHUNK_ZEROS, Toc


class Span(msgspec.Struct, frozen=True, order=True, gc=False):
    """Bytes of the blob with the content of a file, or one chunk of it."""

    start: int
    end: int
    zeros: bool
    name: str


class Places(msgspec.Struct, frozen=True):
    """The offsets of the payloads of the skippable frames; None for one that the layer does not have."""

    toc: int | None = None
    tar_split: int | None = None
    footer: int | None = None

    def holds(self, frame: Frame) -> Holds:
        """The kind of this skippable frame."""
        named: tuple[tuple[int | None, Holds], ...] = (
            (self.toc, "toc"),
            (self.tar_split, "tar-split"),
            (self.footer, "footer"),
        )
        return next((what for offset, what in named if offset == frame.payload_offset), "other")


def content_spans(toc: Toc) -> tuple[Span, ...]:
    """The spans of all files and chunks in the order of the blob, without spans of negative length."""
    return tuple(sorted(span for span in _spans(toc) if span.start < span.end))


def _spans(toc: Toc) -> Iterator[Span]:
    starts: list[tuple[int, bool]] = []
    name, end = "", 0
    for entry in toc.entries:
        if entry.is_chunk:
            if starts:
                starts.append((entry.offset, entry.chunk_type == CHUNK_ZEROS))
            continue
        yield from _file(starts, end, name)
        starts, name, end = [], entry.name, entry.end_offset
        if entry.type == "reg" and entry.digest and entry.end_offset:
            starts.append((entry.offset, entry.chunk_type == CHUNK_ZEROS))
    yield from _file(starts, end, name)


def _file(starts: Sequence[tuple[int, bool]], end: int, name: str) -> Iterator[Span]:
    ends = [start for start, _ in starts[1:]] + [end]
    for (start, zeros), stop in zip(starts, ends, strict=bool(starts)):
        yield Span(start, stop, zeros, name)


def label(frames: Sequence[Frame], toc: Toc | None, places: Places) -> Iterator[FrameView]:
    """Every frame with its kind of content."""
    spans = content_spans(toc) if toc is not None else ()
    starts = [span.start for span in spans]
    for frame in frames:
        name = ""
        if frame.is_skippable:
            holds = places.holds(frame)
        elif (frame.known_size if frame.content_size is None else frame.content_size) == 0:
            holds = "empty"
        elif toc is None:
            holds = "data"
        else:
            index = bisect_right(starts, frame.offset) - 1
            span = spans[index] if index >= 0 and frame.offset < spans[index].end else None
            holds = "headers" if span is None else "zeros" if span.zeros else "content"
            name = "" if span is None else span.name
        size = frame.known_size if frame.content_size is None else frame.content_size
        yield FrameView(holds, frame.offset, frame.end, frame.window, None if frame.is_skippable else size, name)


def view_frames(found: FrameMap, toc: Toc | None, places: Places, limit: int | None) -> FramesView:
    """The counts, and the first ``limit`` frames."""
    labelled = tuple(label(found.frames, toc, places))
    windows = [frame.window for frame in found.data]
    return FramesView(
        True,
        _count(labelled),
        (min(windows, default=0), max(windows, default=0)),
        sum(frame.checksum is not None for frame in found.data),
        Listed.of(labelled, len(labelled), limit),
    )


def expected_frames(toc: Toc, tail: Sequence[FrameView], limit: int | None) -> FramesView:
    """The frames that the TOC implies for a blob that was not read; ``tail``: the known skippable frames."""
    expected = _expected(toc, tail)
    return FramesView(False, _count(expected), listed=Listed.of(expected, len(expected), limit))


def _count(frames: Sequence[FrameView]) -> tuple[FrameCount, ...]:
    counts: Counter[Holds] = Counter()
    sizes: Counter[Holds] = Counter()
    for frame in frames:
        counts[frame.holds] += 1
        sizes[frame.holds] += frame.size
    return tuple(FrameCount(holds, counts[holds], sizes[holds]) for holds in counts)


def _expected(toc: Toc, tail: Sequence[FrameView]) -> tuple[FrameView, ...]:
    views: list[FrameView] = []
    position = 0
    data_end = min((frame.offset for frame in tail), default=0)
    for span in content_spans(toc):
        if span.start < position or span.end > data_end:
            continue  # spans that overlap, or are outside of the blob, are left out
        if span.start > position:
            views.append(FrameView("headers", position, span.start))
        views.append(FrameView("zeros" if span.zeros else "content", span.start, span.end, name=span.name))
        position = span.end
    if position < data_end:
        views.append(FrameView("headers", position, data_end))
    views.extend(sorted(tail, key=lambda frame: frame.offset))
    return tuple(views)


def around(holds: Holds, payload_offset: int, payload_size: int) -> FrameView:
    """The skippable frame around a payload."""
    return FrameView(holds, payload_offset - SKIPPABLE_HEADER, payload_offset + payload_size)

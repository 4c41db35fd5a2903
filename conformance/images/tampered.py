"""Layers one edit away from a conforming one; name and docstring of each state the edit.

Unless stated otherwise TOC, tar-split and annotations are updated, so that only the edit itself is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec
import zstandard

from conformance.format import names
from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.footer import Footer, FooterForm
from conformance.format.frames import SKIPPABLE_HEADER, map_frames, skippable
from conformance.format.positions import Position, TocPosition
from conformance.format.seal import CompressedTarSplit, seal
from conformance.format.tarheader import BLOCK
from conformance.format.tarsplit import FileRecord, Record, Segment, build, parse
from conformance.format.toc import MAX_TOC, Entry, Toc, encode_toc
from conformance.format.writer import WriterOptions, WrittenLayer
from conformance.images import raw_tar
from conformance.images.bombs import BOMB, raw_frame, zeros_frame
from conformance.images.composed import SINGLE, Layer, layer_of, written
from conformance.images.trees import Node, Tree, noise, tar_of

OTHER: Final = str(Digest.of(b"another"))
FILE: Final = "dir/file"
LONG: Final = "dir/long"
NO_CHECKSUMS: Final = WriterOptions(checksums=False)


@cache
def single() -> tuple[bytes, WrittenLayer]:
    """The conforming layer that most cases edit."""
    return written(SINGLE)


def untampered(tree: Tree = SINGLE) -> Layer:
    """The unedited layer; with the tree CONTROL it is the positive control of most cases."""
    blob, made = single() if tree is SINGLE else written(tree)
    return Layer(blob, str(made.diff_id), made.annotations)


def resealed(
    blob: bytes, made: WrittenLayer, toc: Toc | bytes, split: CompressedTarSplit | None = None, *, footer: bool = True
) -> Layer:
    """The layer with another TOC, and optionally another tar-split, over the same data frames."""
    tail = seal(made.data_size, toc, split or made.tar_split, footer=footer)
    return Layer(blob[: made.data_size] + tail.content, str(made.diff_id), tail.annotations)


def with_annotations(**changes: str | None) -> Layer:
    """The conforming layer with annotations changed or (None) removed; keys by the last part of their names."""
    layer = untampered()
    keys = {
        "checksum": names.MANIFEST_CHECKSUM,
        "position": names.MANIFEST_POSITION,
        "split": names.TARSPLIT_POSITION,
        "estargz": names.ESTARGZ_TOC,
    }
    merged = {**layer.annotations, **{keys[key]: value for key, value in changes.items()}}
    return msgspec.structs.replace(layer, annotations={k: v for k, v in merged.items() if v is not None})


def without_toc(layer: Layer | None = None) -> Layer:
    """The layer without annotations, so that clients see no TOC."""
    return msgspec.structs.replace(layer or untampered(), annotations={})


def legacy_only() -> Layer:
    """The layer with the keys of skopeo 1.9.3 only."""
    layer = untampered()
    old = {names.legacy_key(key): value for key, value in layer.annotations.items()}
    return msgspec.structs.replace(layer, annotations=old)


def changed(made: WrittenLayer, of: str, *, number: int = 0, **changes: Any) -> Toc:
    """The layer with one TOC entry changed: the entry of this name, or one of its chunks."""
    entries = list(made.toc.entries)
    places = [place for place, entry in enumerate(entries) if entry.name == of]
    entries[places[number]] = msgspec.structs.replace(entries[places[number]], **changes)
    return Toc(1, entries, made.toc.tar_split_digest)


def with_document(change: Callable[[bytes], bytes]) -> Layer:
    """The layer with the JSON text of its TOC changed."""
    blob, made = single()
    return resealed(blob, made, change(encode_toc(made.toc)))


def with_payload(payload: bytes, declared: int) -> Layer:
    """The layer with this compressed TOC, declared to have ``size`` bytes decompressed."""
    blob, made = single()
    assert made.tar_split is not None
    data = blob[: made.data_size]
    split = made.tar_split
    toc_at = len(data) + SKIPPABLE_HEADER
    toc = TocPosition(toc_at, len(payload), declared)
    place = Position(toc_at + len(payload) + SKIPPABLE_HEADER, len(split.payload), split.uncompressed)
    footer = Footer(FooterForm.CURRENT, toc, place).build()
    annotations = {
        names.MANIFEST_CHECKSUM: str(Digest.of(payload)),
        names.MANIFEST_POSITION: str(toc),
        names.TARSPLIT_POSITION: str(place),
    }
    content = data + skippable(payload) + skippable(split.payload) + skippable(footer)
    return Layer(content, str(made.diff_id), annotations)


def large_toc() -> Layer:
    """The layer with a TOC over the limit, as its position says; an unknown key fills it."""
    _, made = single()
    document = encode_toc(made.toc)
    filled = b'{"filler":"' + bytes(MAX_TOC).replace(b"\0", b"x") + b'",' + document[1:]
    return with_payload(zstandard.compress(filled, 1), len(filled))


def toc_bomb() -> Layer:
    """The layer with a bomb as its TOC, which is declared small."""
    _, made = single()
    return with_payload(zeros_frame(BOMB), made.positions.toc.uncompressed)


def tampered_toc() -> Layer:
    """The layer served with another TOC of the same sizes; annotations and blob digest are unchanged.

    The TOC exchanges the contents of two files.
    """
    blob, made = written(DUAL)
    document = split_document(made)
    right, wrong = (_raw_tail(blob, made, Toc(1, entries), document) for entries in (made.toc.entries, _crossed(made)))
    named = str(Digest.of(right.blob))
    assert len(right.blob) == len(wrong.blob)
    return msgspec.structs.replace(wrong, digest=named, annotations=right.annotations)


def untampered_toc(tree: Tree) -> Layer:
    """The layer of ``tampered_toc`` before the exchange; with another tree it is the positive control."""
    blob, made = written(tree)
    return _raw_tail(blob, made, made.toc, split_document(made))


def _crossed(made: WrittenLayer) -> list[Entry]:
    """The entries of a layer of two files of one size, with their contents exchanged."""
    first, second = made.toc.entries
    places = ("digest", "offset", "end_offset")
    ours, theirs = ({field: getattr(item, field) for field in places} for item in (first, second))
    return [msgspec.structs.replace(first, **theirs), msgspec.structs.replace(second, **ours)]


def _raw_tail(blob: bytes, made: WrittenLayer, toc: Toc, split: bytes) -> Layer:
    """Seal with frames of raw blocks, whose lengths do not depend on the content."""
    payload = CompressedTarSplit(raw_frame(split), len(split))
    document = encode_toc(Toc(1, toc.entries, str(payload.digest)))
    packed = raw_frame(document)
    data = blob[: made.data_size]
    toc_place = TocPosition(len(data) + SKIPPABLE_HEADER, len(packed), len(document))
    split_place = Position(toc_place.end + SKIPPABLE_HEADER, len(payload.payload), len(split))
    annotations = {
        names.MANIFEST_CHECKSUM: str(Digest.of(packed)),
        names.MANIFEST_POSITION: str(toc_place),
        names.TARSPLIT_POSITION: str(split_place),
    }
    footer = skippable(Footer(FooterForm.CURRENT, toc_place, split_place).build())
    content = data + skippable(packed) + skippable(payload.payload) + footer
    return Layer(content, str(made.diff_id), annotations)


def unchecked(tree: Tree = SINGLE) -> Layer:
    """A conforming layer without frame checksums; of the tree CONTROL the control of ``tampered_content``."""
    return layer_of(tree, NO_CHECKSUMS)


def tampered_content(name: str, *, number: int = 0, tree: Tree = SINGLE) -> Layer:
    """The layer with one byte of a content, or of one of its chunks, changed; frame and blob digest are unchanged."""
    blob, made = written(tree, NO_CHECKSUMS)
    entry = [entry for entry in made.toc.entries if entry.name == name][number]
    at = entry.offset + 40  # random bytes do not compress, so they are in a raw block
    changed_blob = blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]
    return Layer(changed_blob, str(made.diff_id), made.annotations, digest=str(Digest.of(blob)))


def frame_bomb() -> Layer:
    """The layer with a bomb as the frame of a small file; the frame header states its size."""
    return _frame_of_file(zeros_frame(BOMB))


def lying_frame_bomb() -> Layer:
    """The layer of ``frame_bomb``, but the frame header states the size in the TOC."""
    _, made = single()
    size = next(entry.size for entry in made.toc.entries if entry.name == FILE)
    return _frame_of_file(zeros_frame(BOMB, stated=size))


def tar_frame_bomb() -> Layer:
    """A layer without a TOC; the frame of its large file states a small size, and expands to the size in the tar.

    Apart from the frame header the layer is valid: a reader that stops at the first two blocks of zeros, which may end
    an archive, reads the frame nevertheless.
    """
    header, rest = raw_tar.header(FILE.encode(), BOMB), tar_of(SINGLE[2:])
    blob = raw_frame(tar_of(SINGLE[:1], blocks=1)[:BLOCK] + header) + zeros_frame(BOMB, stated=BLOCK) + raw_frame(rest)
    return Layer(blob, untampered().diff_id)


def _frame_of_file(frame: bytes) -> Layer:
    """The layer with the frame of ``FILE`` replaced, and everything after it moved."""
    blob, made = single()
    entry = next(entry for entry in made.toc.entries if entry.name == FILE)
    shift = len(frame) - (entry.end_offset - entry.offset)

    def moved(place: int) -> int:
        return place + shift if place >= entry.end_offset else place

    data = blob[: entry.offset] + frame + blob[entry.end_offset : made.data_size]
    return _sealed_over(data, [_moved(item, moved) for item in made.toc.entries], made)


def with_frames_between(extra: bytes, *, first: bool, tree: Tree = SINGLE) -> Layer:
    """The layer with ``extra`` between all data frames and after the last; or before the first one only."""
    blob, made = written(tree)
    frames = map_frames(blob[: made.data_size]).data
    starts = [frame.offset for frame in frames]
    if first:
        data = extra + blob[: made.data_size]
        entries = [_moved(item, lambda place: place + len(extra) if place else 0) for item in made.toc.entries]
        return _sealed_over(data, entries, made)
    data = b"".join(blob[frame.offset : frame.end] + extra for frame in frames)

    def start(place: int) -> int:
        """The new start of a frame; an odd frame begins with the bytes inserted before it."""
        if not place:
            return place
        number = starts.index(place)
        return place + len(extra) * (number - number % 2)

    def end(place: int) -> int:
        """The new end of a frame; an odd frame ends with the bytes inserted after it."""
        if not place:
            return place
        number = [frame.end for frame in frames].index(place)
        return place + len(extra) * (number + number % 2)

    return _sealed_over(data, [_moved(item, start, end) for item in made.toc.entries], made)


def _sealed_over(data: bytes, entries: list[Entry], made: WrittenLayer) -> Layer:
    """Seal other data frames with these entries and the tar-split as it was."""
    tail = seal(len(data), Toc(1, entries, made.toc.tar_split_digest), made.tar_split)
    return Layer(data + tail.content, str(made.diff_id), tail.annotations)


def _moved(entry: Entry, start: Callable[[int], int], end: Callable[[int], int] | None = None) -> Entry:
    return msgspec.structs.replace(entry, offset=start(entry.offset), end_offset=(end or start)(entry.end_offset))


def footer_of_another_toc() -> Layer:
    """The annotations name one TOC, and the footer a second one, which exchanges the contents of two files."""
    blob, made = written(DUAL)
    front = seal(made.data_size, made.toc, made.tar_split, footer=False)
    data_size = made.data_size + len(front.content)
    back = seal(data_size, Toc(1, _crossed(made), made.toc.tar_split_digest), made.tar_split)
    content = blob[: made.data_size] + front.content + back.content
    return Layer(content, str(made.diff_id), front.annotations)


DUAL: Final[Tree] = (Node("a", content=noise(5, 400)), Node("b", content=noise(6, 400)))
DUAL_BY_TOC: Final[Tree] = (Node("a", content=noise(6, 400)), Node("b", content=noise(5, 400)))


TWO_FILES: Final[Tree] = (Node("a", content=noise(15, 400)), Node("b", content=noise(16, 400)))
"""The shape of DUAL with other contents: the positive control of layers created from DUAL."""


def dual() -> Layer:
    """The TOC exchanges the contents of a and b; the tar and its DiffID have the original contents."""
    blob, made = written(DUAL)
    return resealed(blob, made, Toc(1, _crossed(made), made.toc.tar_split_digest))


HOLES: Final[Tree] = (Node("holes", content=noise(7, 3000) + bytes(20_000) + noise(8, 3000)),)
OTHER_HOLES: Final[Tree] = (Node("holes", content=noise(17, 3000) + bytes(20_000) + noise(18, 3000)),)
"""The positive control of HOLES."""
FILLED: Final[Tree] = (Node("holes", content=noise(7, 3000) + b"\x01" * 20_000 + noise(8, 3000)),)


def filled_hole(*, by_digest: Tree) -> Layer:
    """A chunk with the type ``zeros`` has other bytes in the stream; ``by_digest`` selects the file digest."""
    _, zeros = written(HOLES)
    # The stream of the filled file, cut into the same chunks: only the frame of the hole differs.
    options = WriterOptions(checksums=False)
    blob, made = written(HOLES, options)
    hole = next(entry for entry in made.toc.entries if entry.chunk_type)
    after = made.toc.entries[made.toc.entries.index(hole) + 1]
    frame = raw_frame(b"\x01" * hole.chunk_size)
    shift = len(frame) - (after.offset - hole.offset)

    def moved(place: int) -> int:
        return place + shift if place >= after.offset else place

    entries = [_moved(item, moved) for item in made.toc.entries]
    digest = str(Digest.of(by_digest[0].content))
    entries[0] = msgspec.structs.replace(entries[0], digest=digest)
    data = blob[: hole.offset] + frame + blob[after.offset : made.data_size]
    tail = seal(len(data), Toc(1, entries, made.toc.tar_split_digest), made.tar_split)
    return Layer(data + tail.content, str(zeros.diff_id), tail.annotations)


def split_document(made: WrittenLayer) -> bytes:
    """The JSON lines of a layer's tar-split."""
    assert made.tar_split is not None
    return decompress(made.tar_split.payload, limit=made.tar_split.uncompressed, what="the tar-split")


def with_split(document: bytes, toc: Toc | None = None, base: tuple[bytes, WrittenLayer] | None = None) -> Layer:
    """The layer with these lines as its tar-split."""
    blob, made = base or single()
    split = CompressedTarSplit.of(document)
    entries = (toc or made.toc).entries
    return resealed(blob, made, Toc(1, entries, str(split.digest)), split)


def split_of_another_digest() -> Layer:
    """A tar-split that rebuilds the same tar, and is not the one whose digest the TOC states."""
    blob, made = single()
    split = CompressedTarSplit.of(split_document(made) + b"\n")
    return resealed(blob, made, Toc(1, made.toc.entries, OTHER), split)


def with_extra_line(line: Mapping[str, object]) -> Layer:
    """One more line at the end, with the right position; a reader that skips it rebuilds the same tar."""
    _, made = single()
    document = split_document(made)
    return with_split(document + encode({**line, "position": document.count(b"\n")}) + b"\n")


def split_of_another_tree(change: Callable[[Sequence[Node]], Sequence[Node]]) -> Layer:
    """The tar-split of another tree, with a TOC that is right for the data frames."""
    _, made = written(tuple(change(SINGLE)))
    return with_split(split_document(made))


def split_bomb() -> Layer:
    """The layer with a bomb as its tar-split, which is declared small."""
    _, made = single()
    blob, _ = single()
    assert made.tar_split is not None
    split = CompressedTarSplit(zeros_frame(BOMB), made.tar_split.uncompressed)
    return resealed(blob, made, Toc(1, made.toc.entries, str(split.digest)), split)


TWO_NAMES: Final[Tree] = (Node("a", content=b"first content"), Node("b", content=b"other content"))
OTHER_NAMES: Final[Tree] = (Node("a", content=b"third content"), Node("b", content=b"fourth content"))
"""The positive control of TWO_NAMES."""


def duplicate_names() -> Layer:
    """Tar, tar-split and TOC have "a" and "./a" (the second was b)."""
    blob, made = written(TWO_NAMES)
    other = tuple(msgspec.structs.replace(node, name={"b": "./a"}.get(node.name, node.name)) for node in TWO_NAMES)
    document = _renamed_split(made, other)
    return with_split(document, changed(made, "b", name="./a"), (blob, made))


def _renamed_split(made: WrittenLayer, tree: Tree) -> bytes:
    """The lines for a tree that differs in names of the same length only; the writer would refuse duplicates."""
    records = list(parse(split_document(made)))
    tar, position = tar_of(tree), 0
    changed_records: list[Record] = []
    names_left = [node.name.encode() for node in tree]
    for record in records:
        if isinstance(record, Segment):
            raw = tar[position : position + len(record.payload)]
            changed_records.append(Segment(record.position, raw))
            position += len(raw)
        else:
            name = names_left.pop(0)
            changed_records.append(FileRecord(record.position, name, record.size, record.crc))
            position += record.size
    return build(changed_records)


def named(name: str, kind: str = "reg", link: str = "", before: Sequence[Node] = ()) -> Layer:
    """A layer with an entry, in both readings, that may lead outside of the root."""
    content = b"escaped" if kind == "reg" else b""
    node = Node(name, kind, link_name=link, content=content)  # type: ignore[arg-type]
    return layer_of((Node("inside", content=b"y"), *before, node))


def deep_document(document: bytes) -> bytes:
    """A TOC with a field nested 100,000 levels deep."""
    return document[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

"""What the checks report of layers that are built by hand, word for word (layers_judged.json).

After each stands one with which all is right, so that no check may end with the first; of that one only what differs
from its usual judgements is kept.
"""

from array import array
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.format.decompress import MAX_WINDOW
from conformance.format.discrepancy import MAX_KEPT, Kind
from conformance.format.errors import ChecksumError, FormatError, StructureError
from conformance.format.footer import Footer, FooterForm
from conformance.format.json_problems import KeyKind, KeyProblem
from conformance.format.names import (
    ESTARGZ_TOC,
    LAYER_GZIP_TYPE,
    LAYER_ZSTD_FOREIGN_TYPE,
    LEGACY_PREFIX,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    TARSPLIT_CHECKSUM,
    TARSPLIT_POSITION,
)
from conformance.format.positions import Position, TocPosition
from conformance.format.tar_faults import TarRule
from conformance.format.toc import MAX_TOC, Entry, Toc
from conformance.observed.layer import LayerSeen, PayloadSeen, ReaderSeen
from tests.checks.judged.layers import (
    ENTRIES,
    SIZE,
    SPLIT_AT,
    TOC_AT,
    data,
    differences,
    faults,
    image,
    layer,
    other,
    skippable,
    split,
    toc,
    whole,
)
from tests.told import Told, kept, told

FILE = Path(__file__).parent / "layers_judged.json"
DIRECTORY, FIRST, SECOND, CHUNK, LINK = ENTRIES
BROKEN = FormatError("a header is none", where="tar byte 512")
NO_FRAME = StructureError("no magic", where="byte 300")
SHIFTED = TocPosition(309, 100, 400)


def footer(toc_at: TocPosition = TOC_AT, split_at: Position | None = SPLIT_AT, form: Any = FooterForm.CURRENT) -> Any:
    made = Footer(form, toc_at, split_at)
    return {"footer": made, "footer_raw": made.build()}


def key(kind: KeyKind, name: str = "Entries", path: str = "", offset: int = 7) -> KeyProblem:
    return KeyProblem(kind, name, path, offset)


def reader(**facts: Any) -> ReaderSeen:
    return ReaderSeen(facts.pop("name", "tool"), facts.pop("version", "1.0"), **facts)


def _start(entry: Entry) -> int:
    """Where the content of an entry begins in the tar: what has the offset of the second file is that."""
    if entry.type != "reg" or entry.size <= 0:
        return -1
    return 1536 if entry.offset == SECOND.offset else 512


def of_entries(*entries: Entry, **facts: Any) -> LayerSeen:
    starts = array("q", [_start(entry) for entry in entries])
    return layer(toc=toc(*entries), **{"whole": whole(of_tar={"starts": starts}), **facts})


EMPTY = whole(of_tar={"starts": array("q")})
SAME = differences(Kind.ATTRIBUTE).of(Kind.ATTRIBUTE)
LAYERS: dict[str, LayerSeen] = {
    # What it is, and its annotations.
    "right": layer(),
    "not current": layer(annotations={MANIFEST_CHECKSUM: "-"}),
    "no chunk keys": layer(annotations=dict.fromkeys((MANIFEST_CHECKSUM, MANIFEST_POSITION, TARSPLIT_POSITION), "-")),
    "no position": layer(annotations={MANIFEST_POSITION: "-"}),
    "a position alone": layer(annotations={MANIFEST_CHECKSUM: "-", TARSPLIT_POSITION: "-"}),
    "stray keys": layer(annotations={MANIFEST_CHECKSUM: "-", MANIFEST_POSITION: "-"}),
    "another checksum": layer(annotations={MANIFEST_CHECKSUM: "sha256:zzz"}),
    "a lesser checksum": layer(annotations={MANIFEST_CHECKSUM: "sha256:aaa"}),
    "eStargz too": layer(annotations={ESTARGZ_TOC: "sha256:e"}),
    "deprecated checksum": layer(annotations={TARSPLIT_CHECKSUM: "sha256:e"}),
    "another media type": layer(media_type=LAYER_GZIP_TYPE),
    "a greater media type": layer(media_type="z"),
    "deprecated media type": layer(media_type=LAYER_ZSTD_FOREIGN_TYPE),
    "malformed position": layer(annotations={MANIFEST_POSITION: "308:100:0400:1"}),
    "malformed place of the tar-split": layer(annotations={TARSPLIT_POSITION: "416:50:"}),
    "no tar-split named": layer(annotations={TARSPLIT_POSITION: "-"}),
    "other lengths": layer(annotations={MANIFEST_POSITION: "308:101:401:1", TARSPLIT_POSITION: "416:51:201"}),
    "smaller lengths": layer(annotations={MANIFEST_POSITION: "308:99:399:1", TARSPLIT_POSITION: "416:49:199"}),
    "length of the document": layer(annotations={MANIFEST_POSITION: "308:100:401:1"}),
    "smaller length of the document": layer(annotations={MANIFEST_POSITION: "308:100:399:1"}),
    "no frame there": layer(
        toc=toc(payload=PayloadSeen(308, 100, "sha256:toc")), split=split(payload=PayloadSeen(416, 50, "sha256:split"))
    ),
    "nothing there": layer(toc=toc(payload=None, toc=None, outline=None), split=split(payload=None)),
    "not fetched": layer(
        toc=toc(payload=None, toc=None, outline=None, unreadable=True, problem="HTTP 500"),
        split=split(payload=None, unreadable=True, problem="HTTP 501"),
        whole=None,
        whole_problem="HTTP 502",
        footer=None,
        footer_raw=b"",
        footer_problem="HTTP 503",
    ),
    "the tar-split not fetched": layer(split=split(payload=None, unreadable=True, problem="HTTP 500")),
    "fetched in part": layer(toc=toc(unreadable=True), split=split(unreadable=True)),
    # How far it was read.
    "shallow": layer(whole=None),
    "shallow, another size": layer(whole=None, stored_size=SIZE + 1),
    "shallow, a lesser size": layer(whole=None, stored_size=SIZE - 1),
    "shallow, no size": layer(whole=None, stored_size=None),
    "no frames at the end": layer(whole=whole(problem=NO_FRAME)),
    "no frames, faults": layer(whole=whole(problem=NO_FRAME, of_tar={"tar_faults": faults(*TarRule)})),
    "wrong checksum": layer(whole=whole(problem=ChecksumError("it differs", where="frame at byte 10"))),
    "does not decompress": layer(whole=whole(problem=FormatError("it is damaged", where="frame at byte 10"))),
    "no tar": layer(whole=whole(of_tar={"problem": BROKEN})),
    "no tar, nothing read of the tar-split": layer(
        whole=whole(of_tar={"problem": BROKEN, "ranks": None}), split=split(ranks=None)
    ),
    "no tar, no TOC": layer(
        whole=whole(of_tar={"problem": BROKEN}), toc=toc(toc=None, outline=None, problem="no JSON")
    ),
    # The blob.
    "two DiffIDs": layer(diff_ids=("sha256:tar", "sha256:other", "sha256:zzz")),
    "no DiffID": layer(diff_ids=()),
    "another digest": layer(whole=whole(blob_digest="sha256:aaa")),
    "another size": layer(whole=whole(blob_size=SIZE + 1)),
    "wide windows": layer(
        whole=whole(of_frames={"wide": [data(10, 110, window=MAX_WINDOW + 1), data(110, 210, window=1 << 30)]})
    ),
    "wide windows, broken": layer(whole=whole(problem=NO_FRAME, of_frames={"wide": [data(10, 110, window=1 << 30)]})),
    "other magics": layer(
        whole=whole(of_frames={"skippable": [skippable(300, 408, 0x184D2A51), skippable(408, 466, 0x184D2A4F)]})
    ),
    "other magics, broken": layer(
        whole=whole(problem=NO_FRAME, of_frames={"skippable": [skippable(300, 408, 0x184D2A5F)]})
    ),
    "dictionaries": layer(
        whole=whole(of_frames={"with_dictionary": [data(10, 110, dictionary_id=1), data(110, 210, dictionary_id=7)]})
    ),
    "dictionaries, broken": layer(
        whole=whole(problem=NO_FRAME, of_frames={"with_dictionary": [data(10, 110, dictionary_id=7)]})
    ),
    "dictionary and checksum": layer(
        whole=whole(
            problem=ChecksumError("it differs", where="byte 9"),
            of_frames={"with_dictionary": [data(10, 110, dictionary_id=7)]},
        )
    ),
    "a skippable frame first": layer(whole=whole(of_frames={"first": skippable(0, 10)})),
    "no frame at all": layer(whole=whole(of_frames={"first": None})),
    # Its tail.
    "no footer": layer(footer=None, footer_raw=b"abc"),
    "no footer, why": layer(footer=None, footer_raw=b"abc", footer_problem="no magic"),
    "no footer, no bytes": layer(footer=None, footer_raw=b""),
    "first form": layer(**footer(form=FooterForm.FIRST)),
    "first form under old keys": layer(
        **footer(form=FooterForm.FIRST), annotations={MANIFEST_CHECKSUM: "-", LEGACY_PREFIX + "manifest-checksum": "x"}
    ),
    "transitional form": layer(**footer(form=FooterForm.TRANSITIONAL)),
    "smaller than its footer": layer(size=10, **footer(form=FooterForm.TRANSITIONAL)),
    "footer of another place": layer(**footer(toc_at=SHIFTED, split_at=Position(417, 50, 200))),
    "footer of other lengths": layer(**footer(TocPosition(308, 99, 400), Position(416, 51, 200))),
    "footer without tar-split": layer(**footer(split_at=None)),
    "no tar-split at all": layer(
        **footer(split_at=None),
        annotations={TARSPLIT_POSITION: "-"},
        toc=toc(toc=Toc(1, ENTRIES, "")),
        split=split(payload=None),
    ),
    "footer without tar-split, its places unread": layer(**footer(split_at=None), unread=(308,)),
    "footer's first place unread": layer(unread=(308,)),
    "footer's second place unread": layer(unread=(416,)),
    "footer of another type": layer(**footer(TocPosition(308, 100, 400, 2))),
    "footer of a lesser type": layer(**footer(TocPosition(308, 100, 400, 0))),
    "annotations of another place": layer(annotations={MANIFEST_POSITION: "309:100:400:1"}),
    "both of another place": layer(annotations={MANIFEST_POSITION: "309:100:400:1"}, **footer(toc_at=SHIFTED)),
    "annotations cannot be read": layer(annotations={MANIFEST_POSITION: "x"}, **footer(toc_at=SHIFTED)),
    "tables exchanged": layer(
        annotations={MANIFEST_POSITION: "366:100:400:1", TARSPLIT_POSITION: "308:50:200"},
        **footer(TocPosition(366, 100, 400), Position(308, 50, 200)),
        skippable={308: 50, 366: 100, 474: 64},
    ),
    "bytes after the tables": layer(size=SIZE + 10),
    "bytes before the end": layer(size=SIZE - 10),
    "data after the tables": layer(whole=whole(of_frames={"last_data_end": 301})),
    "data far after the tables": layer(whole=whole(of_frames={"last_data_end": 538})),
    "data before the tables": layer(whole=whole(of_frames={"last_data_end": 299})),
    "data behind, exchanged": layer(whole=whole(of_frames={"last_data_end": 301}), skippable={308: 99, 416: 50}),
    "frames of other lengths": layer(skippable={308: 99, 416: 50, 474: 64}),
    "frames of other lengths behind": layer(skippable={308: 100, 416: 51, 474: 64}),
    "footer alone names a tar-split": layer(annotations={TARSPLIT_POSITION: "-"}),
    # The TOC as a document.
    "version 2": layer(toc=toc(toc=Toc(2, ENTRIES, "sha256:split"))),
    "version 0": layer(toc=toc(toc=Toc(0, ENTRIES, "sha256:split"))),
    "no entries": layer(toc=toc(toc=Toc(1, tar_split_digest="sha256:split")), whole=EMPTY),
    "null for entries": layer(toc=toc(toc=Toc(1, None, "sha256:split")), whole=EMPTY),
    "no document": layer(toc=toc(toc=None, outline=None, problem="no JSON")),
    "no document, of another digest": layer(
        toc=toc(toc=None, outline=None, problem="no JSON"), annotations={MANIFEST_CHECKSUM: "sha256:zzz"}
    ),
    "no document, of a lesser digest": layer(
        toc=toc(toc=None, outline=None, problem="no JSON"), annotations={MANIFEST_CHECKSUM: "sha256:aaa"}
    ),
    "over the limit": layer(toc=toc(toc=None, outline=None, problem="too large", over_limit=True, document_size=None)),
    "at the limit": layer(toc=toc(document_size=MAX_TOC)),
    "a byte over the limit": layer(toc=toc(document_size=MAX_TOC + 1)),
    "compressed at the limit": layer(annotations={MANIFEST_POSITION: f"308:{MAX_TOC}:400:1"}),
    "compressed over the limit": layer(annotations={MANIFEST_POSITION: f"308:{MAX_TOC + 1}:400:1"}),
    "declared over the limit": layer(annotations={MANIFEST_POSITION: f"308:100:{MAX_TOC + 1}:1"}),
    "keys": layer(
        toc=toc(
            key_problems=(
                key(KeyKind.UNKNOWN, "x", offset=1),
                key(KeyKind.CASE, "n" * 100, "entries[3]", 9),
                key(KeyKind.DUPLICATE),
            )
        )
    ),
    "unknown keys": layer(toc=toc(key_problems=(key(KeyKind.UNKNOWN),))),
    "many keys": layer(toc=toc(key_problems=tuple(key(KeyKind.CASE, offset=n) for n in range(12)))),
    "lenient": layer(toc=toc(lenient_problem="it sees no entries")),
    # TOC and tar.
    **{f"differs: {kind}": layer(whole=whole(of_tar={"discrepancies": differences(kind)})) for kind in Kind},
    "differs: all, often": layer(whole=whole(of_tar={"discrepancies": differences(*Kind, count=MAX_KEPT + 1)})),
    "differs: all, as often as is retained": layer(
        whole=whole(of_tar={"discrepancies": differences(*Kind, count=MAX_KEPT)})
    ),
    "differs: nowhere in the tar": layer(
        whole=whole(of_tar={"discrepancies": differences(Kind.NOT_IN_TAR, Kind.PADDING, offset=-1)})
    ),
    "differs: at its first byte": layer(
        whole=whole(of_tar={"discrepancies": differences(Kind.NOT_IN_TAR, Kind.PADDING, offset=0)})
    ),
    "differs, the tar broken": layer(whole=whole(of_tar={"problem": BROKEN, "discrepancies": differences(*Kind)})),
    "differs, no TOC": layer(
        whole=whole(of_tar={"discrepancies": differences(*Kind)}), toc=toc(toc=None, outline=None, problem="no JSON")
    ),
    "differs, not authentic": layer(
        whole=whole(of_tar={"discrepancies": differences(*Kind)}), toc=toc(toc=Toc(1, ENTRIES, "sha256:zzz"))
    ),
    "faults": layer(whole=whole(of_tar={"tar_faults": faults(*TarRule)})),
    "many faults": layer(
        whole=whole(of_tar={"tar_faults": faults(TarRule.NUMBER, TarRule.TEXT, TarRule.MODE, count=MAX_KEPT + 1)})
    ),
    "as many faults as are retained": layer(whole=whole(of_tar={"tar_faults": faults(TarRule.NUMBER, count=MAX_KEPT)})),
    "faults in a broken tar": layer(
        whole=whole(of_tar={"problem": BROKEN, "tar_faults": faults(TarRule.ORPHAN, TarRule.END, TarRule.TEXT)})
    ),
    # What is where.
    "range over another": of_entries(other(FIRST, end_offset=211), SECOND, CHUNK),
    "range up to the TOC": of_entries(FIRST, other(SECOND, end_offset=300), CHUNK),
    "range into the TOC": of_entries(FIRST, other(SECOND, end_offset=301), CHUNK),
    "range beside frames": of_entries(other(FIRST, offset=11, end_offset=109), SECOND, CHUNK),
    "range of nothing beside frames": of_entries(
        other(FIRST, size=0, offset=11), other(DIRECTORY, size=5, offset=11, end_offset=12), SECOND, CHUNK
    ),
    "range of the least size beside frames": of_entries(other(FIRST, size=1, offset=11), SECOND, CHUNK),
    **{
        f"range of a {kind} beside frames": of_entries(other(FIRST, type=kind, offset=11), SECOND, CHUNK)
        for kind in ("chunk", "dir", "symlink")
    },
    "range without end beside frames": of_entries(other(FIRST, offset=11, end_offset=0), SECOND, CHUNK),
    "range beside frames, shallow": of_entries(other(FIRST, offset=11), SECOND, CHUNK, whole=None),
    "many ranges beside frames": of_entries(
        *(other(FIRST, name=f"f{n}", offset=11 + 4 * n, end_offset=14 + 4 * n) for n in range(7))
    ),
    "ranges over another, shallow": of_entries(other(FIRST, end_offset=211), SECOND, CHUNK, whole=None),
    "contents elsewhere": layer(whole=whole(of_tar={"starts": array("q", (-1, 513, 1536, -1, -1))})),
    "contents elsewhere, before": layer(whole=whole(of_tar={"starts": array("q", (-1, 511, 1535, -1, -1))})),
    "contents of chunks elsewhere": layer(
        whole=whole(of_frames={"tar_offsets": array("Q", (0, 512, 612, 1536, 1637, 1736, 10240, 10240, 10240, 10240))})
    ),
    "the end of contents elsewhere": layer(
        whole=whole(of_frames={"tar_offsets": array("Q", (0, 512, 611, 1536, 1636, 1737, 10240, 10240, 10240, 10240))})
    ),
    "contents of the last entry elsewhere": of_entries(
        other(FIRST, offset=210, end_offset=290, size=200, name="b"),
        other(CHUNK, offset=250),
        whole=whole(of_tar={"starts": array("q", (1536, -1))}),
    ),
    "many contents elsewhere": of_entries(
        *(other(FIRST, name=f"f{n}") for n in range(7)), whole=whole(of_tar={"starts": array("q", [513] * 7)})
    ),
    "contents of no entry": layer(whole=whole(of_tar={"starts": array("q", (-1, -1, 1536, -1, -1))})),
    "contents at the first byte": layer(whole=whole(of_tar={"starts": array("q", (-1, 0, 1536, -1, -1))})),
    # Entries.
    "a wrong type": of_entries(other(FIRST, type="file")),
    "an attribute that is no base64": of_entries(other(FIRST, xattrs={"user.a": "?"})),
    "an attribute that is no base64, shallow": of_entries(other(FIRST, xattrs={"user.a": "?"}), whole=None),
    "an attribute": of_entries(other(FIRST, xattrs={"user.a": "YQ=="})),
    "a hard link to what comes later": layer(split=split(ranks=array("q", (0, 3, 2, -1, 1)))),
    "a hard link, by the tar": layer(
        split=split(ranks=None), whole=whole(of_tar={"ranks": array("q", (0, 3, 2, -1, 1))})
    ),
    "a hard link, shallow": layer(split=split(ranks=None), whole=None),
    "a hard link, shallow, and why": layer(split=split(ranks=None), whole=None, whole_problem="HTTP 500"),
    "a hard link, no ranks": layer(split=split(ranks=None), whole=whole(of_tar={"ranks": None})),
    "a hard link, broken tar": layer(split=split(ranks=None), whole=whole(of_tar={"problem": BROKEN})),
    "no hard link, shallow": of_entries(FIRST, split=split(ranks=None), whole=None),
    "a hard link to nothing": of_entries(FIRST, other(LINK, link_name="x"), split=split(ranks=array("q", (0, 1)))),
    "a hard link to what is below": of_entries(
        FIRST, other(LINK, link_name="x"), split=split(ranks=array("q", (0, 1))), has_lower=True
    ),
    # Chunks.
    "no chunks": of_entries(FIRST),
    "no chunks, shallow": of_entries(FIRST, whole=None),
    "chunks, shallow": layer(whole=None),
    "chunks, none inspected": layer(whole=whole(of_tar={"chunks": 0})),
    "one chunk inspected": layer(whole=whole(of_tar={"chunks": 1})),
    "a chunk elsewhere": of_entries(SECOND, other(CHUNK, offset=251)),
    "a chunk elsewhere, broken": of_entries(SECOND, other(CHUNK, offset=251), whole=whole(problem=NO_FRAME)),
    "many chunks elsewhere": of_entries(SECOND, *(other(CHUNK, name=f"c{n}", offset=251 + n) for n in range(12))),
    "a chunk beyond the end": of_entries(SECOND, other(CHUNK, offset=290)),
    "a chunk beyond the end, shallow": of_entries(SECOND, other(CHUNK, offset=290), whole=None),
    "a chunk of another type": of_entries(SECOND, other(CHUNK, chunk_type="x")),
    "a chunk with a mode": of_entries(SECOND, other(CHUNK, mode=1)),
    "a chunk of no file": of_entries(FIRST, other(CHUNK, name="x")),
    "chunks that do not tile": of_entries(SECOND, other(CHUNK, chunk_size=99)),
    "chunk fields alone": of_entries(SECOND),
    # The tar-split.
    "not authentic": layer(toc=toc(toc=Toc(1, ENTRIES, "sha256:zzz" + "z" * 200))),
    "not authentic, of a lesser digest": layer(toc=toc(toc=Toc(1, ENTRIES, "sha256:aaa"))),
    "no tar-split digest": layer(toc=toc(toc=Toc(1, ENTRIES, ""))),
    "no tar-split digest, nor place": layer(toc=toc(toc=Toc(1, ENTRIES, "")), annotations={TARSPLIT_POSITION: "-"}),
    "no tar-split there": layer(split=split(payload=None)),
    "tar-split, broken lines": layer(split=split(problem="line 3 is not JSON", segment_problem="x", duplicates=())),
    "tar-split, broken lines, colliding names": of_entries(
        FIRST, other(FIRST, name="./a"), other(FIRST, name="/a"), split=split(problem="line 3 is not JSON")
    ),
    "tar-split, broken lines, no TOC": layer(split=split(problem="no JSON"), toc=toc(toc=None, outline=None)),
    "tar-split, colliding names": layer(split=split(duplicates=("a", "b"))),
    "tar-split, colliding names in a TOC alone": of_entries(FIRST, other(FIRST, name="./a")),
    "tar-split, broken in the tar": layer(whole=whole(of_tar={"split_problem": BROKEN})),
    "tar-split, segments": layer(split=split(segment_problem="two segments")),
    "tar-split, differs": layer(split=split(differences=differences(*Kind))),
    "tar-split, not compared": layer(split=split(differences=None)),
    "tar-split, third number": layer(annotations={TARSPLIT_POSITION: "416:50:201"}),
    "tar-split, lesser third number": layer(annotations={TARSPLIT_POSITION: "416:50:199"}),
    "tar-split, size unknown": layer(split=split(document_size=None)),
    "tar-split, shallow": layer(whole=None, whole_problem="HTTP 500"),
    # Real readers.
    "readers agree": layer(readers=(reader(members=4), reader(name="other", version=""))),
    "readers were not asked": layer(readers_problem="no room"),
    "readers differ": layer(
        readers=(
            reader(count=2, differences=tuple(differences(Kind.ATTRIBUTE, count=2).of(Kind.ATTRIBUTE))),
            reader(name="many", count=3, differences=tuple(differences(Kind.ATTRIBUTE, count=2).of(Kind.ATTRIBUTE))),
            reader(name="refusing", refused="a bad header"),
            reader(name="limited", limited="sparse files"),
            reader(name="both", refused="a bad header", limited="sparse files"),
            reader(name="agreeing"),
        )
    ),
    "readers differ, broken tar": layer(
        readers=(reader(count=1, differences=tuple(SAME)), reader(name="agreeing")), whole=whole(problem=NO_FRAME)
    ),
}
USUAL = told(image())


def judged(seen: LayerSeen) -> Told:
    """What is stated about the layer, and of the right one after it what is not usual."""
    found = told(image(seen))
    for name in {*found, *USUAL}:
        usual, lines = USUAL.get(name, []), found.get(name, [])
        ends = bool(usual) and lines[-len(usual) :] == usual
        found[name] = lines[: -len(usual)] if ends else [*lines, *(["no more"] if usual else [])]
    return {name: lines for name, lines in sorted(found.items()) if lines}


def shortened(seen: LayerSeen) -> Told:
    """Without what is stated about a right layer as well; checks that state the same stand together."""
    usual = {name: [line.replace("right", "layer") for line in lines] for name, lines in USUAL.items()}
    said = judged(seen)
    together: dict[tuple[str, ...], list[str]] = {}
    for name in sorted({*said, *usual}):
        lines = said.get(name, ["nothing"])
        if seen is LAYERS["right"] or lines != usual.get(name):
            together.setdefault(tuple(lines), []).append(name)
    return {" ".join(names): list(lines) for lines, names in together.items()}


DUE = kept(FILE, {name: partial(shortened, seen) for name, seen in LAYERS.items()})


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_what_is_said_of_a_layer(name: str) -> None:
    assert shortened(LAYERS[name]) == DUE[name]


def test_the_layer_is_right() -> None:
    assert {line.partition(" | ")[0] for lines in USUAL.values() for line in lines if line[0] != " "} == {"pass"}

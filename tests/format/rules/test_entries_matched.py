"""Tar headers and TOC entries matched by name, and both compared with the content in one pass."""

import base64
import hashlib
from array import array
from typing import Any

import msgspec
import pytest

from conformance.format.crc64 import crc64
from conformance.format.discrepancy import Discrepancies, Discrepancy, Kind, both_shown, shown
from conformance.format.entries import entry_of, xattr_value
from conformance.format.entry_matcher import UNRANKED, EntryMatcher
from conformance.format.errors import FormatError
from conformance.format.examine import NOWHERE, Examined, examine
from conformance.format.header_agreement import compare_headers
from conformance.format.tar import TarHeader
from conformance.format.tarsplit import FileRecord, Record, Segment
from conformance.format.toc import Entry, Toc
from conformance.images.raw_tar import END, file, header, padded


def told(found: Discrepancies) -> list[tuple[Any, ...]]:
    return [(each.kind, each.name, each.expected, each.found, each.offset) for each in found.of(*Kind)]


def matched(entries: list[Entry], *names: bytes) -> tuple[list[int | None], EntryMatcher, Discrepancies]:
    found = Discrepancies()
    matcher = EntryMatcher(entries, found)
    places = [matcher.match(TarHeader("0", name), 512 * number) for number, name in enumerate(names)]
    return places, matcher, found


A, B, C = (Entry("reg", name) for name in "abc")
CHUNK = Entry("chunk", "b")


def test_entries_in_the_order_of_the_tar_match() -> None:
    places, matcher, found = matched([A, B, CHUNK, CHUNK, C], b"a", b"b", b"c")
    matcher.missing()
    assert places == [0, 1, 4]
    assert matcher.ranks == array("q", [0, 1, UNRANKED, UNRANKED, 2])
    assert told(found) == []


def test_entries_in_another_order_match_by_name() -> None:
    places, matcher, found = matched([A, B, CHUNK, C], b"c", b"b", b"a")
    matcher.missing()
    assert places == [3, 1, 0]
    assert matcher.ranks == array("q", [2, 1, UNRANKED, 0])
    assert told(found) == []


def test_a_header_without_an_entry_and_an_entry_without_a_header_are_named() -> None:
    places, matcher, found = matched([A, B, CHUNK, C, CHUNK], b"x", b"b", b"\xff")
    assert (UNRANKED, list(matcher.ranks)) == (-1, [-1, 0, -1, -1, -1])
    matcher.missing()
    assert places == [None, 1, None]
    assert told(found) == [
        (Kind.NOT_IN_TOC, "'x'", "the same entries", "reg in the tar only", 0),
        (Kind.NOT_IN_TOC, "'\\\\xff'", "the same entries", "reg in the tar only", 1024),
        (Kind.NOT_IN_TAR, "'a'", "the same entries", "reg in the TOC only", -1),
        (Kind.NOT_IN_TAR, "'c'", "the same entries", "reg in the TOC only", -1),
    ]


def test_a_header_of_an_unknown_type_is_named_by_it() -> None:
    found = Discrepancies()
    assert EntryMatcher([], found).match(TarHeader("V", b"a"), 7) is None
    assert told(found) == [(Kind.NOT_IN_TOC, "'a'", "the same entries", "tar type 'V' in the tar only", 7)]


def test_a_repeated_header_has_the_rank_of_the_first() -> None:
    places, matcher, found = matched([A, B, CHUNK, C], b"b", b"a", b"b", b"c", b"b", b"c")
    assert places == [1, 0, 1, 3, 1, 3]
    assert matcher.ranks == array("q", [1, 0, UNRANKED, 2])
    assert [(each[0], each[1], each[4]) for each in told(found)] == [
        (Kind.TWICE, "'b'", 1024),
        (Kind.TWICE, "'b'", 2048),
        (Kind.TWICE, "'c'", 2560),
    ]


def test_of_repeated_entries_those_in_order_match_and_the_rest_are_missing() -> None:
    places, matcher, found = matched([A, A, B], b"b", b"a", b"a")
    matcher.missing()
    assert places == [2, 0, 1]
    assert told(found) == []
    places, matcher, found = matched([B, A, A], b"a", b"b")
    matcher.missing()
    assert places == [1, 0]
    assert [each[:2] for each in told(found)] == [(Kind.NOT_IN_TAR, "'a'")]


def test_a_chunk_is_no_entry_of_its_own() -> None:
    assert matched([Entry("chunk", "a")], b"x")[0] == [None]
    places, matcher, found = matched([Entry("chunk", "a"), B], b"b")
    matcher.missing()
    assert places == [1]
    assert told(found) == []


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def entry(name: str, content: bytes, **more: Any) -> Entry:
    made = Entry("reg", name, mode=0o644, modtime="1970-01-01T00:00:00Z", size=len(content), digest=sha(content))
    return msgspec.structs.replace(made, **more)


def chunk(offset: int, size: int, content: bytes, **more: Any) -> Entry:
    return Entry("chunk", "f", chunk_offset=offset, chunk_size=size, chunk_digest=sha(content), **more)


CONTENT = b"abcdefgh"
FILE = file(b"f", CONTENT)
SPLIT: list[Record] = [
    Segment(0, FILE[:512]),
    FileRecord(1, b"f", 8, crc64(CONTENT).to_bytes(8, "big")),
    Segment(2, FILE[520:] + END),
]


def examined(tar: bytes, *entries: Entry, records: list[Record] | None = None, step: int = 10**6) -> Examined:
    pieces = (tar[start : start + step] for start in range(0, len(tar), step))
    return examine(pieces, Toc(1, list(entries)), records)


@pytest.mark.parametrize("step", [1, 511, 10**6])
def test_a_file_that_agrees(step: int) -> None:
    whole = entry("f", CONTENT, chunk_size=3, chunk_digest=sha(b"abc"))
    entries = (whole, chunk(3, 2, b"de"), chunk(5, 0, b"fgh"))
    found = examined(FILE + END, *entries, records=SPLIT, step=step)
    assert told(found.discrepancies) == []
    assert list(found.starts) == [512, NOWHERE, NOWHERE]
    assert (found.members, found.files, found.chunks, found.size) == (1, 1, 3, 2048)
    assert (found.problem, found.split_problem, found.split_compared, found.duplicates) == (None, None, 1, ())
    assert found.ranks is not None
    assert list(found.ranks) == [0, -1, -1]


@pytest.mark.parametrize("step", [100, 10**6])
def test_a_chunk_is_named_by_its_place_in_the_tar(step: int) -> None:
    content = bytes(500) + b"x" + bytes(1499)
    zeros = {"chunk_type": "zeros"}
    whole = entry("f", content, chunk_size=1000, chunk_digest=sha(content[:1000]), **zeros)
    later = chunk(1000, 1000, bytes(1000), **zeros)
    found = examined(file(b"f", content) + END, whole, later, step=step)
    assert told(found.discrepancies) == [(Kind.NOT_ZEROS, "'f'", "zeros", "other bytes", 512)]
    wrong = msgspec.structs.replace(later, chunk_digest=sha(b""))
    found = examined(file(b"f", content) + END, msgspec.structs.replace(whole, chunk_type=""), wrong, step=step)
    assert told(found.discrepancies) == [(Kind.CHUNK_DIGEST, "'f'", sha(b""), sha(bytes(1000)), 1512)]


@pytest.mark.parametrize(
    ("entries", "differences"),
    [
        ([entry("f", CONTENT, digest=sha(b""))], [(Kind.DIGEST, sha(b""), sha(CONTENT), 512)]),
        ([entry("f", CONTENT, digest="")], [(Kind.DIGEST, "none in the TOC", sha(CONTENT), 512)]),
        ([entry("f", CONTENT, digest="md5:" + "x" * 200)],
         [(Kind.UNKNOWN_DIGEST, "md5:" + "x" * 116, sha(CONTENT), 512)]),
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=sha(b"")), chunk(3, 5, b"defgh")],
         [(Kind.CHUNK_DIGEST, sha(b""), sha(b"abc"), 512)]),
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=sha(b"abc")), chunk(3, 5, b"")],
         [(Kind.CHUNK_DIGEST, sha(b""), sha(b"defgh"), 515)]),
        ([entry("f", CONTENT, chunk_digest=sha(b""))], [(Kind.CHUNK_DIGEST, sha(b""), sha(CONTENT), 512)]),
        ([entry("f", CONTENT, chunk_size=8, chunk_digest="")], []),
        ([entry("f", CONTENT, chunk_type="zeros")],
         [(Kind.CHUNK_DIGEST, "none in the TOC", sha(CONTENT), 512), (Kind.NOT_ZEROS, "zeros", "other bytes", 512)]),
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=sha(b"abc")), chunk(3, 5, b"defgh", chunk_type="zeros")],
         [(Kind.NOT_ZEROS, "zeros", "other bytes", 515)]),
        # Chunks that do not tile the file are not compared: CHUNK-002 covers them.
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=""), chunk(4, 4, b"")], []),
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=""), chunk(4, 5, b"")], []),
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=""), chunk(2, 5, b"")], []),
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=""), chunk(3, 4, b"")], []),
        ([entry("f", CONTENT, chunk_size=3, chunk_digest=""), chunk(3, 6, b"")], []),
        ([entry("f", CONTENT, chunk_size=-1, chunk_digest="x"), chunk(-1, 9, b"")], []),
        ([entry("f", CONTENT, chunk_size=8, chunk_digest="x"), chunk(8, 0, b"")], []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 10**6])
def test_a_file_that_differs(entries: list[Entry], differences: list[tuple[Any, ...]], step: int) -> None:
    found = told(examined(FILE + END, *entries, step=step).discrepancies)
    assert [(kind, expected, other, offset) for kind, _, expected, other, offset in found] == differences


@pytest.mark.parametrize("before", range(4))
def test_chunks_are_compared_wherever_their_file_is_in_the_toc(before: int) -> None:
    others = [entry(f"{number}", b"") for number in range(before)]
    whole = entry("f", CONTENT, chunk_size=3, chunk_digest=sha(b""))
    found = examined(FILE + END, *others, whole, chunk(3, 5, b""), *others)
    assert found.chunks == 2
    assert [each.offset for each in found.discrepancies.of(Kind.CHUNK_DIGEST)] == [512, 515]


@pytest.mark.parametrize(("last", "zeros"), [(b"\0", True), (b"x", False)])
def test_chunks_of_zeros_are_read_to_their_last_byte(last: bytes, zeros: bool) -> None:
    hole = bytes(2**16 + 9) + last
    content = b"ab" + hole + b"c"
    entries = (
        entry("f", content, chunk_size=2, chunk_digest=sha(b"ab")),
        chunk(2, len(hole), hole, chunk_type="zeros"),
        chunk(2 + len(hole), 1, b"c"),
    )
    found = examined(file(b"f", content) + END, *entries)
    assert found.chunks == 3
    assert [each[0] for each in told(found.discrepancies)] == ([] if zeros else [Kind.NOT_ZEROS])


def test_the_chunks_of_a_repeated_name_are_compared_once() -> None:
    whole = entry("f", CONTENT, chunk_size=3, chunk_digest=sha(b""))
    found = examined(FILE * 2 + END, whole, chunk(3, 5, b"defgh"))
    assert (found.chunks, list(found.starts)) == (2, [1536, -1])
    assert [each[0] for each in told(found.discrepancies)] == [Kind.CHUNK_DIGEST, Kind.TWICE]


def test_padding_and_bytes_behind_the_end_are_zeros() -> None:
    dirty = FILE[:-1] + b"\7"
    found = examined(dirty + END + bytes(600) + b"x" + bytes(9), entry("f", CONTENT))
    (padding, trailing) = found.discrepancies.of(Kind.PADDING, Kind.TRAILING)
    assert (padding.expected, padding.found, padding.offset) == ("zeros", "00 " * 31 + "00", 520)
    assert (trailing.expected, trailing.found, trailing.offset) == ("zeros", "other bytes", 2048 + 600)
    first = FILE[:520] + b"\7" + FILE[521:]
    (padding,) = examined(first + file(b"g") + END).discrepancies.of(Kind.PADDING)
    assert (padding.found[:8], padding.offset) == ("07 00 00", 520)


@pytest.mark.parametrize("gap", [0, 512, 5120])
def test_a_second_archive_behind_the_end_is_found(gap: int) -> None:
    found = examined(FILE + END + bytes(gap) + FILE + FILE + END, entry("f", CONTENT))
    (second,) = found.discrepancies.of(Kind.SECOND_ARCHIVE)
    assert (second.what, second.expected, second.found, second.offset) == (
        *("what follows the end of the archive", "no tar header", "a tar header", 2048 + gap),
    )
    assert found.discrepancies.count(Kind.SECOND_ARCHIVE) == 1
    assert found.size == 2048 + gap + 3072


def test_a_block_that_is_no_header_is_no_second_archive() -> None:
    for rest in (b"x" * 512, FILE[:511], b"\0" + FILE[:512] + bytes(511), header(b"n", checksum=b"0000001\0")):
        found = examined(FILE + END + rest, entry("f", CONTENT)).discrepancies
        assert (found.count(Kind.SECOND_ARCHIVE), found.count(Kind.TRAILING)) == (0, 1)


def test_a_tar_that_cannot_be_read_is_reported_and_consumed() -> None:
    pieces = iter([FILE[:600], b"x" * 2000, b"rest"])
    found = examine(pieces, Toc(1, [entry("f", CONTENT), B]), SPLIT)
    assert list(pieces) == []
    assert found.problem is not None
    assert (found.members, found.size) == (1, 1536)
    assert found.discrepancies.count(Kind.NOT_IN_TAR) == 0
    assert found.split_compared == 1


def test_without_tables_the_tar_alone_is_read() -> None:
    found = examine([FILE + END], None, None)
    assert (found.members, found.files, found.ranks, list(found.starts)) == (1, 1, None, [])
    assert told(found.discrepancies) == []


def test_headers_of_a_tar_split_agree_with_the_entries() -> None:
    found = compare_headers(Toc(1, [entry("f", CONTENT)]), SPLIT)
    assert (told(found.differences), found.file_count, found.duplicates, found.problem) == ([], 1, (), None)
    assert list(found.ranks) == [0]


def test_headers_of_a_tar_split_that_differ() -> None:
    found = compare_headers(Toc(1, [entry("f", CONTENT, mode=0), B]), SPLIT)
    assert [(each[0], each[1], each[4]) for each in told(found.differences)] == [
        (Kind.NOT_IN_TAR, "'b'", -1),
        (Kind.ATTRIBUTE, "'f'", -1),
    ]
    twice = [*SPLIT[:2], Segment(2, FILE[520:] + FILE[:512]), *SPLIT[1:]]
    found = compare_headers(Toc(1, [entry("f", CONTENT)]), twice)
    assert (found.file_count, found.duplicates) == (2, ("'f'",))
    broken = compare_headers(Toc(1, [B]), [Segment(0, b"x" * 512), *SPLIT[1:]])
    assert broken.problem is not None
    assert (broken.file_count, broken.differences.count(Kind.NOT_IN_TAR)) == (0, 0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"a\n", "'a\\n'"),
        (b"\xff", "'\\\\xff'"),
        ("é", "'é'"),
        ("x" * 120, repr("x" * 120)),
        ("x" * 121, repr("x" * 119 + "…")),
    ],
)
def test_a_name_as_text(name: bytes | str, text: str) -> None:
    assert shown(name) == text


@pytest.mark.parametrize(
    ("expected", "found", "texts"),
    [
        (b"a", b"b", ("'a'", "'b'")),
        (b"b", b"a", ("'b'", "'a'")),
        (b"\\xff", b"\xff", ("4 bytes; at byte 0: 5c 78 66 66", "1 bytes; at byte 0: ff")),
        (b"x" * 130, b"x" * 125, ("130 bytes; at byte 125: 78 78 78 78 78", "125 bytes; at byte 125: nothing")),
        (b"x" * 121 + b"a" * 20, b"x" * 121 + b"b",
         ("141 bytes; at byte 121: " + " ".join(["61"] * 16), "122 bytes; at byte 121: 62")),
    ],
)  # fmt: skip
def test_two_values_as_texts(expected: bytes, found: bytes, texts: tuple[str, str]) -> None:
    assert both_shown(expected, found) == texts


def test_ten_differences_of_a_kind_are_recorded_and_all_are_counted() -> None:
    found = Discrepancies()
    for number in range(12):
        found.add(Discrepancy(Kind.DIGEST, str(number), "", "", ""))
    found.add(Discrepancy(Kind.XATTR, "x", "", "", ""))
    assert [each.name for each in found.of(Kind.XATTR, Kind.DIGEST)] == ["x", *map(str, range(10))]
    assert (found.count(Kind.DIGEST), found.count(Kind.XATTR, Kind.DIGEST), found.count(Kind.TWICE)) == (12, 13, 0)


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        (TarHeader("0", b""), "an entry of the tar has an empty name"),
        (TarHeader("0", b"a", is_sparse=True), "'a' is a sparse file, which neither TOC nor tar-split can represent"),
        (TarHeader("g", b"a"), "'a' is a PAX global header, which a TOC cannot represent"),
        (TarHeader("S", b"a"), "'a' is a GNU sparse file, which a TOC cannot represent"),
        (TarHeader("7", b"a"), "'a' is a contiguous file, which a TOC cannot represent"),
        (TarHeader("V", b"a"), "'a' is an entry of the tar type 'V', which a TOC cannot represent"),
        (
            TarHeader("0", b"\xff" * 90),
            "the name b'" + "\\xff" * 80 + "' is not UTF-8 and cannot be represented in JSON",
        ),
        (TarHeader("2", b"a", b"\xff"), "the link target of 'a' b'\\xff' is not UTF-8"),
        (TarHeader("0", b"a", xattrs={b"\xff": b""}), "the extended attribute of 'a' b'\\xff' is not UTF-8"),
    ],
)
def test_a_header_that_no_toc_can_represent(seen: TarHeader, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        entry_of(seen)
    assert caught.value.what.startswith(words)


def test_the_entry_of_a_header_has_all_of_it() -> None:
    seen = TarHeader(
        *("3", b"a", b"b", 0o644, 0, 1, 2, 10**9, 2 * 10**9, None, 3, 4, {b"user.k": b"\0v"}),
    )
    assert entry_of(seen) == Entry(
        type="char", name="a", link_name="b", mode=0o644, uid=1, gid=2, modtime="1970-01-01T00:00:01Z",
        accesstime="1970-01-01T00:00:02Z", dev_major=3, dev_minor=4,
        xattrs={"user.k": base64.b64encode(b"\0v").decode()},
    )  # fmt: skip
    kinds = [entry_of(TarHeader(flag, b"a")).type for flag in "0123456"]
    assert kinds == ["reg", "hardlink", "symlink", "char", "block", "dir", "fifo"]


def test_the_value_of_an_attribute_is_base64() -> None:
    assert xattr_value(A, "YQ==") == b"a"
    for text in ("YQ", "YQ=", "Y Q=", "%%%%", "YQ==\n"):
        with pytest.raises(FormatError, match=r"^an extended attribute of 'a' is not base64$"):
            xattr_value(A, text)


def test_content_that_is_no_whole_block_is_padded() -> None:
    assert len(padded(b"x" * 513)) == 1024

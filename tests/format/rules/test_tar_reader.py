"""The tar reader: forms of headers, extended headers and their precedence, ends, bounds, and places of errors."""

import io
from typing import Any

import pytest

from conformance.format.errors import FormatError
from conformance.format.tar import MAX_EXTENSION, MAX_HEADERS, TarHeader, TarReader
from conformance.format.tar_faults import TarFaults
from conformance.format.tar_watch import HeaderWatch
from conformance.format.tarheader import header_sums
from conformance.images.raw_tar import END, GNU, V7, extended, file, header, long_name, padded

SECOND = 10**9


def read(tar: bytes) -> list[TarHeader]:
    reader, found = TarReader(io.BytesIO(tar)), []
    while (entry := reader.header()) is not None:
        found.append(entry)
        reader.take_raw()
        for _ in reader.content():
            pass
    return found


def one(tar: bytes) -> TarHeader:
    (entry,) = read(tar + END)
    return entry


def refusal(tar: bytes) -> tuple[str, str]:
    with pytest.raises(FormatError) as caught:
        read(tar)
    return caught.value.what, caught.value.where


def star(times: bytes, prefix: bytes = b"", spare: bytes = bytes(8)) -> bytes:
    """A header of star: times in the last bytes of the prefix, and its own magic at the end."""
    return header(b"n", prefix=prefix.ljust(131, b"\0") + times, tail=spare + b"tar\0")


@pytest.mark.parametrize(
    ("tar", "fields"),
    [
        (
            file(b"n", b"abc", mode=b"0004755\0", uid=b"0000007\0", gid=b"0000011\0"),
            {"mode": 0o4755, "uid": 7, "gid": 9},
        ),
        (file(b"n", mtime=b"00000000012\0"), {"mtime": 10 * SECOND}),
        (file(b"n", prefix=b"some/dir"), {"name": b"some/dir/n"}),
        (file(b"n", prefix=b"p" * 155), {"name": b"p" * 155 + b"/n"}),
        (file(b"n" * 100, prefix=b"p"), {"name": b"p/" + b"n" * 100}),
        (file(b"n\0junk"), {"name": b"n"}),
        (file(b"n", b"", b"2", linkname=b"t" * 100), {"typeflag": "2", "link_name": b"t" * 100}),
        (file(b"n", b"", b"3", devmajor=b"0000010\0", devminor=b"0000003\0"), {"dev_major": 8, "dev_minor": 3}),
        (file(b"n", b"", b"4", devminor=b"0000003\0", magic=GNU), {"dev_major": 0, "dev_minor": 3}),
        (file(b"n", magic=V7, devmajor=b"0000010\0"), {"dev_major": 0}),
        (file(b"n", magic=V7, prefix=b"p"), {"name": b"n"}),
        (
            file(b"n", magic=GNU, prefix=b"00000000005\x0000000000006\0"),
            {"name": b"n", "atime": 5 * SECOND, "ctime": 6 * SECOND},
        ),
        (file(b"n", magic=GNU, prefix=bytes(12) + b"00000000006\0"), {"atime": None, "ctime": 6 * SECOND}),
        (file(b"n", prefix=b"00000000005\0"), {"name": b"00000000005/n", "atime": None}),
        (star(times=b"00000000005\x0000000000006\0"), {"name": b"n", "atime": 5 * SECOND, "ctime": 6 * SECOND}),
        (star(prefix=b"p" * 131, times=bytes(24)), {"name": b"p" * 131 + b"/n", "atime": 0, "ctime": 0}),
        (file(b"d/", b"", b"\0"), {"typeflag": "5"}),
        (file(b"d", b"", b"\0"), {"typeflag": "0"}),
        (file(b"d/", b"", b"0"), {"typeflag": "0"}),
        (file(b"n", b"", b"S", magic=GNU), {"is_sparse": True}),
        (
            file(b"n", mode=b"10000002", uid=b"10000003", gid=b"10000004", mtime=b"100000000005", devmajor=b"10000006"),
            {
                "mode": 0o10000002,
                "uid": 0o10000003,
                "gid": 0o10000004,
                "dev_major": 0o10000006,
                "mtime": 0o100000000005 * SECOND,
            },
        ),
        (file(b"n", devmajor=b"\0", devminor=b"10000007"), {"dev_minor": 0o10000007}),
        (star(times=b"100000000005100000000006"), {"atime": 0o100000000005 * SECOND, "ctime": 0o100000000006 * SECOND}),
        (
            star(times=b"100000000005100000000006", spare=b"7" * 8),
            {"atime": 0o100000000005 * SECOND, "ctime": 0o100000000006 * SECOND},
        ),
        (file(b"n", b"abc", size=b"000000000003", mtime=b"100000000001"), {"size": 3, "mtime": (8**11 + 1) * SECOND}),
        (file(b"n", uid=b"\x80\x40" + bytes(6), gid=b"\x81" + bytes(7)), {"uid": 2**54, "gid": 2**56}),
        (file(b"n", uid=b"\xbf" + bytes(7), gid=b"\xff" * 7 + b"\x38"), {"uid": 63 * 2**56, "gid": -200}),
        (file(b"n", uid=b"\x80\0\0\0\0\0\1\0", mtime=b"\xff" * 12), {"uid": 256, "mtime": -SECOND}),
    ],
)
def test_the_fields_of_a_header(tar: bytes, fields: dict[str, Any]) -> None:
    found = one(tar)
    assert {name: getattr(found, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("records", "fields"),
    [
        ([(b"path", b"other"), (b"linkpath", b"to")], {"name": b"other", "link_name": b"to"}),
        ([(b"uid", b"9"), (b"gid", b"10")], {"uid": 9, "gid": 10}),
        (
            [(b"mtime", b"1.5"), (b"atime", b"-1"), (b"ctime", b"2")],
            {"mtime": 1_500_000_000, "atime": -SECOND, "ctime": 2 * SECOND},
        ),
        ([(b"path", b""), (b"uid", b""), (b"mtime", b"")], {"name": b"n", "uid": 5, "mtime": 0}),
        ([(b"path", b""), (b"uid", b"9"), (b"gid", b""), (b"mtime", b"1")], {"name": b"n", "uid": 9, "mtime": SECOND}),
        ([(b"path", b"a"), (b"path", b"b")], {"name": b"b"}),
        ([(b"SCHILY.xattr.user.a", b"x\0y"), (b"comment", b"c")], {"xattrs": {b"user.a": b"x\0y"}, "is_sparse": False}),
        ([(b"SCHILY.xattr.user.a", b"")], {"xattrs": {b"user.a": b""}}),
        ([(b"GNU.sparse.major", b"1")], {"is_sparse": True}),
        ([(b"unknown", b"\0")], {"xattrs": {}}),
    ],
)
def test_extended_records_replace_fields(records: list[tuple[bytes, bytes]], fields: dict[str, Any]) -> None:
    found = one(extended(records) + file(b"n", uid=b"0000005\0"))
    assert {name: getattr(found, name) for name in fields} == fields


@pytest.mark.parametrize("length", [*range(8, 60), 511, 512, 1000])
def test_a_record_may_begin_at_any_byte(length: int) -> None:
    found = one(extended([(b"comment", b"c" * length), (b"path", b"other")]) + file(b"n"))
    assert found.name == b"other"


def test_the_length_of_a_record_has_19_digits_at_most() -> None:
    for zeros, name in ((b"0" * 17, b"a"), (b"0" * 18, None)):
        content = zeros + b"%d path=a\n" % (len(zeros) + 10)
        tar = header(b"x", len(content), b"x") + padded(content) + file(b"n")
        assert (one(tar).name if name else refusal(tar)[0]) == (name or "a PAX extension header has a malformed record")


def test_a_size_in_a_record_is_that_of_the_content() -> None:
    tar = extended([(b"size", b"3")]) + header(b"n", 0) + padded(b"abc") + file(b"m") + END
    assert [(entry.name, entry.size) for entry in read(tar)] == [(b"n", 3), (b"m", 0)]


def test_a_gnu_name_takes_precedence_and_holds_for_one_entry() -> None:
    tar = extended([(b"path", b"pax"), (b"linkpath", b"pax")]) + long_name(b"long\0x") + long_name(b"link", b"K")
    found = read(tar + file(b"n") + file(b"m") + END)
    assert [(entry.name, entry.link_name) for entry in found] == [(b"long", b"link"), (b"m", b"")]


def test_only_the_last_extended_header_counts() -> None:
    found = one(extended([(b"path", b"a"), (b"uid", b"3")]) + extended([(b"gid", b"4")]) + file(b"n"))
    assert (found.name, found.uid, found.gid) == (b"n", 0, 4)


def test_both_sums_are_right() -> None:
    block = header(b"\xff\xfe", checksum=b"0000000\0")
    sums = header_sums(block)
    assert sums.unsigned - sums.signed == 512
    for value in (sums.unsigned, sums.signed):
        assert one(block[:148] + b"%06o\0 " % value + block[156:]).name == b"\xff\xfe"
    for value in (sums.unsigned + 1, sums.signed - 1, sums.unsigned - 256, sums.unsigned - 1024):
        assert refusal(block[:148] + b"%06o\0 " % value + block[156:]) == (
            "this is not a tar header: its checksum is wrong",
            "tar byte 0",
        )


def test_a_sum_has_six_digits_at_any_place_of_its_field() -> None:
    block = header(b"\xff" * 100, 0, b"2", linkname=b"\xff" * 100)
    value = header_sums(block).unsigned
    assert len(f"{value:o}") == 6
    for field in (b"%06o\0 ", b"%07o\0", b" %06o\0", b"%08o"):
        assert one(block[:148] + field % value + block[156:]).link_name == b"\xff" * 100
        wrong = block[:148] + field % (value + 8**5) + block[156:]
        assert refusal(wrong) == ("this is not a tar header: its checksum is wrong", "tar byte 0")
    assert refusal(block[:148] + b"1%07o" % value + block[156:])[1] == "tar byte 0"


@pytest.mark.parametrize(
    ("tar", "what", "where"),
    [
        (file(b"a") + b"x", "the tar ends within a header", "tar byte 513"),
        (file(b"a") + b"x" * 511, "the tar ends within a header", "tar byte 1023"),
        (bytes(511), "the tar ends within a header", "tar byte 511"),
        (file(b"a") + bytes(512 + 511), "the tar ends within a end block", "tar byte 1535"),
        (file(b"a", b"b")[:513], "the tar ends within a padding", "tar byte 513"),
        (file(b"a", b"bcd")[:514], "the tar ends 1 bytes before the end of a file", "byte 514"),
        (file(b"a") + bytes(512) + file(b"b"), "a block of zeros is between entries", "tar byte 512"),
        (extended([(b"k", b"v")])[:514], "the tar ends within a extension header", "tar byte 514"),
        (extended([(b"k", b"v")])[:600], "the tar ends within a padding", "tar byte 600"),
        (
            file(b"a") + header(b"x", MAX_EXTENSION + 1, b"x"),
            "an extension header of 1048577 bytes; at most 1048576 are read",
            "tar byte 512",
        ),
        (file(b"a", size=b"0000000000x\0"), "b'0000000000x' is not an octal number of a tar header", "tar byte 0"),
        (file(b"a", size=b"\xff" * 12), "the size -1 of a tar header is negative", "tar byte 0"),
        (
            file(b"a", b"", b"5", size=1),
            "a link, device or directory has a size of 1: readers differ on what follows",
            "tar byte 0",
        ),
        (extended([(b"size", b"-1")]) + file(b"a"), "the size -1 of a tar header is negative", "tar byte 1024"),
        (extended([(b"uid", b"x")]) + file(b"a"), "b'x' is not a decimal number of a PAX record", "tar byte 1024"),
        (extended([(b"mtime", b"1.x")]) + file(b"a"), "b'1.x' is no time of a PAX record", "tar byte 1024"),
        (extended([(b"path", b"a\0b")]), "the PAX record b'path' holds a NUL", "tar byte 0"),
        (extended([(b"a\0b", b"")]), "the PAX record b'a\\x00b' holds a NUL", "tar byte 0"),
        (extended([(b"\0" * 100, b"")]), f"the PAX record {bytes(80)!r} holds a NUL", "tar byte 0"),
    ],
)
def test_a_tar_that_is_refused(tar: bytes, what: str, where: str) -> None:
    assert refusal(tar) == (what, where)


@pytest.mark.parametrize(
    "content",
    [b"6 k=v\n5 k=v\n", b"7 k=v\n", b"6 k=v ", b"6  =v\n", b"6 =vv\n", b"6 kvv\n", b"x k=v\n", b" k=v\n", b"6k=vv\n",
     b"-6 k=v\n", b"0 k=v\n", b"\n", b"0000000000000000000000006 k=v\n"],
)  # fmt: skip
def test_a_malformed_record_is_refused(content: bytes) -> None:
    if content == b"6  =v\n":
        assert one(extended(content) + file(b"n")).name == b"n"
        return
    assert refusal(extended(content) + file(b"n")) == ("a PAX extension header has a malformed record", "tar byte 0")


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"5", b"6"])
def test_what_has_no_content_has_no_size(kind: bytes) -> None:
    assert one(file(b"n", b"", kind)).typeflag == kind.decode()
    assert "readers differ" in refusal(file(b"n", b"x", kind))[0]


@pytest.mark.parametrize("kind", [b"0", b"7", b"V"])
def test_what_has_content_has_a_size(kind: bytes) -> None:
    assert one(file(b"n", b"x", kind)).size == 1


@pytest.mark.parametrize(
    ("end", "blocks", "rest"),
    [(b"", 0, b""), (bytes(512), 1, b""), (bytes(1024), 2, b""), (bytes(1024) + b"rest", 2, b"rest")],
)
def test_the_end_of_an_archive(end: bytes, blocks: int, rest: bytes) -> None:
    class Watch(HeaderWatch):
        seen: tuple[int, int] = (-1, -1)

        def end(self, zero_blocks: int, offset: int) -> None:
            self.seen = (zero_blocks, offset)

    watch = Watch(TarFaults())
    reader = TarReader(io.BytesIO(file(b"n") + end), watch)
    assert reader.header() is not None
    assert reader.header() is None
    assert watch.seen == (blocks, 512)
    assert reader.take_raw() == file(b"n") + bytes(512 * blocks)
    assert (b"".join(reader.rest()), reader.offset) == (rest, 512 + len(end))


def test_raw_bytes_are_those_that_are_no_content() -> None:
    first, second = file(b"a", b"abc"), file(b"b", b"d")
    reader = TarReader(io.BytesIO(first + second + END))
    raws = []
    for _ in range(2):
        assert reader.header() is not None
        raws.append(reader.take_raw())
        assert b"".join(reader.content()) in (b"abc", b"d")
    assert reader.header() is None
    raws.append(reader.take_raw())
    assert raws == [first[:512], first[515:] + second[:512], second[513:] + END]
    assert reader.take_raw() == b""


def test_content_has_to_be_read_before_the_next_header() -> None:
    reader = TarReader(io.BytesIO(file(b"a", b"abc") + END))
    reader.header()
    with pytest.raises(ValueError, match="the content of the entry before has not been read"):
        reader.header()


@pytest.mark.parametrize("size", [MAX_EXTENSION - 1, MAX_EXTENSION])
def test_an_extended_header_of_a_mebibyte_is_read(size: int) -> None:
    assert MAX_EXTENSION == 1024 * 1024
    assert len(one(long_name(b"n" * size) + file(b"n")).name) == size


def test_the_headers_of_one_entry_are_bounded() -> None:
    assert MAX_HEADERS == 8 * 1024 * 1024
    each = long_name(b"n" * (MAX_EXTENSION - 1024))
    fitting = each * 8 + file(b"n")
    assert len(fitting) <= MAX_HEADERS
    assert len(one(fitting).name) == MAX_EXTENSION - 1024
    what, where = refusal(each * 9 + file(b"n"))
    assert what == "the headers of one entry exceed 8388608 bytes"
    assert where == f"tar byte {8 * len(each) + 512}"
    first = file(b"first")
    exact = each * 7 + long_name(b"l" * 2048, b"K") + long_name(b"n" * MAX_EXTENSION) + file(b"n")
    assert len(exact) == MAX_HEADERS
    assert one(exact).typeflag == "0"
    assert [len(entry.name) for entry in read(first + exact + END)] == [5, MAX_EXTENSION]


def test_padding_is_that_of_the_last_block() -> None:
    assert [TarHeader("0", b"", size=size).padding for size in (0, 1, 511, 512, 513)] == [0, 511, 1, 0, 511]


def test_an_entry_has_no_attributes_but_those_of_its_header() -> None:
    made = TarHeader("0", b"a")
    assert (made.link_name, made.mode, made.size, made.uid, made.gid, made.dev_major, made.dev_minor) == (b"", *[0] * 6)
    assert (made.mtime, made.atime, made.ctime, made.xattrs, made.is_sparse) == (None, None, None, {}, False)


def test_content_and_rest_come_in_pieces() -> None:
    reader = TarReader(io.BytesIO(file(b"a", bytes(2**22 + 512)) + END + bytes(2**21 + 5)))
    assert reader.header() is not None
    assert [len(piece) for piece in reader.content()] == [2**22, 512]
    assert reader.header() is None
    assert [len(piece) for piece in reader.rest()] == [2**20, 2**20, 5]

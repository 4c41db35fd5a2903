"""One tar header, field by field: the last value that is right and the first that is not."""

from collections.abc import Iterator

import pytest

from conformance.format.tar_faults import TarRule
from conformance.format.tar_header_rules import HeaderRules, header_flaws, is_v7, number_of, text_of
from conformance.images.raw_tar import FIELDS, GNU, USTAR, V7, header


def rules(block: bytes) -> list[TarRule]:
    return [flaw.rule for flaw in header_flaws(block)]


def base256(value: int, width: int) -> bytes:
    first = 0x80 if value >= 0 else 0xFF
    rest: int = value % 256 ** (width - 1)
    return bytes([first]) + rest.to_bytes(width - 1, "big")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"0000644\0", 0o644),
        (b"    644\0", 0o644),
        (b"644 \0\0\0\0", 0o644),
        (b"00000644", 0o644),
        (b"0\0\0\0\0\0\0\0", 0),
        (b"7\0\0\0\0\0\0\0", 7),
        (bytes(8), 0),
        (b"        ", 0),
        (b" \0 \0 \0 \0", 0),
        (b"8\0\0\0\0\0\0\0", None),
        (b"6 4\0\0\0\0\0", None),
        (b"-1\0\0\0\0\0\0", None),
        (b"\x0064\0\0\0\0\0", None),
        (b"\t64\0\0\0\0\0", None),
        (b"64x\0\0\0\0\0", None),
        (base256(5, 8), 5),
        (base256(2**55, 8), 2**55),
        (base256(-1, 8), -1),
        (base256(-(2**40), 8), -(2**40)),
        (b"\x81" + bytes(7), None),
        (b"\xfe" + bytes(7), None),
    ],
)
def test_numbers(field: bytes, value: int | None) -> None:
    assert number_of(field) == value


def test_texts_end_at_the_first_nul() -> None:
    assert [text_of(field) for field in (b"ab\0c", b"\0a", b"ab", b"")] == [b"ab", b"", b"ab", b""]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, b"0"),
        ({}, b"\0"),
        ({"magic": GNU}, b"0"),
        *(({}, kind) for kind in (b"3", b"4", b"5", b"6")),
        *(({"linkname": b"to"}, kind) for kind in (b"1", b"2")),
        *(({}, kind) for kind in (b"x", b"L", b"K")),
        ({"mode": b"0007777\0"}, b"0"),
        ({"uid": base256(2**31 + 1, 8)}, b"0"),
        ({"uid": base256(2**32 - 1, 8)}, b"0"),
        ({"uid": base256(8**7 + 1, 8)}, b"0"),
        ({"gid": b"7777777\0"}, b"0"),
        ({"mtime": base256(8**11, 12)}, b"0"),
        ({"mtime": base256(-1, 12)}, b"0"),
        ({"mtime": base256(-(2**63), 12)}, b"0"),
        ({"devmajor": b"", "devminor": b""}, b"0"),
        ({"devmajor": b"0000001\0", "devminor": base256(8**7, 8)}, b"3"),
        ({"uname": b"root", "gname": b"root"}, b"0"),
        ({"uname": b"262144", "uid": b"1000000\0"}, b"0"),
        ({"gname": b"262144", "gid": b"1000000\0"}, b"0"),
        ({"uname": b"1000", "uid": b"0001750\0"}, b"0"),
        ({"gname": b"1000", "gid": b"0001750\0"}, b"0"),
        ({"uname": b"www-data", "uid": b"0000041\0", "gname": b"tape", "gid": b"0000032\0"}, b"0"),
        ({"uname": b"bin", "uid": b"0000002\0", "gname": b"adm", "gid": b"0000004\0"}, b"0"),
        ({"prefix": b"p" * 155}, b"0"),
        ({"uname": b"u" * 32, "gname": b"g" * 32}, b"0"),
        ({"linkname": b"l" * 100}, b"2"),
    ],
)
def test_headers_that_are_right(fields: dict[str, bytes], kind: bytes) -> None:
    assert rules(header(b"name", 0, kind, **fields)) == []


@pytest.mark.parametrize("size", [0, 1, 511, 8**11 - 1, base256(8**11, 12), base256(2**63 - 1, 12)])
def test_sizes_that_are_right(size: int | bytes) -> None:
    assert rules(header(b"name", size)) == []


@pytest.mark.parametrize(
    ("fields", "kind", "rule", "at"),
    [
        ({"mode": base256(8**7, 8)}, b"0", TarRule.NUMBER, 100),
        ({"mode": b"8"}, b"0", TarRule.NUMBER, 100),
        ({"mode": b""}, b"0", TarRule.NUMBER, 100),
        ({"mode": b""}, b"x", TarRule.EMPTY_OWNER, 100),
        ({"mode": b"0010000\0"}, b"0", TarRule.MODE, 100),
        ({"mode": b"10000644"}, b"0", TarRule.MODE, 100),
        ({"mode": b"00010000"}, b"0", TarRule.MODE, 100),
        ({"uid": base256(8**7 - 1, 8)}, b"0", TarRule.NUMBER, 108),
        ({"uid": base256(2**32, 8)}, b"0", TarRule.NUMBER, 108),
        ({"uid": base256(-1, 8)}, b"0", TarRule.NUMBER, 108),
        ({"gid": base256(2**32, 8)}, b"0", TarRule.NUMBER, 116),
        ({"gid": base256(-1, 8)}, b"0", TarRule.NUMBER, 116),
        ({"mode": base256(-1, 8)}, b"0", TarRule.NUMBER, 100),
        ({"uname": b"1" * 32, "gname": b"x"}, b"0", TarRule.OWNER_DIGITS, 265),
        ({"gname": b"1" * 32, "devmajor": b"x"}, b"0", TarRule.OWNER_DIGITS, 297),
        ({"uid": b""}, b"0", TarRule.EMPTY_OWNER, 108),
        ({"gid": b" " * 8}, b"0", TarRule.EMPTY_OWNER, 116),
        ({"mtime": b""}, b"0", TarRule.EMPTY_OWNER, 136),
        ({"mtime": base256(8**11 - 1, 12)}, b"0", TarRule.NUMBER, 136),
        ({"mtime": base256(0, 12)}, b"0", TarRule.NUMBER, 136),
        ({"mtime": base256(-(2**63) - 1, 12)}, b"0", TarRule.NUMBER, 136),
        ({"devmajor": b" " * 8}, b"0", TarRule.EMPTY_OWNER, 329),
        ({"devminor": base256(2**32, 8)}, b"3", TarRule.NUMBER, 337),
        ({"devmajor": base256(2**32, 8)}, b"4", TarRule.NUMBER, 329),
        ({"devmajor": b"0000001\0"}, b"0", TarRule.DEVICE, 329),
        ({"devminor": b"0000001\0"}, b"5", TarRule.DEVICE, 329),
        ({"devminor": b"0000001\0"}, b"6", TarRule.DEVICE, 329),
        *(({}, kind, TarRule.TYPE, 156) for kind in (b"7", b"8", b"A", b"S", b"g", b"X", b" ", b"-", b"\xff")),
        ({"magic": b"ustar\0 0"}, b"0", TarRule.MAGIC, 257),
        ({"magic": b"ustar\x0001"}, b"0", TarRule.MAGIC, 257),
        ({"magic": b"ustar   "}, b"0", TarRule.MAGIC, 257),
        ({"magic": b"USTAR\x0000"}, b"0", TarRule.MAGIC, 257),
        ({"magic": V7}, b"0", TarRule.V7, 257),
        ({"tail": b"\1"}, b"0", TarRule.TAIL, 500),
        ({"tail": bytes(11) + b"\1"}, b"0", TarRule.TAIL, 511),
        ({"magic": GNU, "prefix": b"p"}, b"0", TarRule.TAIL, 345),
        ({"magic": GNU, "prefix": bytes(154) + b"p"}, b"0", TarRule.TAIL, 499),
        ({"linkname": b"to\0x"}, b"2", TarRule.TEXT, 159),
        ({"uname": b"u\0x"}, b"0", TarRule.TEXT, 266),
        ({"gname": b"g\0x"}, b"0", TarRule.TEXT, 298),
        ({"prefix": b"p\0x"}, b"0", TarRule.TEXT, 346),
        ({"prefix": b"p" + bytes(130) + b"00000000000 "}, b"0", TarRule.STAR_TIMES, 476),
        ({"prefix": b"p" + bytes(130) + b"00000000000 00000000000 "}, b"0", TarRule.STAR_TIMES, 476),
        ({"prefix": b"p\0x" + bytes(128) + b"00000000000 "}, b"0", TarRule.TEXT, 346),
        ({"prefix": b"p" + bytes(129) + b"x" + b"00000000000 "}, b"0", TarRule.TEXT, 346),
        ({"uname": b"root", "uid": b"0000001\0"}, b"0", TarRule.OWNER, 265),
        ({"gname": b"root", "gid": b"0000001\0"}, b"0", TarRule.OWNER, 297),
        ({"uname": b"root", "uid": b"00000001"}, b"0", TarRule.OWNER, 265),
        ({"gname": b"root", "gid": b"00000001"}, b"0", TarRule.OWNER, 297),
        ({"uname": b"1000"}, b"0", TarRule.OWNER_DIGITS, 265),
        ({"gname": b"1"}, b"0", TarRule.OWNER_DIGITS, 297),
        ({"uname": b"0" * 21}, b"0", TarRule.OWNER_DIGITS, 265),
        ({"linkname": b"to"}, b"x", TarRule.EXTENDED_LINK, 157),
        ({"magic": V7}, b"x", TarRule.MAGIC, 257),
        ({"checksum": b"\x000001234"}, b"0", TarRule.CHECKSUM, 148),
        ({"checksum": b"00001234"}, b"0", TarRule.CHECKSUM, 148),
        ({"checksum": b"        "}, b"0", TarRule.CHECKSUM, 148),
    ],
)
def test_headers_that_are_not(fields: dict[str, bytes], kind: bytes, rule: TarRule, at: int) -> None:
    found = list(header_flaws(header(b"name", 0, kind, **fields)))
    assert (rule, at) in [(flaw.rule, flaw.at) for flaw in found]
    others = {flaw.rule for flaw in found} - {rule}
    assert others <= {TarRule.V7, TarRule.NUMBER, TarRule.TEXT, TarRule.MODE}, others


@pytest.mark.parametrize(
    ("size", "rule"),
    [
        (b"", TarRule.NUMBER),
        (b" " * 12, TarRule.NUMBER),
        (base256(8**11 - 1, 12), TarRule.NUMBER),
        (base256(2**63, 12), TarRule.NUMBER),
        (base256(-1, 12), TarRule.NUMBER),
        (b"9", TarRule.NUMBER),
    ],
)
def test_sizes_that_are_not_right(size: bytes, rule: TarRule) -> None:
    assert [(flaw.rule, flaw.at) for flaw in header_flaws(header(b"name", size))] == [(rule, 124)]


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"5", b"6"])
def test_what_has_no_content_has_the_size_0(kind: bytes) -> None:
    link = b"to" if kind in b"12" else b""
    found = list(header_flaws(header(b"name", 1, kind, linkname=link)))
    assert [(flaw.rule, flaw.at, flaw.found) for flaw in found] == [(TarRule.NO_CONTENT, 124, "1")]


@pytest.mark.parametrize(
    ("name", "kind", "magic", "expected"),
    [
        (b"d/", b"\0", USTAR, [TarRule.SLASH]),
        (b"d/", b"\0", GNU, [TarRule.SLASH]),
        (b"d/", b"\0", V7, [TarRule.V7]),
        (b"d/", b"5", USTAR, []),
        (b"d/", b"x", USTAR, [TarRule.SLASH]),
        (b"/d", b"\0", USTAR, []),
        (b"", b"x", USTAR, [TarRule.NAME]),
        (b"", b"L", GNU, [TarRule.NAME]),
    ],
)
def test_names(name: bytes, kind: bytes, magic: bytes, expected: list[TarRule]) -> None:
    assert rules(header(name, 0, kind, magic=magic)) == expected


@pytest.mark.parametrize(
    ("prefix", "magic", "expected"),
    [(b"p", USTAR, [TarRule.ONLY_PREFIX]), (b"", USTAR, []), (b"p", GNU, [TarRule.TAIL])],
)
def test_a_name_in_the_prefix_alone(prefix: bytes, magic: bytes, expected: list[TarRule]) -> None:
    assert rules(header(b"", 0, b"5", prefix=prefix, magic=magic)) == expected


def test_the_sum_is_of_unsigned_bytes() -> None:
    name = "caf\u00e9".encode()
    assert rules(header(name)) == []
    right = number_of(header(name)[148:156])
    assert right is not None
    for value in (right - 512, right + 1, right - 1):
        found = list(header_flaws(header(name, checksum=b"%06o\0 " % value)))
        assert [(flaw.rule, flaw.expected, flaw.found) for flaw in found] == [
            (TarRule.CHECKSUM, f"{right:o}, the sum of unsigned bytes", f"{value:o}")
        ]


def test_v7_may_have_zeros_for_devices() -> None:
    zeros = {"devmajor": b"0000000\0", "devminor": b"0000000\0"}
    assert rules(header(b"name", magic=V7, **zeros)) == [TarRule.V7]
    assert rules(header(b"name", magic=V7, devmajor=b"0000001\0", devminor=b"0000000\0"))[:2] == [
        TarRule.V7,
        TarRule.TAIL,
    ]
    assert rules(header(b"name", magic=V7, uname=b"u")) == [TarRule.V7, TarRule.TAIL]
    assert rules(header(b"name", magic=V7, uname=b"root", uid=b"0000001\0")) == [TarRule.V7, TarRule.TAIL]
    assert TarRule.TAIL in rules(header(b"name", magic=V7, devmajor=b"1000000\0", devminor=b"0000000\0"))
    found = list(header_flaws(header(b"name", magic=V7, **zeros, prefix=b"p")))
    assert [(flaw.rule, flaw.at) for flaw in found] == [(TarRule.V7, 257), (TarRule.TAIL, 345)]
    assert rules(header(b"name", 0, b"2", magic=V7, linkname=b"l" * 100)) == [TarRule.V7]
    assert rules(header(b"", 0, b"5", magic=V7, prefix=b"p")) == [TarRule.V7, TarRule.TAIL]


def _changed() -> Iterator[bytes]:
    """A plain header with each byte changed in several ways."""
    for kind in (b"0", b"\0", b"5", b"2"):
        plain = header(b"name", 0, kind, linkname=b"to" if kind == b"2" else b"")
        for at in range(512):
            for value in (0, 0x20, 0x2F, 0x30, 0x31, 0x37, 0x38, 0x41, 0x78, 0x80, 0xFF):
                block = plain[:at] + bytes([value]) + plain[at + 1 :]
                if not 148 <= at < 156:
                    total = sum(block[:148]) + sum(block[156:]) + 8 * 0x20
                    block = block[:148] + b"%06o\0 " % total + block[156:]
                yield block


def test_no_header_with_a_flaw_is_plain() -> None:
    """The quick look lets nothing through that the slow one finds; names and links are the watch's, beside it."""
    quick = HeaderRules()
    plain = 0
    for block in _changed():
        if quick.is_plain(block):
            plain += 1
            assert rules(block) == [], block
            assert HeaderRules().is_plain(block)
    assert plain > 1000


@pytest.mark.parametrize(
    "block",
    [
        header(b""),
        header(b"d/"),
        header(b"d/", 0, b"\0"),
        header(b"a\0b"),
        header(b"name", 0, b"2"),
        header(b"name", 0, b"1"),
        header(b"name", 0, b"0", linkname=b"to"),
        header(b"name", 0, b"5", linkname=b"to"),
        header(b"name", 0, b"2", linkname=b"to\0x"),
        header(b"name", 1, b"5"),
        header(b"name", 1, b"2", linkname=b"to"),
        header("caf\u00e9".encode()),
        header(b"name", prefix=b"p"),
        header(b"name", tail=b"x"),
        header(b"name", 0, b"g"),
        header(b"name", 0, b"7"),
    ],
)
def test_headers_that_need_inspection_are_not_plain(block: bytes) -> None:
    rules_of_headers = HeaderRules()
    assert rules_of_headers.is_plain(header(b"name"))
    assert not rules_of_headers.is_plain(block)


@pytest.mark.parametrize(
    "block",
    [
        header(b"name"),
        header(b"name", 5),
        header(b"name", 8**11 - 1, b"\0"),
        header(b"d/", 0, b"5"),
        header(b"n" * 100),
        header(b"a.-"),
        header(b"name", 0, b"2", linkname=b"l"),
        header(b"name", 0, b"1", linkname=b"l" * 99),
        header(b"name", 0, b"2", linkname=b"l" * 100),
        header(b"name", 0, b"x"),
        header(b"name", magic=GNU, uname=b"u", gname=b"g"),
    ],
)
def test_ordinary_headers_are_plain(block: bytes) -> None:
    assert HeaderRules().is_plain(block)
    assert FIELDS


def test_times_of_star_are_reported_whatever_stands_behind_them() -> None:
    block = header(b"name", prefix=b"p" + bytes(130) + b"00000000000 00000000000 ", tail=b"\1")
    assert set(rules(block)) == {TarRule.STAR_TIMES, TarRule.TAIL}


def test_a_name_of_one_character_is_a_name() -> None:
    assert rules(header(b"n", 0, b"5", prefix=b"p")) == []


def test_the_form_v7_has_eight_empty_bytes_for_its_magic() -> None:
    for at in (256, 265):
        assert is_v7(bytes(at) + b"x" + bytes(511 - at))
    for at in range(257, 265):
        assert not is_v7(bytes(at) + b"x" + bytes(511 - at))

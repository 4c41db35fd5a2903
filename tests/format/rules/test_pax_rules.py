"""The records of a PAX header, one by one: what is read of them, and what is wrong where."""

import base64

import pytest

from conformance.format.pax_rules import records_of
from conformance.format.tar_faults import TarRule
from conformance.images.raw_tar import record

ACL = b"user::rw-,group::r--,other::r--"


def rules(*records: tuple[bytes, bytes]) -> list[TarRule]:
    return [flaw.rule for flaw in records_of(b"".join(record(*each) for each in records))[1]]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *((key, value) for key in (b"uid", b"gid") for value in (b"0", b"1", b"4294967295", b"10")),
        *((b"size", value) for value in (b"0", b"1", b"9223372036854775807")),
        *((key, value) for key in (b"mtime", b"atime", b"ctime") for value in (b"0", b"-1", b"1.5", b"1.", b"9" * 20)),
        *((key, value) for key in (b"path", b"linkpath", b"uname", b"gname") for value in (b"a", "\u00e9".encode())),
        (b"comment", b""),
        (b"comment", b"\xff"),
        (b"comment", b"a\nb"),
        (b"comment", b"a\n3 b="),
        (b"comment", b"a\n13 path=abc"),
        (b"VENDOR.key", b""),
        (b"SCHILY.xattr.user.a", b"\0\n\xff"),
        (b"SCHILY.xattr.user.a", b""),
        (b"SCHILY.xattr.SUN.x", b"1"),
        (b"SCHILY.dev", b"1"),
        (b"SCHILY.ino", b"1"),
        (b"GNU.x", b"1"),
        (b"SCHILY.acl", b"1"),
    ],
)
def test_records_that_are_right(key: bytes, value: bytes) -> None:
    records, flaws = records_of(record(key, value))
    assert records == {key: value}
    assert flaws == ()


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        *((key, b"4294967296", TarRule.DECIMAL) for key in (b"uid", b"gid")),
        *((key, b"-1", TarRule.DECIMAL) for key in (b"uid", b"gid", b"size")),
        *((key, b"+1", TarRule.DECIMAL) for key in (b"uid", b"gid", b"size")),
        *((key, b"1.0", TarRule.DECIMAL) for key in (b"uid", b"gid", b"size")),
        *((key, b"01", TarRule.LEADING_ZERO) for key in (b"uid", b"gid", b"size")),
        *((key, b"00", TarRule.LEADING_ZERO) for key in (b"uid", b"gid", b"size")),
        (b"size", b"9223372036854775808", TarRule.DECIMAL),
        (b"size", b"1" * 21, TarRule.DECIMAL),
        *((key, b"", TarRule.EMPTY) for key in (b"path", b"linkpath", b"uid", b"gid", b"size", b"mtime", b"atime")),
        (b"ctime", b"", TarRule.EMPTY),
        *((key, b"", TarRule.EMPTY_OWNER) for key in (b"uname", b"gname")),
        *((key, b"a\0", TarRule.NUL) for key in (b"path", b"linkpath", b"uname", b"uid", b"mtime", b"comment")),
        *((key, b"+1", TarRule.TIME) for key in (b"mtime", b"atime", b"ctime")),
        *((b"mtime", value, TarRule.TIME) for value in (b".5", b"1,5", b"1e3", b"--1", b"1.5.5", b"1" * 21, b"x")),
        *((key, b"\xff", TarRule.UTF8) for key in (b"path", b"linkpath", b"uname", b"gname")),
        *((key, b"a\nb", TarRule.NEWLINE) for key in (b"path", b"linkpath", b"uname", b"gname")),
        *((key, b"a\n9 path=b", TarRule.RECORD_INSIDE) for key in (b"comment", b"SCHILY.xattr.user.a")),
        (b"path", b"a\n9 path=b", TarRule.RECORD_INSIDE),
        *(
            (key, b"1", TarRule.KEY)
            for key in (b"GNU.sparse.x", b"GNU.volume.x", b"GNU.dumpdir", b"SCHILY.realsize", b"SCHILY.devmajor")
        ),
        *((key, b"1", TarRule.KEY) for key in (b"SCHILY.devminor", b"SCHILY.filetype", b"SUN.x")),
        *((key, b"1", TarRule.ATTRIBUTE_KEY) for key in (b"SCHILY.fflags", b"RHT.security.selinux", b"hdrcharset")),
        (b"SCHILY.acl.access", ACL, TarRule.ATTRIBUTE_KEY),
    ],
)
def test_records_that_are_not(key: bytes, value: bytes, rule: TarRule) -> None:
    records, flaws = records_of(record(b"comment", b"first") + record(key, value))
    assert records[key] == value
    assert [flaw.rule for flaw in flaws] == [rule] or key == b"comment"
    assert rule in [flaw.rule for flaw in flaws]
    assert {flaw.at for flaw in flaws} == {len(record(b"comment", b"first"))}


@pytest.mark.parametrize(
    "content",
    [
        b"0 a=\n",
        b"05 a=\n",
        b"4 a=\n",
        b"6 a=\n",
        b"5 a=x",
        b"5 a=\t",
        b"5 a=\x0b",
        b"5 a=",
        b"5  =\n",
        b"5\ta=\n",
        b"4 =\n",
        b"5 a\n\n",
        b"1234567890 a=\n",
        b"3 \n",
        b"x",
        b"\n",
        b"5 a=\nx",
        b"5 a=\n\n",
        b"3 a=\n",
    ],
)
def test_an_invalid_record_ends_the_reading(content: bytes) -> None:
    before = record(b"path", b"a")
    records, flaws = records_of(before + content + record(b"uid", b"5"))
    assert b"uid" not in records
    assert flaws[-1].rule is TarRule.SYNTAX
    assert flaws[-1].at - len(before) in (0, 5)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"9 a\0b=cd\n", TarRule.NUL),
        (b"9 ab\0", TarRule.NUL),
        (b"9 ab=c\0", TarRule.SYNTAX),
        (b"\0", TarRule.SYNTAX),
        (b"9 \0a=bc\n", TarRule.NUL),
        (b"9x a\0", TarRule.SYNTAX),
        (b" a\0", TarRule.SYNTAX),
        (b"9 " + b"a" * 197 + b"\0", TarRule.NUL),
        (b"9 " + b"a" * 198 + b"\0", TarRule.SYNTAX),
    ],
)
def test_a_nul_in_a_key_is_reported_as_one(content: bytes, rule: TarRule) -> None:
    assert [flaw.rule for flaw in records_of(content)[1]] == [rule]


def test_an_invalid_record_is_shown_from_its_first_byte() -> None:
    before = record(b"comment", b"c" * 50)
    (flaw,) = records_of(before + b"no record")[1]
    assert flaw.at == len(before)
    assert flaw.found == "'no record'"


def test_a_length_that_is_as_long_as_the_content_is_right() -> None:
    assert records_of(b"5 a=\n") == ({b"a": b""}, ())
    assert records_of(b"") == ({}, ())


def test_a_key_comes_once_but_a_comment() -> None:
    assert rules((b"uid", b"1"), (b"uid", b"1")) == [TarRule.KEY_TWICE]
    assert rules((b"a", b"1"), (b"b", b"1"), (b"a", b"1"), (b"a", b"1")) == [TarRule.KEY_TWICE] * 2
    assert rules((b"comment", b"1"), (b"comment", b"2")) == []
    records, flaws = records_of(record(b"uid", b"1") + record(b"uid", b"2"))
    assert records == {b"uid": b"2"}
    assert flaws[0].at == len(record(b"uid", b"1"))


def test_flaws_are_counted_up_to_a_hundred() -> None:
    many = b"".join(record(b"uid", b"x") for _ in range(200))
    assert 100 <= len(records_of(many)[1]) <= 102
    assert len(records_of(record(b"uid", b"x") + record(b"a", b"1") * 99)[1]) == 99


@pytest.mark.parametrize("value", [b"v", b"", b"ab", b"abc", b"\0\xff"])
def test_an_attribute_may_be_said_twice_in_the_same_words(value: bytes) -> None:
    said = base64.b64encode(value).rstrip(b"=")
    both = ((b"SCHILY.xattr.user.a b", value), (b"LIBARCHIVE.xattr.user.a%20b", said))
    assert rules(*both) == rules(*reversed(both)) == []
    assert rules(both[1]) == [TarRule.XATTR]
    assert rules(both[0], (both[1][0], said + b"QQ")) == [TarRule.XATTR]
    assert rules(both[0], (both[1][0], b"*")) == [TarRule.XATTR]


@pytest.mark.parametrize("kind", [b"access", b"default"])
def test_an_acl_may_be_said_twice_in_the_same_words(kind: bytes) -> None:
    def binary(*entries: tuple[int, int]) -> bytes:
        packed = b"".join(tag.to_bytes(2, "little") + bits.to_bytes(2, "little") + b"\xff" * 4 for tag, bits in entries)
        return (2).to_bytes(4, "little") + packed

    key, attribute = b"SCHILY.acl." + kind, b"SCHILY.xattr.system.posix_acl_" + kind
    same, other = binary((1, 6), (4, 4), (32, 4)), binary((1, 6), (4, 4), (32, 0))
    assert rules((key, ACL), (attribute, same)) == [TarRule.ATTRIBUTE_KEY]
    assert rules((key, ACL), (attribute, other)) == [TarRule.ATTRIBUTE_KEY, TarRule.XATTR]
    assert rules((key, b"nonsense"), (attribute, same)) == [TarRule.ATTRIBUTE_KEY, TarRule.XATTR]
    assert rules((key, ACL)) == [TarRule.ATTRIBUTE_KEY]


@pytest.mark.parametrize("length", [0, 10, 197])
def test_a_nul_in_a_key_is_reported_where_its_record_begins(length: int) -> None:
    before, wrong = record(b"path", b"a"), b"30 " + b"k" * length + b"\0" + b"v" * 300
    (flaw,) = records_of(before + wrong)[1]
    assert (flaw.rule, flaw.at) == (TarRule.NUL, len(before))
    assert flaw.found == repr(wrong[:40])[1:]


def test_a_nul_far_behind_is_not_in_the_key() -> None:
    (flaw,) = records_of(b"30 " + b"k" * 198 + b"\0")[1]
    assert flaw.rule is TarRule.SYNTAX

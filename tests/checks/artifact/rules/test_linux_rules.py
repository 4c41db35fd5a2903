"""Entries that Linux cannot have, at the edges of its limits (include/uapi/linux/limits.h, kdev_t.h)."""

import base64
from collections.abc import Callable

import pytest

from conformance.checks.artifact import linux_rules
from conformance.format.toc import Entry
from conformance.format.toc_outline import Outline, Problems, outline


def told(problems: Problems) -> list[str]:
    return [each.found for each in problems]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("n" * 255, []),
        ("n" * 256, ["a component of 256 bytes"]),
        ("d/" + "n" * 255, []),
        ("d/" + "n" * 256 + "/f", ["a component of 256 bytes"]),
        ("é" * 127, []),
        ("é" * 128, ["a component of 256 bytes"]),
        ("n" * 64, []),
        ("\U0001f600" * 63, []),
        ("\U0001f600" * 64, ["a component of 256 bytes"]),
        ("d/" * 2047 + "f", []),
        ("d/" * 2048, ["a name of 4096 bytes"]),
        ("é/" * 1365, []),
        ("é/" * 1365 + "f", ["a name of 4096 bytes"]),
    ],
)
def test_the_length_of_a_name(name: str, found: list[str]) -> None:
    assert told(linux_rules.long_names(outline([Entry("reg", "other"), Entry("reg", name)]))) == found


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("t" * 1023, []),
        ("t" * 4095, []),
        ("t" * 4096, ["a target of 4096 bytes"]),
        ("t" * 4099, ["a target of 4099 bytes"]),
        ("é" * 2047, []),
        ("é" * 2048, ["a target of 4096 bytes"]),
        ("\U0001f600" * 1023, []),
        ("\U0001f600" * 1024, ["a target of 4096 bytes"]),
    ],
)
def test_the_length_of_a_target(target: str, found: list[str]) -> None:
    """The components of a target are not inspected: the entry can be created."""
    assert told(linux_rules.long_names(outline([Entry("symlink", "l", link_name=target)]))) == found


@pytest.mark.parametrize(
    ("uid", "gid", "wrong"),
    [(0, 0, False), (2**32 - 2, 2**32 - 2, False), (2**32 - 1, 0, True), (0, 2**32 - 1, True), (2**32, 2**32, False)],
)
def test_an_owner_that_changes_nothing(uid: int, gid: int, wrong: bool) -> None:
    found = told(linux_rules.unchanged_owners(outline([Entry("reg", "f", uid=uid, gid=gid)])))
    assert found == ([f"owner {uid}:{gid}"] if wrong else [])


@pytest.mark.parametrize(
    ("major", "minor", "wrong"),
    [(4095, 1048575, False), (4096, 0, True), (0, 1048576, True), (4096, 1048576, True)],
)
def test_the_numbers_of_a_device(major: int, minor: int, wrong: bool) -> None:
    for kind in ("block", "char", "reg", "dir", "fifo"):
        found = told(linux_rules.large_devices(outline([Entry(kind, "d", dev_major=major, dev_minor=minor)])))
        assert found == ([f"{major}:{minor}"] if wrong and kind in ("block", "char") else [])


@pytest.mark.parametrize("kind", ["block", "char", "dir", "fifo", "hardlink", "reg", "symlink"])
def test_attributes_of_users_are_on_files_and_directories(kind: str) -> None:
    attributes = {"user.a": "YQ==", "security.b": "YQ==", "trusted.user.c": "YQ=="}
    toc = outline([Entry(kind, "f", link_name="x", xattrs=attributes)])
    wrong = kind in ("block", "char", "fifo", "symlink")
    assert told(linux_rules.misplaced_user_attributes(toc)) == (["'user.a'"] if wrong else [])


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [
        ("user." + "a" * 250, b"", []),
        ("user." + "a" * 251, b"", ["256 bytes: "]),
        ("user." + "é" * 125, b"", []),
        ("user.a" + "é" * 125, b"", ["256 bytes: "]),
        ("user.a", b"x" * 65536, []),
        ("user.a", b"x" * 65537, ["65537 bytes"]),
        ("security.capability", b"\0\0\0\2" + bytes(16), []),
        ("security.capability", b"\0\0\0\2" + bytes(20), ["'"]),
        ("security.capability", b"\0\0\0\3" + bytes(20), []),
        ("security.capability", b"\0\0\0\3" + bytes(16), ["'"]),
        ("security.capability", b"\0\0\0\1" + bytes(8), ["'"]),
        ("security.capability", b"abc", ["'"]),
        ("security.capability", b"", []),
        ("user.capability", b"abc", []),
        ("system.posix_acl_access", b"\2\0\0\0", []),
        ("system.posix_acl_access", b"\3\0\0\0", ["'"]),
        ("system.posix_acl_default", b"", ["'"]),
        ("system.posix_acl_default", b"\2\0\0\0" + bytes(7), ["'"]),
        ("system.posix_acl_other", b"", []),
    ],
)
def test_an_attribute_that_linux_refuses(key: str, value: bytes, found: list[str]) -> None:
    toc = outline([Entry("reg", "f", xattrs={key: base64.b64encode(value).decode()})])
    reported = told(linux_rules.impossible_attributes(toc))
    assert len(reported) == len(found)
    assert all(text.startswith(start) for text, start in zip(reported, found, strict=True))


def test_what_is_not_base64_is_another_rule() -> None:
    assert told(linux_rules.impossible_attributes(outline([Entry("reg", "f", xattrs={"user.a": "?"})]))) == []


def test_only_long_names_and_targets_cost_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layer may have a million entries, nearly all of them short."""
    looked: list[str] = []
    monkeypatch.setattr(linux_rules, "_too_long", lambda entry: looked.append(entry.name))
    short = [
        Entry("symlink", "n" * 255, link_name="t" * 255),
        Entry("symlink", "a" * 100, link_name="\U0001f600" * 255),
    ]
    long = [Entry("reg", "n" * 256), Entry("reg", "é"), Entry("symlink", "t", link_name="t" * 256)]
    assert told(linux_rules.long_names(outline([*short, *long]))) == []
    assert looked == ["n" * 256, "é", "t"]


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        (linux_rules.unchanged_owners, Entry("reg", "f", uid=2**32 - 1)),
        (linux_rules.large_devices, Entry("char", "f", dev_minor=2**20)),
        (linux_rules.misplaced_user_attributes, Entry("fifo", "f", xattrs={"user.a": ""})),
        (linux_rules.impossible_attributes, Entry("reg", "f", xattrs={"user." + "a" * 251: ""})),
        (linux_rules.long_names, Entry("reg", "n" * 256)),
    ],
)
def test_ten_of_each_are_listed(rule: Callable[[Outline], Problems], entry: Entry) -> None:
    assert len(told(rule(outline([entry] * 12)))) == 10

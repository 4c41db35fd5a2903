"""The panel of readers of whole archives: real ones, and programs that misbehave."""

import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cases.mutants.tar_parts import base256
from conformance.images.raw_tar import GNU, V7, file
from conformance.readers.agreement import Difference, differing_pairs
from conformance.readers.command_line import COMMANDS, is_clear
from conformance.readers.limits import LIMITS, Feature, comparable, features_of
from conformance.readers.panel import Panel
from conformance.readers.programs import PROGRAM_LIST
from conformance.readers.reading import path_of
from conformance.readers.stream import Launch, ReaderProgram, Request
from tests.readers.archives import CONTENT, archive, extended_before_gnu_name, member, ordinary
from tests.tools import need

TAR_READERS = [
    name for program in PROGRAM_LIST if program.reads == "layers" for name in program.readers if "TOC" not in name
]
FORMS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
SMALL = archive(member("dir", tarfile.DIRTYPE, mode=0o755), member("dir/file", size=6), form=tarfile.USTAR_FORMAT)


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with Panel() as running:
        yield running


@pytest.mark.parametrize("form", ["gnu", "pax"])
@pytest.mark.parametrize("reader", TAR_READERS)
def test_reader_sees_an_ordinary_archive(panel: Panel, reader: str, form: str) -> None:
    tar = ordinary(FORMS[form])
    (readings,) = panel.read_tars([tar])
    need(reader in readings, reader)
    seen = readings[reader]
    assert seen.refused is None
    assert [(path_of(one.name), one.kind) for one in seen.members][2:4] == [(b"etc/file", "reg"), (b"etc/empty", "reg")]
    assert len(seen.members) == 10 or not comparable(tar, {reader: seen})
    both = {reader: seen, "Python tarfile": readings["Python tarfile"]}
    assert list(differing_pairs(comparable(tar, both))) == []


@pytest.mark.parametrize("reader", [command.name for command in COMMANDS])
def test_command_lists_a_small_archive(panel: Panel, reader: str) -> None:
    readings = panel.read_with_commands(SMALL) | panel.read_tars([SMALL])[0]
    need(reader in readings, reader)
    assert [path_of(one.name) for one in readings[reader].members] == [b"dir", b"dir/file"]
    assert list(differing_pairs(readings)) == []


@pytest.mark.parametrize("reader", ["GNU tar", "busybox tar", "7-Zip"])
def test_command_lists_an_ordinary_archive(panel: Panel, reader: str) -> None:
    tar = ordinary(tarfile.GNU_FORMAT)
    readings = panel.read_with_commands(tar)
    need(reader in readings, reader)
    both = {reader: readings[reader], "Python tarfile": panel.read_tars([tar])[0]["Python tarfile"]}
    assert readings[reader].accepts
    assert list(differing_pairs(comparable(tar, both))) == []


def test_readers_that_differ_are_named_with_what_differs(panel: Panel) -> None:
    (readings,) = panel.read_tars([extended_before_gnu_name()])
    need("Go archive/tar" in readings, "Go archive/tar")
    assert ("Python tarfile", "Go archive/tar", Difference.NAME) in set(differing_pairs(readings))


def test_a_refusal_is_reported_in_the_readers_words(panel: Panel) -> None:
    broken = bytearray(SMALL)
    broken[148] ^= 1
    (readings,) = panel.read_tars([bytes(broken)])
    need("Go archive/tar" in readings, "Go archive/tar")
    assert readings["Go archive/tar"].refused == "archive/tar: invalid tar header"
    assert (readings["Python tarfile"].refused or "").startswith("ReadError")


def test_absent_programs_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("ZCC_NODE_MODULES", raising=False)
    with Panel() as panel:
        assert {info.name for info in panel.readers} >= {"Python tarfile"}
        assert panel.absent.keys() >= {"Go archive/tar", "Rust tar", "node tar", "Java commons-compress"}
        assert panel.absent["Rust tar"] == "`zcc readers install` with cargo 1.85 or later"


MISBEHAVING = """
import sys, time
print('[{"name": "it", "version": "1"}]', flush=True)
while line := sys.stdin.buffer.readline():
    content = sys.stdin.buffer.read(int(line.split()[1]))
    if content == b"die": sys.exit(3)
    if content == b"sleep": time.sleep(60)
    print("no JSON" if content == b"lie" else '[{"members": []}]', flush=True)
"""


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"die", "status 3"), (b"sleep", "no result within 2 s"), (b"lie", "a result that is none")],
)
def test_program_that_misbehaves_is_started_again(content: bytes, problem: str) -> None:
    with ReaderProgram(Launch((sys.executable, "-c", MISBEHAVING)), timeout=2) as program:
        replies = program.ask([Request(b"a"), Request(content), Request(b"b")])
    assert [reading.crashed for (reading,) in replies] == [False, True, False]
    assert problem in (replies[1][0].refused or "")


def test_many_archives_do_not_fill_the_pipes() -> None:
    with ReaderProgram(Launch((sys.executable, "-c", MISBEHAVING))) as program:
        assert len(program.ask([Request(bytes(2**16))] * 100)) == 100


def test_program_that_says_no_readers_is_an_error() -> None:
    with pytest.raises(OSError, match="states no readers"):
        ReaderProgram(Launch((sys.executable, "-c", "print('hello')")))


@pytest.mark.parametrize("reader", sorted(LIMITS.keys() & set(TAR_READERS)))
def test_limit_of_a_reader_is_one(panel: Panel, reader: str) -> None:
    """A reader that has learnt what it did not know is to be compared again: then this fails."""
    tar = ordinary(tarfile.PAX_FORMAT)
    (readings,) = panel.read_tars([tar])
    need(reader in readings, reader)
    assert LIMITS[reader] & features_of(tar)
    assert list(differing_pairs({reader: readings[reader], "Python tarfile": readings["Python tarfile"]}))


@pytest.mark.parametrize("magic", [V7, GNU])
def test_base_256_is_recognized_in_every_form_of_header(magic: bytes) -> None:
    tar = file(b"f", CONTENT, uid=base256(2**31, 8), magic=magic)
    assert Feature.BASE256 in features_of(tar)
    assert Feature.BASE256 not in features_of(file(b"f", CONTENT, magic=magic))
    assert Feature.BASE256 not in features_of(b"\xff" + tar[1:148] + b"0000000\0" + tar[156:257] + bytes(8) + tar[265:])


def test_features_of_an_archive_of_zeros_take_a_time_that_grows_with_its_size() -> None:
    start = time.process_time()
    assert features_of(bytes(2**24)) == frozenset()
    assert time.process_time() - start < 5


def test_a_command_is_not_asked_for_a_listing_that_is_not_clear() -> None:
    commands = {command.name: command for command in COMMANDS}
    arrow, newline = archive(member("a -> b"), form=0), archive(member("a\nb"), form=0)
    assert [name for name, command in commands.items() if is_clear(command, arrow)] == []
    assert not is_clear(commands["7-Zip"], newline)
    assert is_clear(commands["7-Zip"], bytes(1024))
    assert not is_clear(commands["7-Zip"], b"v7\nname".ljust(1024, b"\0"))
    assert not is_clear(commands["7-Zip"], file(b"a") + file(b"b", b"", b"2", linkname=b"a\nb", magic=V7))
    assert is_clear(commands["7-Zip"], file(b"a", b"a\nb") + file(b"b", magic=V7))
    assert is_clear(commands["GNU tar"], newline)
    assert is_clear(commands["cpio"], SMALL)
    assert not is_clear(commands["cpio"], ordinary(tarfile.PAX_FORMAT))
    assert not is_clear(commands["cpio"], ordinary(tarfile.GNU_FORMAT))

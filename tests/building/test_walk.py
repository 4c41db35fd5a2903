"""A directory as a tar: what it states, that it is the same every time, and what is refused."""

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest

from conformance.building.errors import BuildError
from conformance.building.streams import Counted, file_pieces
from conformance.building.walk import WalkRules, tar_pieces
from conformance.format.piece_stream import PieceStream
from conformance.format.tar import TarReader
from tests.building.trees import MOMENT, facts_of, make_tree

AS_IT_IS = WalkRules()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return make_tree(tmp_path / "tree")


def members(directory: Path, rules: WalkRules = AS_IT_IS) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(tar_pieces(directory, rules)))) as archive:
        return {member.name: member for member in archive}


def test_every_kind_of_entry_is_there_with_its_attributes(tree: Path) -> None:
    found = members(tree)
    assert set(found) == {str(path.relative_to(tree)) for path in tree.rglob("*")}
    assert found["bin/tool"].islnk()
    assert found["bin/tool"].linkname == "bin/same"
    assert (found["bin/same"].mode, found["bin/same"].size) == (0o4755, 150_000)
    assert found["bin/link"].linkname == "tool"
    assert found["etc/dangling"].linkname == "/no/such/file"
    assert found["data/deep/er"].mode == 0o1777
    assert found["data/fifo"].isfifo()
    facts = facts_of(tree)
    keys = {key for fact in facts.values() for key in fact.xattrs}
    said = {key for member in found.values() for key in member.pax_headers if key.startswith("SCHILY.xattr.")}
    assert said == {f"SCHILY.xattr.{key}" for key in keys}
    assert {name: (member.uid, member.gid) for name, member in found.items()} == {
        name: fact.owner for name, fact in facts.items()
    }
    devices = [name for name, member in found.items() if member.ischr()]
    assert {facts[name].link for name in devices} <= {"1:3"}
    assert {(found[name].devmajor, found[name].devminor) for name in devices} <= {(1, 3)}


def test_parents_come_first_and_names_are_sorted_by_their_bytes(tree: Path) -> None:
    names = list(members(tree))
    assert names == sorted(names, key=lambda name: [part.encode() for part in name.split("/")])


def test_the_reader_of_this_project_sees_exact_times_and_binary_attributes(tree: Path) -> None:
    reader = TarReader(io.BytesIO(b"".join(tar_pieces(tree, AS_IT_IS))))
    found = {}
    while (header := reader.header()) is not None:
        found[header.name] = header
        for _ in reader.content():
            pass
    assert {header.mtime for header in found.values()} == {MOMENT}
    attributes = {key: os.getxattr(tree / "bin/same", key) for key in os.listxattr(tree / "bin/same")}
    assert found[b"bin/same"].xattrs == {key.encode(): value for key, value in attributes.items()}
    assert set(attributes) <= {"security.capability"}


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_tree(tmp_path / name)
        made.append(b"".join(tar_pieces(tmp_path / name, AS_IT_IS)))
    assert made[0] == made[1]


def test_rules_replace_what_the_file_system_says(tree: Path) -> None:
    fixed = members(tree, WalkRules(mtime=7_000_000_000, owner=(5, 6)))
    assert {(member.mtime, member.uid, member.gid) for member in fixed.values()} == {(7, 5, 6)}
    (tree / "etc/old").touch()
    os.utime(tree / "etc/old", ns=(0, 0))
    clamped = members(tree, WalkRules(latest=9_000_000_000))
    assert (clamped["etc/old"].mtime, clamped["bin/same"].mtime) == (0, 9)


@pytest.mark.parametrize("moment", [0, 1, -1, -1_500_000_000, 999_999_999, 4_102_444_800_000_000_001])
def test_times_before_1970_and_fractions_survive(tmp_path: Path, moment: int) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").touch()
    header = TarReader(io.BytesIO(b"".join(tar_pieces(tree, WalkRules(mtime=moment))))).header()
    assert header is not None
    assert header.mtime == moment


def test_an_empty_directory_is_an_empty_tar(tmp_path: Path) -> None:
    assert b"".join(tar_pieces(tmp_path, AS_IT_IS)) == bytes(1024)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")).touch()
    with pytest.raises(BuildError, match="is not UTF-8") as caught:
        list(tar_pieces(tmp_path, AS_IT_IS))
    assert str(caught.value).isprintable()


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("door")
        with pytest.raises(BuildError, match="'door': it is a socket"):
            list(tar_pieces(tmp_path, AS_IT_IS))


@pytest.mark.parametrize("size", [2**20, 4 * 2**20])
def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(3 * 2**20))
    pieces = tar_pieces(tmp_path, AS_IT_IS)
    next(pieces)
    next(pieces)
    os.truncate(path, size)
    with pytest.raises(BuildError, match="changed while it was read"):
        list(pieces)


def test_a_file_that_is_replaced_before_it_is_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"one")
    (tmp_path / "other").write_bytes(b"two")
    opened = os.open
    monkeypatch.setattr(os, "open", lambda _, flags: opened(tmp_path / "other", flags))
    with pytest.raises(BuildError, match="'file': changed while it was read"):
        list(tar_pieces(tmp_path, AS_IT_IS))


def test_an_invalid_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no such directory"):
        list(tar_pieces(tmp_path / "absent", AS_IT_IS))


def test_pieces_read_as_a_file() -> None:
    file = PieceStream([b"abc", b"", b"defgh"])
    assert [file.read(2), file.read(2), file.read(9), file.read(1)] == [b"ab", b"c", b"defgh", b""]


def test_a_tar_file_passes_unchanged_and_garbage_does_not(tmp_path: Path) -> None:
    path = tmp_path / "some.tar"
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    counted = Counted(file_pieces(path))
    assert b"".join(counted) == path.read_bytes()
    assert counted.size == path.stat().st_size
    path.write_bytes(b"no tar" * 200)
    with pytest.raises(BuildError, match=r"tar byte 0.*only uncompressed tars"):
        list(file_pieces(path))
    with pytest.raises(BuildError, match="No such file"):
        list(file_pieces(tmp_path / "absent"))

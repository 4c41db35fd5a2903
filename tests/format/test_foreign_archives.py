"""Blobs that bsdtar lists as another archive than a tar, and texts that resemble one and are none."""

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.cases.mutants.blob import list_of_files_without_a_signature, program_with_a_cabinet_behind
from conformance.format.foreign_archives import archive

LIST = b"./a type=file\n./b type=file\n./c type=file\n"
BEHIND = b"\0" + b"." * 600
SEVEN_ZIP = b"7z\xbc\xaf\x27\x1c"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (LIST, "mtree"),
        (b"# a comment\n\n" + LIST, "mtree"),
        (b"/set type=dir\n./a\n./b\n./c\n", "mtree"),
        (b"  ./a \\\n type=file\n./b type=file\n./c type=file\n", "mtree"),
        (b"./a type=file\n./b type=file\n", None),
        (b"./a type=file\n./b type=file\nThis is text\n./c type=file\n", None),
        (b"one\ntwo\nthree\nfour\n", None),
        (LIST[:-1], None),
        (b"MZ" + b"." * 200 + SEVEN_ZIP, "self-extracting 7z"),
        (b"\x7fELF" + b"." * 200 + SEVEN_ZIP, "self-extracting 7z"),
        (b"MZ" + b"." * 200 + b"Rar!\x1a\x07\0", "self-extracting rar"),
        (b"MZ" + b"." * 200 + b"MSCF\0\0\0\0", "self-extracting cab"),
        (b"\x7fELF" + b"." * 200 + b"MSCF\0\0\0\0", None),
        (b"MZ" + b"." * 200 + b"7z", None),
        (b"." + SEVEN_ZIP, None),
    ],
)
def test_which_contents_are_archives(content: bytes, name: str | None) -> None:
    assert archive(content + BEHIND) == name


def files(content: bytes, folder: Path) -> list[str]:
    """What bsdtar lists, and nothing where it refuses."""
    path = folder / "blob"
    path.write_bytes(content)
    done = subprocess.run(["bsdtar", "-tf", str(path)], capture_output=True, check=False, text=True, timeout=60)
    return done.stdout.split() if done.returncode == 0 else []


@pytest.mark.skipif(shutil.which("bsdtar") is None, reason="bsdtar is not on this machine")
def test_bsdtar_lists_the_files_of_such_a_blob(tmp_path: Path) -> None:
    assert files(list_of_files_without_a_signature(), tmp_path) == ["./bin/a", "./bin/b", "./bin/c"]
    assert files(program_with_a_cabinet_behind(), tmp_path) == ["evil"]
    assert files(LIST + BEHIND, tmp_path) == ["./a", "./b", "./c"]
    assert files(LIST.replace(b"type", b"size", 1) + BEHIND, tmp_path) == []

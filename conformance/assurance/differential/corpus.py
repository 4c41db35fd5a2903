"""The corpus: ordinary archives by the writers on this machine, and the test archives of real readers.

Nothing is fetched, and nothing is stored: the corpus has only archives that this machine has or can write.
"""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from conformance.images.trees import Node, tar_of
from conformance.readers.places import first_line

MAX_SEED: Final = 20_000
MAX_FILES: Final = 400
_TIMEOUT: Final = 30
_FORMS: Final = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
_TREE: Final = (
    Node("dir", "dir", mode=0o755),
    Node("dir/file", content=b"hello\n", mode=0o4755, uid=7, gid=8, mtime=1_700_000_000),
    Node("empty"),
    Node("dir/soft", "symlink", link_name="../empty", mode=0o777),
    Node("dir/hard", "hardlink", link_name="dir/file", mode=0o4755),
    Node("block", content=b"x" * 512),
    Node("pipe", "fifo"),
)


class Seed(msgspec.Struct, frozen=True):
    """An archive; ``ordinary`` when a real writer wrote it from an ordinary tree: it must pass."""

    name: str
    tar: bytes
    ordinary: bool = False


def seeds() -> tuple[Seed, ...]:
    """All seeds on this machine of at most MAX_SEED bytes."""
    return tuple(seed for seed in (*_own(), *_by_tools(), *_test_archives()) if 512 < len(seed.tar) <= MAX_SEED)


def generated(random: Random) -> Seed:
    """A small ordinary archive of one to five members, written by Python's tarfile."""
    form = random.choice(tuple(_FORMS))
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=_FORMS[form]) as archive:
        files: list[str] = []
        for index in range(random.randint(1, 5)):
            made = _member(random, f"{random.choice('abcde')}{index}", files, form)
            content = random.choice((b"", b"hello\n", b"x" * 512, b"y" * 513)) if made.isreg() else b""
            made.size = len(content)
            archive.addfile(made, io.BytesIO(content))
            if made.isreg():
                files.append(made.name)
    return Seed(f"tarfile, {form}", target.getvalue(), ordinary=True)


def _member(random: Random, name: str, files: list[str], form: str) -> tarfile.TarInfo:
    kinds = [tarfile.REGTYPE] * 3 + [tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
    kind = random.choice(kinds + [tarfile.LNKTYPE] * bool(files))
    long = form != "ustar" and random.random() < 0.2
    made = tarfile.TarInfo(name + "n" * random.choice((90, 100, 150)) if long else name)
    made.type = kind
    made.mode = random.choice((0o644, 0o755, 0o4755, 0o1777))
    made.uid, made.gid = random.choice(((0, 0), (1000, 1000), (2_000_000, 7)))
    made.mtime = random.choice((0, 1_700_000_000))
    if kind == tarfile.SYMTYPE:
        made.linkname = random.choice(("target", "../x", "/etc/passwd", *(("t" * 120,) if long else ())))
    elif kind == tarfile.LNKTYPE:
        made.linkname = random.choice(files)
    elif kind == tarfile.CHRTYPE:
        made.devmajor, made.devminor = 1, 3
    if form == "pax" and random.random() < 0.3:
        space = "user" if kind in (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.LNKTYPE) else "trusted"  # TAR-053
        made.pax_headers = {f"SCHILY.xattr.{space}.a": "v", "mtime": "1700000000.5"}
    return made


def _own() -> Iterator[Seed]:
    for form in ("pax", "gnu"):
        yield Seed(f"reference tree, {form}", tar_of(_TREE, form), ordinary=True)
        for node in _TREE[:-1]:
            tree = (_TREE[1], node) if node.kind == "hardlink" else (node,)
            yield Seed(f"{node.name}, {form}", tar_of(tree, form), ordinary=True)


def _by_tools() -> Iterator[Seed]:
    """One tree packed by each writer in each of its forms."""
    with tempfile.TemporaryDirectory(prefix="zcc-tree-") as directory:
        root = Path(directory) / "tree"
        _lay(root)
        for name, argv in _writers():
            if shutil.which(argv[0]) is None:
                continue
            done = subprocess.run(
                (*argv, "."), cwd=root, capture_output=True, timeout=_TIMEOUT, check=False, stdin=subprocess.DEVNULL
            )
            if done.returncode == 0:
                yield Seed(name, done.stdout, ordinary=True)


def _writers() -> Iterator[tuple[str, tuple[str, ...]]]:
    for form in ("v7", "oldgnu", "gnu", "ustar", "posix"):
        if "GNU tar" in (first_line("tar", "--version") or ""):
            yield f"GNU tar, {form}", ("tar", f"--format={form}", "--sort=name", "-cf", "-")
    for form in ("ustar", "pax", "gnutar"):
        yield f"bsdtar, {form}", ("bsdtar", f"--format={form}", "-cf", "-")
    yield "busybox", ("busybox", "tar", "-cf", "-")


def _lay(root: Path) -> None:
    (root / "dir").mkdir(parents=True)
    (root / "dir" / "file").write_bytes(b"hello\n")
    (root / "dir" / ("n" * 90)).write_bytes(b"x" * 600)
    (root / "empty").write_bytes(b"")
    (root / "soft").symlink_to("dir/file")
    os.link(root / "dir" / "file", root / "hard")


def _test_archives() -> Iterator[Seed]:
    for directory, pattern in _places():
        for path in sorted(directory.rglob(pattern))[:MAX_FILES]:
            try:
                if path.is_file() and path.stat().st_size <= MAX_SEED:
                    yield Seed(path.name, path.read_bytes())
            except OSError:
                continue


def _places() -> Iterator[tuple[Path, str]]:
    """Directories of test archives in toolchains and packages: Go's, and those of Go modules and crates."""
    root = first_line("go", "env", "GOROOT")
    if root:
        yield Path(root) / "src" / "archive" / "tar" / "testdata", "*.tar"
    home = Path.home()
    finders: tuple[Callable[[], Iterator[Path]], ...] = (
        lambda: home.glob("go/pkg/mod/github.com/vbatts/tar-split@*/archive/tar/testdata"),
        lambda: home.glob(".cargo/registry/src/*/astral-tokio-tar-*/tests/archives"),
    )
    for find in finders:
        for directory in find():
            yield directory, "*.tar"

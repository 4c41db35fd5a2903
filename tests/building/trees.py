"""A directory with one of everything, and what there is to compare of a directory."""

import hashlib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

CAPABILITY = bytes.fromhex("0100000200040000000000000000000000000000")
"""security.capability of a program that may bind low ports: no UTF-8."""
MOMENT = 1_600_000_000_123_456_789


class Facts(NamedTuple):
    """What a tar states about an entry; ``link`` is the target, the device, or the first name of the same file."""

    mode: int
    owner: tuple[int, int]
    seconds: int
    link: str
    xattrs: dict[str, bytes]
    content: str


def make_tree(root: Path) -> Path:
    """Fill ``root``; owners, devices and attributes only where this user and file system have them."""
    for name, mode in (("bin", 0o755), ("data", 0o700), ("data/deep/er", 0o1777), ("etc", 0o755), ("empty dir", 0o555)):
        (root / name).mkdir(parents=True)
        (root / name).chmod(mode)
    (root / "bin/tool").write_bytes(hashlib.shake_128(b"tool").digest(150_000))
    (root / "bin/tool").chmod(0o4755)
    (root / "bin/same").hardlink_to(root / "bin/tool")
    (root / "bin/link").symlink_to("tool")
    (root / "etc/dangling").symlink_to("/no/such/file")
    (root / "etc/os-release").write_text("ID=debian\n")
    (root / "etc/.wh.removed").touch()
    (root / "etc/naïve-日本").write_text("é")
    (root / "etc/with \t\n blanks").write_text("x")
    (root / f"data/{'n' * 150}").write_text("long name")
    (root / "data/holes").write_bytes(b"begin" + bytes(300_000) + b"end")
    os.mkfifo(root / "data/fifo", 0o620)
    steps: tuple[Callable[[], None], ...] = (
        lambda: os.setxattr(root / "etc/os-release", "user.key", "wért".encode()),
        lambda: os.chown(root / "etc/os-release", 12, 34),
        lambda: os.setxattr(root / "bin/tool", "security.capability", CAPABILITY),
        lambda: os.mknod(root / "data/null", stat.S_IFCHR | 0o666, os.makedev(1, 3)),
    )
    for step in steps:
        with suppress(OSError):
            step()
    for path in sorted(root.rglob("*"), reverse=True):
        os.utime(path, ns=(MOMENT, MOMENT), follow_symlinks=False)
    return root


def facts_of(root: Path, *, xattrs: bool = True) -> dict[str, Facts]:
    """Everything below a directory by name."""
    found: dict[str, Facts] = {}
    firsts: dict[tuple[int, int], str] = {}
    for path in sorted(root.rglob("*")):
        name, status = str(path.relative_to(root)), path.lstat()
        regular = stat.S_ISREG(status.st_mode)
        link = ""
        if stat.S_ISLNK(status.st_mode):
            link = str(path.readlink())
        elif regular and status.st_nlink > 1:
            link = firsts.setdefault((status.st_dev, status.st_ino), name)
        elif status.st_rdev:
            link = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
        mode = stat.S_IFMT(status.st_mode) if stat.S_ISLNK(status.st_mode) else status.st_mode
        keys = os.listxattr(path, follow_symlinks=False) if xattrs else []
        found[name] = Facts(
            mode,
            (status.st_uid, status.st_gid),
            int(status.st_mtime),
            link,
            {key: os.getxattr(path, key, follow_symlinks=False) for key in keys},
            hashlib.sha256(path.read_bytes()).hexdigest() if regular else "",
        )
    return found

"""Overlay mounts of image layers in a separate mount namespace, which ends with its last process.

``python -m conformance.processes.overlay`` prints how layers can be mounted here: ``native`` or ``fuse-overlayfs``;
otherwise status 1, and the reason on standard error. Linux only.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal

How = Literal["native", "fuse-overlayfs"]
MOUNTS: Final[tuple[How, ...]] = ("native", "fuse-overlayfs")
_CLONE_NEWNS: Final = 0x00020000
_MS_RDONLY, _MS_REC, _MS_PRIVATE = 1, 16384, 1 << 18
# mount(2) takes at most one page of options.
_MAX_OPTIONS: Final = 4095
_SECONDS: Final = 20


class OverlayError(Exception):
    """Layers cannot be mounted; one line."""


def enter_private_namespace() -> None:
    """Give this process its own mount namespace: only its children see its mounts."""
    libc = _libc()
    if libc.unshare(_CLONE_NEWNS) != 0:
        raise OverlayError(f"its own mount namespace is not allowed: {_reason()}")
    if libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) != 0:
        raise OverlayError(f"mounts cannot be made private: {_reason()}")


def mount_layers(home: Path, lowers: Sequence[str], target: Path, how: How) -> None:
    """Mount layers, the uppermost first, as one tree; ``lowers`` are paths relative to ``home`` without ``:`` or ``,``.

    The attributes of whiteouts are read as ``user.overlay.*``, as rootless storage writes them (containers/storage,
    pkg/archive: userxattr). OverlayError when mounting fails.
    """
    options = f"lowerdir={':'.join(lowers)},userxattr"
    os.chdir(home)  # mount options are limited to one page: relative names are short
    if how == "native":
        if len(options) > _MAX_OPTIONS:
            raise OverlayError(f"{len(lowers)} layers are too many for one mount")
        if _libc().mount(b"overlay", os.fsencode(target), b"overlay", _MS_RDONLY, options.encode()) != 0:
            raise OverlayError(f"the layers cannot be mounted: {_reason()}")
        return
    program = shutil.which("fuse-overlayfs")
    if program is None:
        raise OverlayError("fuse-overlayfs is not installed on this machine")
    ended = subprocess.run(
        [program, "-o", f"ro,lowerdir={':'.join(lowers)}", str(target)],
        check=False,
        capture_output=True,
        timeout=_SECONDS,
    )
    deadline = time.monotonic() + _SECONDS
    while ended.returncode == 0 and not os.path.ismount(target) and time.monotonic() < deadline:
        time.sleep(0.01)
    if not os.path.ismount(target):
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        raise OverlayError(f"fuse-overlayfs: {said[-1] if said else 'it did not mount'}")


def unmount(target: Path) -> None:
    """Remove a mount, also one in use; nothing happens when there is none."""
    _libc().umount2(os.fsencode(target), 2)  # MNT_DETACH


def mounts_below(directory: Path) -> tuple[Path, ...]:
    """The mount points below a directory, the newest first; none where the system has no /proc."""
    own = os.fsencode(directory.resolve()) + b"/"
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return ()
    found = [_unescaped(line.split(b" ", 5)[4]) for line in lines]
    return tuple(Path(os.fsdecode(path)) for path in reversed(found) if path.startswith(own))


def undo_mounts(directory: Path) -> None:
    """Remove every mount below a directory: some tools leave mounts (containers-storage its own directory)."""
    for path in mounts_below(directory):
        unmount(path)


@cache
def how_to_mount() -> str:
    """``native``, ``fuse-overlayfs``, or the reason why layers cannot be mounted on this machine."""
    if sys.platform != "linux":
        return "overlay mounts exist on Linux only"
    ended = subprocess.run(
        [sys.executable, "-m", "conformance.processes.overlay"],
        check=False,
        capture_output=True,
        text=True,
        timeout=2 * _SECONDS,
    )
    if ended.returncode == 0 and ended.stdout.strip() in MOUNTS:
        return ended.stdout.strip()
    lines = ended.stderr.strip().splitlines()
    return lines[-1] if lines else "overlay mounts are not possible here"


def _unescaped(path: bytes) -> bytes:
    """A path of /proc, in which the kernel writes blank, tab, newline and backslash as three octal digits."""
    for code in (b"040", b"011", b"012", b"134"):
        path = path.replace(b"\\" + code, bytes([int(code, 8)]))
    return path


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _reason() -> str:
    return os.strerror(ctypes.get_errno())


def _try(how: How) -> None:
    """Mount two layers and inspect the tree."""
    with tempfile.TemporaryDirectory(prefix="zcc-overlay-") as directory:
        home = Path(directory)
        for name in ("lower", "upper", "tree"):
            (home / name).mkdir()
        (home / "lower" / "file").write_text("content", "utf-8")
        try:
            mount_layers(home, ("upper", "lower"), home / "tree", how)
            if (home / "tree" / "file").read_text("utf-8") != "content":
                raise OverlayError("a mounted tree does not show the file of its layer")
        finally:
            os.chdir("/")
            unmount(home / "tree")


def main() -> int:
    """Print how layers can be mounted here."""
    try:
        enter_private_namespace()
        problems = []
        for how in MOUNTS:
            try:
                _try(how)
            except (OverlayError, OSError, subprocess.TimeoutExpired) as error:
                problems.append(str(error))
            else:
                print(how)  # noqa: T201
                return 0
    except OverlayError as error:
        problems = [str(error)]
    print(f"overlay mounts are not possible here: {'; '.join(problems)}", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())

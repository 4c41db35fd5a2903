"""Real tar writers, and a tree with all that an ordinary one has: their archives of it must fail no MUST."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

_GO_WRITER = """package main
import ("archive/tar"; "io"; "os"; "path/filepath")
func main() {
  w := tar.NewWriter(os.Stdout)
  filepath.Walk(os.Args[1], func(p string, i os.FileInfo, e error) error {
    l, _ := os.Readlink(p)
    h, _ := tar.FileInfoHeader(i, l)
    h.Name, _ = filepath.Rel(os.Args[1], p)
    if i.IsDir() { h.Name += "/" }
    if os.Args[2] == "pax" { h.Format = tar.FormatPAX; h.PAXRecords = map[string]string{"SCHILY.xattr.trusted.a": "b"} }
    if w.WriteHeader(h) != nil { return nil }
    if i.Mode().IsRegular() { f, _ := os.Open(p); io.Copy(w, f); f.Close() }
    return nil
  })
  w.Close()
}
"""


def ordinary_tree(root: Path) -> Path:
    """Long names, other scripts, links, a FIFO, old and new dates, exact times; as root also owners and a device."""
    (root / "d" / ("q" * 99)).mkdir(parents=True)
    (root / "d" / ("q" * 99) / "f").write_text("below a name of 99 bytes")
    (root / "empty").mkdir()
    deep = root.joinpath("deep", *(f"component-{number:02}" for number in range(20)))
    deep.mkdir(parents=True)
    (deep / "file").write_text("deep")
    for name in ("plain", "naïve-日本", "n" * 180, "with blank", "old", "far", "exact", "suid"):
        (root / "d" / name).write_text(name)
    (root / "d" / "plain").chmod(0o640)
    (root / "d" / "suid").chmod(0o4755)
    os.utime(root / "d" / "old", (0, -86400 * 400))
    os.utime(root / "d" / "far", (2**34 - 2**32, 2**34 - 2**32))
    os.utime(root / "d" / "exact", ns=(1_700_000_000_123_456_789, 1_700_000_000_987_654_321))
    (root / "d" / "link").symlink_to("plain")
    (root / "d" / "long-link").symlink_to("/" + "t" * 160)
    os.link(root / "d" / "plain", root / "d" / "hard")
    os.link(root / "d" / ("n" * 180), root / "d" / "hard-to-long")
    os.mkfifo(root / "d" / "fifo")
    if os.geteuid() == 0:
        os.chown(root / "d" / "far", 1000, 1000)
        os.chown(root / "d" / "old", 3_000_000, 2_999_999_999)
        os.mknod(root / "d" / "null", 0o20666, os.makedev(1, 3))
    return root


def _run(*command: str, cwd: Path) -> None:
    # A writer that leaves out what its form cannot represent ends with an error; what it wrote counts.
    subprocess.run(command, cwd=cwd, capture_output=True, timeout=120, check=False)


def _gnu(form: str, *more: str) -> Callable[[Path, Path], None]:
    return lambda tree, out: _run("tar", f"--format={form}", *more, "-cf", str(out), ".", cwd=tree)


def _bsd(form: str, *more: str) -> Callable[[Path, Path], None]:
    return lambda tree, out: _run("bsdtar", f"--format={form}", *more, "-cf", str(out), ".", cwd=tree)


def _busybox(tree: Path, out: Path) -> None:
    _run("busybox", "tar", "-cf", str(out), ".", cwd=tree)


def _perl(tree: Path, out: Path) -> None:
    program = "my $t = Archive::Tar->new; $t->add_files(grep { !-p && !-c } glob('d/*')); $t->write($ARGV[0])"
    _run("perl", "-MArchive::Tar", "-e", program, str(out), cwd=tree)


def _python(form: int) -> Callable[[Path, Path], None]:
    def write(tree: Path, out: Path) -> None:
        with tarfile.open(out, "w", format=form) as archive:
            for path in sorted(tree.rglob("*")):
                try:
                    archive.add(path, path.relative_to(tree).as_posix(), recursive=False)
                except ValueError:
                    continue  # a ustar header cannot represent it

    return write


def _go(form: str) -> Callable[[Path, Path], None]:
    def write(tree: Path, out: Path) -> None:
        source = out.with_suffix(".go")
        source.write_text(_GO_WRITER)
        with out.open("wb") as stream:
            command = ("go", "run", str(source), str(tree), form)
            subprocess.run(command, stdout=stream, stderr=subprocess.DEVNULL, timeout=300, check=True)

    return write


WRITERS: dict[str, tuple[str, Callable[[Path, Path], None]]] = {
    **{f"gnu-{form}": ("tar", _gnu(form)) for form in ("v7", "oldgnu", "gnu", "ustar", "posix")},
    "gnu-posix-attributes": ("tar", _gnu("posix", "--xattrs", "--acls", "--selinux")),
    **{f"bsdtar-{form}": ("bsdtar", _bsd(form)) for form in ("v7", "ustar", "gnutar", "pax", "paxr")},
    "bsdtar-pax-attributes": ("bsdtar", _bsd("pax", "--xattrs", "--acls", "--fflags")),
    "busybox": ("busybox", _busybox),
    "perl": ("perl", _perl),
    "python-ustar": ("python3", _python(tarfile.USTAR_FORMAT)),
    "python-gnu": ("python3", _python(tarfile.GNU_FORMAT)),
    "python-pax": ("python3", _python(tarfile.PAX_FORMAT)),
    "go-default": ("go", _go("default")),
    "go-pax": ("go", _go("pax")),
}
"""The tool that is needed, and how it packs a tree into a file. Sparse forms are left out: no TOC can represent
them.
"""

GO_ORDINARY = (
    "file-and-dir.tar",
    "gnu.tar",
    "gnu-utf8.tar",
    "pax.tar",
    "pax-records.tar",
    "trailing-slash.tar",
    "ustar.tar",
    "ustar-file-reg.tar",
    "writer.tar",
    "xattrs.tar",
)
"""Archives of Go's own tests that are what a writer writes, not what a reader must refuse."""


def go_archives() -> Iterator[Path]:
    """Those that this Go has."""
    if shutil.which("go") is None:
        return
    root = subprocess.run(
        ("go", "env", "GOROOT"), capture_output=True, text=True, timeout=60, check=True
    ).stdout.strip()
    folder = Path(root) / "src" / "archive" / "tar" / "testdata"
    yield from (folder / name for name in GO_ORDINARY if (folder / name).exists())

"""Finds the tar readers of the panel on this machine; each has an argument vector that lists a file."""

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from conformance.readers.places import cache_directory, first_line, node_modules, number_in, run_tool, version_of
from conformance.readers.process import BLOB_ARGUMENT
from conformance.sources.errors import SourceError

SCRIPTS = Path(__file__).parent / "scripts"
NPM_INSTALL = ("npm", "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix")
NODE_PACKAGES = ("tar@7", "tar-stream@3")


class Found(msgspec.Struct, frozen=True):
    """A reader on this machine: its argument vector ("{blob}" for the file), version and extra environment."""

    argv: tuple[str, ...]
    version: str
    environment: tuple[tuple[str, str], ...] = ()


class Tool(msgspec.Struct, frozen=True):
    """An external reader; lines of its output that begin with ``entry_prefix`` are entries."""

    name: str
    find: Callable[[], Found | None]
    lenient: bool = False
    entry_prefix: str = ""


def install_node_readers(directory: Path) -> None:
    """Fetch npm's ``tar`` and ``tar-stream`` into a directory named node_modules; SourceError if that fails."""
    if directory.name != "node_modules":
        raise SourceError(f"npm installs into a directory named node_modules, not {directory.name!r}")
    if shutil.which("npm") is None:
        raise SourceError("npm is not on this machine; the node readers cannot be installed")
    directory.parent.mkdir(parents=True, exist_ok=True)
    run_tool(
        (*NPM_INSTALL, str(directory.parent.absolute()), *NODE_PACKAGES),
        what="npm install",
    )


def build_go_reader() -> Path:
    """Compile the reader over Go's archive/tar once, into the cache; SourceError if that fails."""
    source = SCRIPTS / "go_tar" / "main.go"
    version = version_of("go", "version")
    if version is None:
        raise SourceError("Go is not on this machine; its reader cannot be built")
    key = hashlib.sha256(f"{version}\n".encode() + source.read_bytes()).hexdigest()[:16]
    program = cache_directory() / f"go-tar-{key}"
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="zcc-go-", dir=program.parent) as work:
        built = Path(work) / "go-tar"
        environment = {
            "GOFLAGS": "-mod=mod",
            "GOTOOLCHAIN": "local",
            "GOCACHE": str(Path(work) / "cache"),
            "GOPATH": str(Path(work) / "path"),
            "CGO_ENABLED": "0",
        }
        run_tool(("go", "build", "-o", str(built), str(source)), what="go build", environment=environment)
        built.replace(program)  # two processes may build at once: each moves a complete file into place
    return program


def _gnu_tar() -> Found | None:
    for name in ("tar", "gtar"):
        line = first_line(name, "--version")
        if line and "GNU tar" in line:
            return Found((name, "--force-local", "-tf", BLOB_ARGUMENT), number_in(line))
    return None


def _command(program: str, version_flag: str, *arguments: str) -> Callable[[], Found | None]:
    def find() -> Found | None:
        line = first_line(program, version_flag)
        return None if line is None else Found((program, *arguments, BLOB_ARGUMENT), number_in(line))

    return find


def _seven_zip() -> Found | None:
    for name in ("7zz", "7z", "7za"):
        line = first_line(name, "i")
        if line is not None:
            return Found((name, "l", "-ba", "-slt", "-ttar", BLOB_ARGUMENT), number_in(line))
    return None


def _perl() -> Found | None:
    script = str(SCRIPTS / "archive_tar.pl")
    version = version_of("perl", script, "--version")
    return None if version is None else Found(("perl", script, BLOB_ARGUMENT), version)


def _node(script: str, *mode: str) -> Callable[[], Found | None]:
    def find() -> Found | None:
        path = str(SCRIPTS / script)
        environment = (("NODE_PATH", str(node_modules().absolute())),)
        version = version_of("node", path, "--version", environment=dict(environment))
        return None if version is None else Found(("node", path, *mode, BLOB_ARGUMENT), version, environment)

    return find


def _go() -> Found | None:
    try:
        program = str(build_go_reader())
    except (SourceError, OSError):  # no Go, or a cache that cannot be written
        return None
    version = version_of(program, "--version")
    return None if version is None else Found((program, BLOB_ARGUMENT), version)


TOOLS = (
    Tool("GNU tar", _gnu_tar),
    Tool("bsdtar", _command("bsdtar", "--version", "-tf")),
    Tool("busybox tar", _command("busybox", "--help", "tar", "-tf")),
    Tool("cpio", _command("cpio", "--version", "-it", "--quiet", "-H", "ustar", "-F")),
    Tool("7-Zip", _seven_zip, entry_prefix="Path = "),
    Tool("Perl Archive::Tar", _perl),
    Tool("node tar (strict)", _node("node_tar.cjs", "strict")),
    Tool("node tar", _node("node_tar.cjs", "lenient"), lenient=True),
    Tool("node tar-stream", _node("tar_stream.cjs")),
    Tool("Go archive/tar", _go),
)

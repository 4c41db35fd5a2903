"""The programs of the panel: how each is installed into the cache, and started.

Only ``install`` builds programs (``zcc readers install``): a missing program counts as not on this machine.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

from conformance.readers.places import PROGRAMS, cache_directory, node_modules, run_tool, version_of
from conformance.readers.sentinel_tools import install_node_readers
from conformance.readers.stream import Launch
from conformance.sources.errors import SourceError

_JAVA_MEMORY: Final = "-Xmx1g"
DOCUMENT_FACTS: Final = "document_facts.json"
SERVING: Final = "serving.rs"
"""The loop of the Rust programs."""
_NODE_MEMORY: Final = "--max-old-space-size=1024"
_INSTALL: Final = "`zcc readers install`"
_GO: Final = f"{_INSTALL} with go 1.21 or later"
_CARGO: Final = f"{_INSTALL} with cargo 1.85 or later"
# A dependency asks for 1.86, and is built by the 1.85 of Debian 13: the compiler decides.
_CARGO_BUILD: Final = ("cargo", "build", "--release", "--locked", "--ignore-rust-version")


class Program(msgspec.Struct, frozen=True):
    """A program and its readers. ``launch`` returns None when it is not on this machine.

    ``install`` installs it; it raises SourceError when the machine lacks a tool for that.
    """

    name: str
    readers: tuple[str, ...]
    launch: Callable[[], Launch | None]
    install: Callable[[], None]
    needs: str
    reads: Literal["layers", "documents"] = "layers"


def _built(name: str, *sources: str) -> Path:
    """The path of the program built from these sources, which depends on their content."""
    digest = hashlib.sha256()
    for source in sources:
        digest.update((PROGRAMS / source).read_bytes())
    return cache_directory() / f"reader-{name}-{digest.hexdigest()[:16]}"


def _demand(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            raise SourceError(f"{tool} is not on this machine")


def _place(build: Callable[[Path], None], target: Path) -> None:
    """Let ``build`` create a file or directory, and move it into place, because two processes may build at once."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="zcc-build-", dir=target.parent) as work:
        made = Path(work) / "made"
        build(made)
        try:
            made.rename(target)
        except OSError:
            if not target.exists():
                raise


# Python, and libarchive in it


def _python() -> Launch:
    return Launch((sys.executable, "-I", str(PROGRAMS / "python" / "reader.py")))


def _nothing() -> None:
    """Python is always installed."""


# Go


def _go_target() -> Path:
    return _built("go", "go/main.go")


def _build_go() -> None:
    _demand("go")

    def build(made: Path) -> None:
        run_tool(
            ("go", "build", "-o", str(made), str(PROGRAMS / "go" / "main.go")),
            what="go build",
            environment=_go_environment() | {"GOFLAGS": "-mod=mod"},
        )

    _place(build, _go_target())


def _go_environment() -> dict[str, str]:
    cache = cache_directory()
    return {
        # Debian's Go is older than these modules ask for: from 1.21 on it fetches the toolchain that they name.
        "GOTOOLCHAIN": os.environ.get("GOTOOLCHAIN", "auto"),
        "CGO_ENABLED": "0",
        "GOCACHE": str(cache / "go-build"),
        "GOPATH": str(cache / "go-path"),
    }


_STORAGE_SOURCES: Final = ("main.go", "linkname.s", "go.mod", "go.sum")
_DOCUMENT_SOURCES: Final = ("main.go", "go.mod", "go.sum")


def _storage_target() -> Path:
    return _built("go-storage", *(f"go_storage/{source}" for source in _STORAGE_SOURCES))


def _go_documents_target() -> Path:
    return _built("go-documents", *(f"go_documents/{source}" for source in _DOCUMENT_SOURCES))


def _build_storage() -> None:
    _build_module("go_storage", _STORAGE_SOURCES, _storage_target())


def _build_go_documents() -> None:
    _build_module("go_documents", _DOCUMENT_SOURCES, _go_documents_target())


def _build_module(directory: str, sources: tuple[str, ...], target: Path) -> None:
    _demand("go")

    def build(made: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="zcc-go-") as work:
            for source in sources:
                shutil.copy(PROGRAMS / directory / source, work)
            run_tool(
                ("go", "build", "-C", work, "-trimpath", "-o", str(made), "."),
                what="go build",
                environment=_go_environment() | {"GOFLAGS": "-mod=readonly"},
            )

    _place(build, target)


# Rust


def _rust_target() -> Path:
    return _crate("rust")


def _rust_documents_target() -> Path:
    return _crate("rust_documents", DOCUMENT_FACTS)


def _crate(directory: str, *beside: str) -> Path:
    """The path of the program of a crate, whose sources are its own and some that stand beside it."""
    own = (f"{directory}/{source}" for source in ("src/main.rs", "Cargo.toml", "Cargo.lock"))
    return _built(directory.replace("_", "-"), *own, SERVING, *beside)


def _build_rust() -> None:
    _build_crate("rust", "zcc-reader", _rust_target())


def _build_rust_documents() -> None:
    _build_crate("rust_documents", "zcc-document-reader", _rust_documents_target())


def _build_crate(directory: str, binary: str, place: Path) -> None:
    _demand("cargo")

    def build(made: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="zcc-cargo-") as work:
            shutil.copytree(PROGRAMS / directory, work, dirs_exist_ok=True)
            for beside in (DOCUMENT_FACTS, SERVING):
                shutil.copy(PROGRAMS / beside, work)
            manifest = str(Path(work) / "Cargo.toml")
            target = str(Path(work) / "target")
            run_tool(
                (*_CARGO_BUILD, "--manifest-path", manifest, "--target-dir", target),
                what="cargo build",
            )
            shutil.move(Path(target) / "release" / binary, made)

    _place(build, place)


def _binary(target: Callable[[], Path]) -> Callable[[], Launch | None]:
    def launch() -> Launch | None:
        path = target()
        return Launch((str(path),)) if path.is_file() else None

    return launch


# Java


def _java_target() -> Path:
    return _built("java", "java/TarReader.java", "java/pom.xml")


def _build_java() -> None:
    _demand("java", "javac", "mvn")

    def build(made: Path) -> None:
        made.mkdir()
        fetch = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
        run_tool(
            ("mvn", "-q", "-B", "-f", str(PROGRAMS / "java" / "pom.xml"), fetch, f"-DoutputDirectory={made}"),
            what="mvn",
        )
        source = str(PROGRAMS / "java" / "TarReader.java")
        run_tool(("javac", "-cp", f"{made}/*", "-d", str(made), source), what="javac")

    _place(build, _java_target())


def _java() -> Launch | None:
    directory = _java_target()
    if not directory.is_dir() or shutil.which("java") is None:
        return None
    jar = next(directory.glob("commons-compress-*.jar"), None)
    if jar is None:
        return None
    version = jar.stem.removeprefix("commons-compress-")
    path = f"{directory}:{directory}/*"
    return Launch(("java", _JAVA_MEMORY, "-XX:+UseSerialGC", "-cp", path, "TarReader", version), bounded=False)


# Node and Perl


def _node() -> Launch | None:
    modules = node_modules()
    if shutil.which("node") is None or not all((modules / name).is_dir() for name in ("tar", "tar-stream")):
        return None
    script = str(PROGRAMS / "node" / "reader.cjs")
    return Launch(("node", _NODE_MEMORY, script), (("NODE_PATH", str(modules.absolute())),), bounded=False)


def _node_documents() -> Launch | None:
    if shutil.which("node") is None:
        return None
    return Launch(("node", _NODE_MEMORY, str(PROGRAMS / "node" / "documents.cjs")), bounded=False)


def _install_node() -> None:
    install_node_readers(node_modules())


def _perl() -> Launch | None:
    if version_of("perl", "-MArchive::Tar", "-e", "print $Archive::Tar::VERSION") is None:
        return None
    return Launch(("perl", str(PROGRAMS / "perl" / "reader.pl")))


PROGRAM_LIST: Final = (
    Program("python", ("Python tarfile", "libarchive (bsdtar)"), _python, _nothing, "libarchive's shared library"),
    Program("go", ("Go archive/tar",), _binary(_go_target), _build_go, _GO),
    Program("rust", ("Rust tar", "Rust astral-tokio-tar", "Rust tar-core"), _binary(_rust_target), _build_rust, _CARGO),
    Program("java", ("Java commons-compress",), _java, _build_java, f"{_INSTALL} with a JDK and mvn"),
    Program("node", ("node tar", "node tar-stream"), _node, _install_node, f"{_INSTALL} with node and npm"),
    Program("perl", ("Perl Archive::Tar",), _perl, _nothing, "perl"),
    Program("go-storage", ("containers-storage (TOC)",), _binary(_storage_target), _build_storage, _GO),
    Program(
        "go-documents",
        ("Go encoding/json", "Go json-iterator"),
        _binary(_go_documents_target),
        _build_go_documents,
        _GO,
        "documents",
    ),
    Program(
        "rust-documents",
        ("Rust oci-spec",),
        _binary(_rust_documents_target),
        _build_rust_documents,
        _CARGO,
        "documents",
    ),
    Program("node-documents", ("node JSON.parse",), _node_documents, _nothing, "node", "documents"),
)

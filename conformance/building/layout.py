"""Writes an OCI layout: a new one appears complete, and in an existing one a tag changes in one step."""

import fcntl
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from conformance.building.errors import BuildError
from conformance.format.assembled import index_of
from conformance.format.document import MAX_DOCUMENT, decode_object, encode
from conformance.format.errors import FormatError
from conformance.format.names import REF_NAME
from conformance.format.oci import Descriptor, read_index
from conformance.format.splice import elements, find, replaced, with_member
from conformance.reference.store import ContentStore

# OCI image-spec, annotations.md, "org.opencontainers.image.ref.name"; without the slash, which a reference cannot have.
# Registries accept "_" in a tag, and so do the tools that copy one into a layout.
_TAG_GRAMMAR: Final = re.compile(r"[A-Za-z0-9_]+(?:[-.:@+]+[A-Za-z0-9_]+)*")
_VERSION: Final = {"imageLayoutVersion": "1.0.0"}
_EMPTY: Final = encode(index_of([]))
_PUBLIC, _PUBLIC_DIRECTORY = 0o644, 0o755
_INCOMING: Final = ".incoming"
_NEITHER: Final = "it is neither an OCI layout nor an empty directory"


class LayoutWriter:
    """Writes contents into ``store``; no entry names them until ``tag`` is called."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.store = ContentStore(directory / "blobs", _PUBLIC)

    def tag(self, root: Descriptor, name: str) -> None:
        """Let ``name`` refer to ``root``, instead of its previous entry."""
        with _locked(self._directory):
            path = self._directory / "index.json"
            _replace(path, _with_tag(_read(path), root, name))

    def exchange(self, old: str, root: Descriptor, name: str) -> None:
        """Let the entry with the digest ``old`` (and this ``name``, if given) refer to ``root``.

        Its annotations and other fields stay. Raise BuildError when the entry no longer exists.
        """
        with _locked(self._directory):
            path = self._directory / "index.json"
            _replace(path, _exchanged(_read(path), old, root, name))

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """The directory for incomplete blobs, which stay after a failed run."""
        directory = self._directory / _INCOMING
        directory.mkdir(exist_ok=True)
        yield directory
        with suppress(OSError):  # another run may be using it
            directory.rmdir()


def expect_tag(name: str) -> None:
    """Raise BuildError for an invalid name of an image in a layout."""
    if not _TAG_GRAMMAR.fullmatch(name):
        raise BuildError(f"{name[:80]!r} is not a name of an image in a layout")


def continued_layout(directory: Path) -> LayoutWriter:
    """An existing layout, or a new one without images, which stays when the run fails, so that the next one continues.

    Raise BuildError where the path is something else.
    """
    try:
        is_new = not directory.exists() or (directory.is_dir() and not any(directory.iterdir()))
        if is_new:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "index.json").write_bytes(_EMPTY)
            (directory / "oci-layout").write_bytes(encode(_VERSION))
        elif not (directory / "oci-layout").exists():
            raise BuildError(f"{directory}: {_NEITHER}")
        _expect_layout(directory)
    except OSError as error:
        raise BuildError(f"{error.filename or directory}: {error.strerror or error}") from None
    return LayoutWriter(directory)


@contextmanager
def open_layout(directory: Path) -> Iterator[LayoutWriter]:
    """An existing layout, or a new one. Raise BuildError where the path is something else."""
    try:
        if (directory / "oci-layout").exists() or (directory / "index.json").exists():
            _expect_layout(directory)
            yield LayoutWriter(directory)
            return
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise BuildError(f"{directory}: {_NEITHER}")
        directory.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
        try:
            (staged / "oci-layout").write_bytes(encode(_VERSION))
            (staged / "index.json").write_bytes(_EMPTY)
            yield LayoutWriter(staged)
            staged.chmod(_PUBLIC_DIRECTORY)
            staged.rename(directory)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise BuildError(f"{error.filename or directory}: {error.strerror or error}") from None


def _expect_layout(directory: Path) -> None:
    path = directory / "oci-layout"
    try:
        found = decode_object(_read(path), what="oci-layout")
        read_index(_read(directory / "index.json"))
    except FormatError as error:
        raise BuildError(f"{directory}: {error}") from None
    if found != _VERSION:
        raise BuildError(f"{path}: not version {_VERSION['imageLayoutVersion']} of the OCI image layout")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_DOCUMENT + 1)


def _with_tag(raw: bytes, root: Descriptor, name: str) -> bytes:
    """The index with the entry; every other byte stays."""
    described = {"mediaType": root.media_type, "digest": root.digest, "size": root.size}
    entry = json.dumps({**described, "annotations": {REF_NAME: name}}, separators=(",", ":"))
    text = raw.decode()
    array = find(text, ("manifests",))
    if array is None:
        raise BuildError("index.json has no manifests")
    kept = [
        text[span.start : span.end]
        for span, old in zip(elements(text, array.start), read_index(raw).view.manifests, strict=True)
        if old.annotation(REF_NAME) != name
    ]
    return replaced(text, array, f"[{','.join([*kept, entry])}]").encode()


def _exchanged(raw: bytes, old: str, root: Descriptor, name: str) -> bytes:
    """The index with other content after one entry; every other byte stays."""
    text = raw.decode()
    array = find(text, ("manifests",))
    if array is None:
        raise BuildError("index.json has no manifests")
    entries = []
    found = 0
    for span, entry in zip(elements(text, array.start), read_index(raw).view.manifests, strict=True):
        part = text[span.start : span.end]
        if entry.digest == old and (not name or entry.annotation(REF_NAME) == name):
            found += 1
            for key, value in (("mediaType", root.media_type), ("digest", root.digest), ("size", root.size)):
                part = with_member(part, key, json.dumps(value))
        entries.append(part)
    if found != 1:
        raise BuildError(f"index.json has {found} entries for {name or old}: it was changed, or names the image twice")
    return replaced(text, array, f"[{','.join(entries)}]").encode()


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".index-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_PUBLIC)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Lock the index for one writer; the lock ends with its process."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

"""An OCI layout to write into: a new one appears whole, in one that is there a tag changes in one step."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from conformance.building.errors import BuildError
from conformance.format.document import MAX_DOCUMENT, decode_object, encode
from conformance.format.errors import FormatError
from conformance.format.names import INDEX_TYPE
from conformance.format.oci import Descriptor, read_index
from conformance.format.splice import elements, find, replaced
from conformance.reference.store import ContentStore

REF_NAME: Final = "org.opencontainers.image.ref.name"
_VERSION: Final = {"imageLayoutVersion": "1.0.0"}
_EMPTY: Final = encode({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []})
_PUBLIC, _PUBLIC_DIRECTORY = 0o644, 0o755


class LayoutWriter:
    """Contents go into ``store``; nothing names them until ``tag`` is called."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.store = ContentStore(directory / "blobs", _PUBLIC)

    def tag(self, root: Descriptor, name: str) -> None:
        """Let ``name`` lead to ``root``, in the place of what it led to before."""
        with _locked(self._directory):
            path = self._directory / "index.json"
            _replace(path, _with_tag(_read(path), root, name))


@contextmanager
def open_layout(directory: Path) -> Iterator[LayoutWriter]:
    """A layout that is there, or a new one. Raise BuildError where something else is."""
    try:
        if (directory / "oci-layout").exists() or (directory / "index.json").exists():
            _expect_layout(directory)
            yield LayoutWriter(directory)
            return
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise BuildError(f"{directory}: it is neither an OCI layout nor an empty directory")
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
        raise BuildError(f"{error.filename or directory}: {error.strerror}") from None


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
    """One writer of the index at a time; the lock ends with the process that holds it."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)

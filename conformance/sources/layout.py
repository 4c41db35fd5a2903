"""An image in an OCI image layout directory (image-layout.md)."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, encode
from conformance.format.layout_mark import LAYOUT_MARK, LAYOUT_VERSION, MAX_MARK, mark_problem
from conformance.format.names import REF_NAME, SENTINEL_ANNOTATION
from conformance.format.oci import Descriptor, Document, Index, examine_index
from conformance.observed.image import IndexFile, Stored
from conformance.sources.errors import SourceError
from conformance.sources.reference import LayoutReference
from conformance.sources.source import BlobStore, most_of, parse_digest

_MAX_LISTED = 8
_LAYOUT = "an OCI layout is a directory with index.json"


class LayoutSource(BlobStore):
    """Reads one image of a layout; implements ImageSource.

    An index.json that readers of JSON take differently is refused; ``judged``: it is returned with the image, to be
    judged, or instead of it where it names none.
    """

    def __init__(self, reference: LayoutReference, *, judged: bool = False) -> None:
        self._reference, self._judged = reference, judged
        self._directory = reference.directory

    @property
    def reference(self) -> str:
        return str(self._reference)

    def entry(self) -> Descriptor | None:
        """The entry of index.json that the reference leads to; None when index.json is the image's index itself."""
        return self._entry()[1]

    def root(self) -> Stored:
        index, chosen = self._entry()
        if chosen is None:
            document = index.read.document
            found = Stored(
                index.content,
                actual_size=len(index.content),
                media_type=document.view.media_type if document else "",
            )
        else:
            found = self.manifest(chosen, MAX_DOCUMENT)
            if found.content is None:
                raise SourceError(f"{self.reference}: {chosen.digest}: {found.detail}")
        if not self._judged:
            return found
        named_in = None if chosen is None else msgspec.structs.replace(index, entry=chosen)
        return msgspec.structs.replace(found, named_in=named_in, mark_problem=self._mark_problem())

    def _mark_problem(self) -> str:
        mark = _read(self._directory / LAYOUT_MARK, MAX_MARK)
        return mark.detail if mark.content is None else mark_problem(mark.content)

    def _entry(self) -> tuple[IndexFile, Descriptor | None]:
        """index.json, and the selected entry; SourceError when none can be selected."""
        path = self._directory / "index.json"
        if not self._directory.is_dir():
            raise SourceError(f"{self._directory}: {_no_directory(self._directory)}")
        stored = _read(path, MAX_DOCUMENT)
        if stored.content is None:
            remedy = f"; {_LAYOUT}" if stored.problem == "missing" else ""
            raise SourceError(f"{path}: {stored.detail}{remedy}")
        read = examine_index(stored.content)
        index = IndexFile(stored.content, read)
        if read.document is None:
            if self._judged:
                return index, None
            raise SourceError(f"{path}: {read.malformed}")
        if not read.key_problems:
            chosen = self._choose(read.document, path)
        elif self._judged:
            chosen = self._chosen_by_some(read.document, path)
        else:
            problem = read.key_problems[0]
            which = f"{problem.key!r} at byte {problem.offset} ({problem.kind})"
            raise SourceError(f"{path}: JSON readers differ on it, and on the image that it names: {which}")
        return index, chosen

    def part(self, descriptor: Descriptor, offset: int, length: int) -> Stored:
        digest = parse_digest(descriptor)
        return digest if isinstance(digest, Stored) else _named(digest, _read(self._path(digest), length, offset))

    def _whole(self, digest: Digest, limit: int) -> Stored:
        return _named(digest, _read(self._path(digest), limit))

    @contextmanager
    def open_blob(self, descriptor: Descriptor) -> Iterator[BinaryIO | Stored]:
        digest = parse_digest(descriptor)
        opened = digest if isinstance(digest, Stored) else _open(self._path(digest))
        if isinstance(opened, Stored) and isinstance(digest, Digest):
            opened = _named(digest, opened)
        if isinstance(opened, Stored):
            yield opened
            return
        with opened:
            size = os.fstat(opened.fileno()).st_size
            # A sparse file takes no space and very long to read; its size is already known to differ.
            if size > (most := most_of(descriptor)):
                detail = f"it has {size} bytes; of this blob at most {most} are read"
                yield Stored(problem="too-large", detail=detail, actual_size=size)
                return
            yield opened

    def _path(self, digest: Digest) -> Path:
        return self._directory / "blobs" / digest.algorithm / digest.hex

    def _chosen_by_some(self, layout: Document[Index], path: Path) -> Descriptor | None:
        """The entry as one reader sees it; None, so that index.json itself is judged, when that one sees none."""
        try:
            return self._choose(layout, path)
        except SourceError:
            return None

    def _choose(self, layout: Document[Index], path: Path) -> Descriptor | None:
        """The entry the reference means; None when index.json itself is the image's index."""
        entries = layout.view.manifests
        if self._reference.tag:
            named = [entry for entry in entries if entry.annotation(REF_NAME) == self._reference.tag]
            if len(named) == 1:
                return named[0]
            count = f"{len(named)} images are" if named else "no image is"
            raise SourceError(f"{path}: {count} named {self._reference.tag!r}; {_names(entries)}")
        if len(entries) == 1:
            return entries[0]
        if not entries:
            raise SourceError(f"{path}: the layout holds no image")
        if any(entry.annotation(SENTINEL_ANNOTATION) for entry in entries) or not any(
            entry.annotation(REF_NAME) for entry in entries
        ):
            return None
        raise SourceError(
            f"{path}: {len(entries)} images; choose one with oci:{self._directory}:TAG; {_names(entries)}"
        )


def write_layout(directory: Path, blobs: dict[str, bytes], root: Descriptor, tag: str = "latest") -> None:
    """Write blobs (by digest text) and ``root`` as a layout; the directory must not exist or be empty."""
    directory.mkdir(parents=True, exist_ok=True)
    for text, content in blobs.items():
        digest = Digest.parse(text)
        target = directory / "blobs" / digest.algorithm / digest.hex
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (directory / LAYOUT_MARK).write_bytes(encode({"imageLayoutVersion": LAYOUT_VERSION}))
    entry = {
        "mediaType": root.media_type,
        "digest": root.digest,
        "size": root.size,
        "annotations": {REF_NAME: tag},
    }
    (directory / "index.json").write_bytes(encode({"schemaVersion": 2, "manifests": [entry]}))


def _names(entries: tuple[Descriptor, ...]) -> str:
    names = [name for entry in entries if (name := entry.annotation(REF_NAME))]
    shown = ", ".join(names[:_MAX_LISTED]) or "none is named"
    return f"names: {shown}{', …' if len(names) > _MAX_LISTED else ''}"


def _no_directory(path: Path) -> str:
    """Why there is no layout at this path, and what to give instead."""
    if not path.exists():
        return f"no such directory; {_LAYOUT}"
    if path.name == "index.json":
        return f"a file; give the directory that it is in: {_LAYOUT}"
    return f"a file; {_LAYOUT}: unpack an archive (tar -xf FILE -C DIR) and give oci:DIR"


def _named(digest: Digest, stored: Stored) -> Stored:
    """With the name of a blob that is missing, below the directory of the layout."""
    if stored.problem != "missing":
        return stored
    return msgspec.structs.replace(stored, detail=f"{stored.detail} blobs/{digest.algorithm}/{digest.hex}")


def _open(path: Path) -> BinaryIO | Stored:
    """A regular file for reading, or the problem."""
    try:
        # O_NONBLOCK: a FIFO in place of a blob must not hang us.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return Stored(problem="missing", detail="no such file")
    except OSError as error:
        return Stored(problem="unreadable", detail=error.strerror or str(error))
    if stat.S_ISREG(os.fstat(handle).st_mode):
        return os.fdopen(handle, "rb")
    os.close(handle)
    return Stored(problem="unreadable", detail="not a regular file")


def _read(path: Path, limit: int, offset: int | None = None) -> Stored:
    """``limit`` bytes of a regular file from ``offset``; without one, the whole of it, if no longer."""
    opened = _open(path)
    if isinstance(opened, Stored):
        return opened
    with opened as file:
        size = os.fstat(file.fileno()).st_size
        if offset is None and size > limit:
            return Stored(problem="too-large", detail=f"{size} bytes; the limit here is {limit}", actual_size=size)
        try:
            if offset is not None:
                file.seek(min(offset, size))  # an offset from a descriptor may be too large to seek
            content: bytes | None = file.read(max(limit, 0))
        except OSError as error:
            return Stored(problem="unreadable", detail=error.strerror or str(error), actual_size=size)
    if content is None:  # a kernel file without content
        return Stored(problem="unreadable", detail="no bytes can be read from it", actual_size=size)
    return Stored(content, actual_size=size)

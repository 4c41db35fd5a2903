"""The tree of a layer as one digest, which readers in any language can compute (docs/vectors.md, "tree_sha256")."""

import hashlib
import io
from collections.abc import Iterable
from typing import Final

import msgspec

from conformance.cases.vectors.model import Case
from conformance.format.document import JsonObject
from conformance.format.errors import FormatError
from conformance.format.layer_streams import tar_stream
from conformance.format.media_types import ZSTD
from conformance.format.names import MANIFEST_CHECKSUM
from conformance.format.tar import TarHeader, TarReader

LIMIT: Final = 64 * 2**20
"""Maximum bytes of a tar: vectors are small."""
_KINDS: Final = {"1": "hardlink", "2": "symlink", "3": "char", "4": "block", "5": "dir", "6": "fifo"}


class TarEntry(msgspec.Struct, frozen=True):
    """A header, and the sha256 of its content as hex digits."""

    header: TarHeader
    sha256: str

    @property
    def kind(self) -> str:
        """The type as in a TOC."""
        return _KINDS.get(self.header.typeflag, "reg")


def entries_of(blob: bytes) -> tuple[TarEntry, ...]:
    """The entries of a zstd-compressed tar in their order; FormatError for a blob or tar that cannot be read."""
    tar = io.BytesIO(b"".join(tar_stream(ZSTD, [blob], LIMIT)))
    reader, found = TarReader(tar), []
    while (header := reader.header()) is not None:
        content = hashlib.sha256()
        for piece in reader.content():
            content.update(piece)
        reader.take_raw()
        found.append(TarEntry(header, content.hexdigest()))
    return tuple(found)


def tree_digest(entries: Iterable[TarEntry]) -> str:
    """sha256 over the lines of all entries, sorted by name.

    A hard link is listed as the file that it names, under its own name; the root itself is not listed. "" where two
    entries have one name, or a hard link names no entry of this layer by its plain name.
    """
    by_name: dict[bytes, TarEntry] = {}
    for entry in entries:
        name = clean(entry.header.name)
        if name in by_name:
            return ""
        if name:
            by_name[name] = entry
    targets = {name: _target(entry, by_name) for name, entry in by_name.items()}
    if any(entry.kind == "hardlink" for entry in targets.values()):
        return ""
    lines = (_line(name, entry) for name, entry in sorted(targets.items()))
    return f"sha256:{hashlib.sha256(b''.join(lines)).hexdigest()}"


def clean(name: bytes) -> bytes:
    """A name without leading, trailing and repeated slashes, and without ``.`` components."""
    return b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))


def tree_of(case: Case, blobs: dict[str, bytes]) -> str:
    """The tree_sha256 of a case that conforms; "" for one without layers, or with layers that are not zstd tar.

    For an image: sha256 over the trees of its zstd:chunked layers, one line each, in the order of the manifests.
    """
    if case.expect != "accept" or case.kind == "blob":
        return ""
    try:
        if case.kind == "layer":
            return tree_digest(entries_of(blobs[case.input.root]))
        layers = (blobs[case.input.files[str(layer["digest"])]] for layer in chunked_descriptors(case, blobs))
        found = [tree_digest(entries_of(blob)) for blob in layers]
    except (FormatError, KeyError):
        return ""
    if not found or "" in found:
        return ""
    lines = "".join(f"{each}\n" for each in found)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def chunked_descriptors(case: Case, blobs: dict[str, bytes]) -> tuple[JsonObject, ...]:
    """The descriptors of the distinct zstd:chunked layers of an image, in the order of its manifests."""
    found: dict[str, JsonObject] = {}
    for manifest in _manifests(case, blobs):
        for layer in manifest.get("layers") or ():
            if MANIFEST_CHECKSUM in (layer.get("annotations") or {}):
                found.setdefault(layer["digest"], layer)
    return tuple(found.values())


def diff_id_of(case: Case, blobs: dict[str, bytes], layer: JsonObject) -> str:
    """The DiffID of a layer by the first config that has it; "" where none has."""
    for manifest in _manifests(case, blobs):
        for position, each in enumerate(manifest.get("layers") or ()):
            if each["digest"] == layer["digest"]:
                config = _document(case, blobs, manifest["config"])
                listed = (config.get("rootfs") or {}).get("diff_ids") or []
                return str(listed[position]) if position < len(listed) else ""
    return ""


def _manifests(case: Case, blobs: dict[str, bytes]) -> list[JsonObject]:
    root = msgspec.json.decode(blobs[case.input.root])
    return [root] if "layers" in root else [_document(case, blobs, each) for each in root.get("manifests") or ()]


def _document(case: Case, blobs: dict[str, bytes], descriptor: JsonObject) -> JsonObject:
    stored = case.input.files.get(str(descriptor.get("digest")))
    document = msgspec.json.decode(blobs[stored]) if stored else {}
    return document if isinstance(document, dict) else {}


def _target(entry: TarEntry, by_name: dict[bytes, TarEntry]) -> TarEntry:
    """The target entry of a hard link; the link itself where this layer has no such entry."""
    seen: set[bytes] = set()
    while entry.kind == "hardlink":
        name = clean(entry.header.link_name)
        if name in seen or name not in by_name:
            return entry
        seen.add(name)
        entry = by_name[name]
    return entry


def _line(name: bytes, entry: TarEntry) -> bytes:
    """``NAME KIND MODE UID GID VALUE XATTRS``: names and values in hex digits, the mode in octal digits."""
    header, kind = entry.header, entry.kind
    if kind == "reg":
        value = entry.sha256
    elif kind == "symlink":
        value = header.link_name.hex()
    elif kind in ("char", "block"):
        value = f"{header.dev_major}:{header.dev_minor}"
    else:
        value = "-"
    xattrs = ",".join(sorted(f"{key.hex()}={each.hex()}" for key, each in header.xattrs.items())) or "-"
    mode = 0o777 if kind == "symlink" else header.mode & 0o7777
    return f"{name.hex()} {kind} {mode:o} {header.uid} {header.gid} {value} {xattrs}\n".encode()

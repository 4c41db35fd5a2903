"""TOC documents: conforming ones, and invalid ones with one defect, each with the violated requirement.

These are documents only; ``format.seal.seal`` adds one to data frames.
"""

import copy
from collections.abc import Callable
from typing import Any, Final

import msgspec
from hypothesis import strategies as st

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.toc import CHUNK_ZEROS, Entry, Toc, encode_toc
from conformance.strategies.trees import paths


class BrokenToc(msgspec.Struct, frozen=True):
    """A TOC document that violates ``requirement`` as ``what`` states, created from the conforming ``twin``."""

    requirement: str
    what: str
    document: bytes
    twin: bytes


Break = Callable[[JsonObject], JsonObject | bytes]

_TIME = "2026-11-24T10:00:00Z"
_GAP = 100


@st.composite
def tocs(draw: st.DrawFn) -> Toc:
    """Conforming TOCs: first a directory, a file, a chunked file and a hard link, then files of any name."""
    offset = 64
    content = _digest("content")
    entries = [
        Entry("dir", "dir/", mode=0o755, modtime=_TIME),
        Entry("reg", "dir/file", mode=0o644, size=10, modtime=_TIME, digest=content, offset=offset, end_offset=90),
    ]
    offset = 90 + _GAP
    chunked, offset = draw(_chunked("dir/chunked", offset))
    entries += chunked
    entries.append(Entry("hardlink", "dir/link", "dir/file", mode=0o644, modtime=_TIME))
    entries.append(Entry("symlink", "dir/symlink", "file", mode=0o777, modtime=_TIME, xattrs={"user.a": "eA=="}))
    for name in draw(st.lists(paths().map("more/{}".format), max_size=8, unique=True)):
        if draw(st.booleans()):
            more, offset = draw(_chunked(name, offset))
            entries += more
        else:
            entries.append(Entry(draw(st.sampled_from(("reg", "dir", "fifo"))), name, mode=0o644, modtime=_TIME))
    return Toc(1, entries, _digest("tar-split"))


@st.composite
def _chunked(draw: st.DrawFn, name: str, offset: int) -> tuple[list[Entry], int]:
    sizes = draw(st.lists(st.integers(1, 200_000), min_size=2, max_size=5))
    entries: list[Entry] = []
    position = 0
    start = offset
    for index, size in enumerate(sizes):
        kind = "chunk" if index else "reg"
        zeros = CHUNK_ZEROS if draw(st.integers(0, 9)) == 0 else ""
        entries.append(
            Entry(
                kind,
                name,
                offset=offset,
                chunk_size=size,
                chunk_offset=position,
                chunk_digest=_digest(f"{name}{index}"),
                chunk_type=zeros,
            )
        )
        position += size
        offset += draw(st.integers(20, 1000))
    entries[0] = msgspec.structs.replace(
        entries[0], mode=0o644, size=position, modtime=_TIME, digest=_digest(name), offset=start, end_offset=offset
    )
    return entries, offset + _GAP


def documents() -> st.SearchStrategy[bytes]:
    """Conforming TOC documents as JSON bytes."""
    return tocs().map(encode_toc)


def broken_documents(requirement: str | None = None) -> st.SearchStrategy[BrokenToc]:
    """Documents with one defect: of any kind, or only those that violate ``requirement``."""
    cases = [case for case in BREAKS if requirement in (None, case[0])]
    return st.builds(break_document, documents(), st.sampled_from(cases))


def break_document(document: bytes, case: tuple[str, str, Break]) -> BrokenToc:
    """Apply one of ``BREAKS`` to a conforming document of ``documents``."""
    requirement, what, change = case
    fields: JsonObject = msgspec.json.decode(document)
    changed = change(copy.deepcopy(fields))
    return BrokenToc(requirement, what, changed if isinstance(changed, bytes) else encode(changed), document)


def _digest(text: str) -> str:
    return str(Digest.of(text.encode()))


def _entry(fields: JsonObject, kind: str) -> dict[str, Any]:
    """The first entry of a kind: a type, or ``chunked``; the fixed head of ``tocs`` has all kinds."""
    for entry in fields["entries"]:
        if entry["type"] == kind or (kind == "chunked" and "chunkSize" in entry):
            found: dict[str, Any] = entry
            return found
    raise ValueError(f"no {kind} entry in the document")


def _put(kind: str, **changes: object) -> Break:
    """Set keys of the first entry of this kind; None removes a key."""

    def change(fields: JsonObject) -> JsonObject:
        entry = _entry(fields, kind)
        entry.update(changes)
        for key in [key for key, value in changes.items() if value is None]:
            entry.pop(key, None)
        return fields

    return change


def _top(**changes: object) -> Break:
    def change(fields: JsonObject) -> JsonObject:
        merged = {**fields, **changes}
        return {key: value for key, value in merged.items() if value is not None}

    return change


def _text(old: bytes, new: bytes) -> Break:
    """Replace text of the document once, for forms that a JSON writer would not write."""

    def change(fields: JsonObject) -> bytes:
        document = encode(fields)
        if old not in document:
            raise ValueError(f"{old!r} is not in the document")
        return document.replace(old, new, 1)

    return change


def _twice(fields: JsonObject) -> JsonObject:
    fields["entries"].append(copy.deepcopy(_entry(fields, "dir")))
    return fields


def _orphan(fields: JsonObject) -> JsonObject:
    """Move the chunks of the chunked file to the start, before any regular file."""
    chunk = _entry(fields, "chunk")
    fields["entries"].remove(chunk)
    fields["entries"].insert(0, chunk)
    return fields


def _overlap(fields: JsonObject) -> JsonObject:
    plain, chunked = _entry(fields, "reg"), _entry(fields, "chunked")
    plain["endOffset"] = chunked["offset"] + 1
    return fields


BREAKS: Final[tuple[tuple[str, str, Break], ...]] = (
    ("TOC-001", "text after the document", lambda fields: encode(fields) + b"{}"),
    ("TOC-001", "a byte-order mark before the document", lambda fields: b"\xef\xbb\xbf" + encode(fields)),
    ("TOC-001", "the document is cut short", lambda fields: encode(fields)[:-1]),
    ("TOC-001", "a byte that is not UTF-8 in a name", _text(b'"dir/file"', b'"dir/\xff"')),
    ("TOC-001", "version 2", _top(version=2)),
    ("TOC-001", "no version", _top(version=None)),
    ("TOC-001", "entries is an object", _top(entries={})),
    ("TOC-001", "no entries", _top(entries=None)),
    ("TOC-002", "the key name twice in an entry", _text(b'"name":"dir/file"', b'"name":"dir/evil","name":"dir/file"')),
    ("TOC-002", "the key Name beside name", _text(b'"name":"dir/file"', b'"name":"dir/file","Name":"dir/evil"')),
    ("TOC-002", "an empty key", _text(b'"name":"dir/file"', b'"":"","name":"dir/file"')),
    ("TOC-002", "entries twice", _text(b'"entries":', b'"entries":[],"entries":')),
    ("TOC-002", "an extended attribute twice", _text(b'"user.a":"eA=="', b'"user.a":"","user.a":"eA=="')),
    ("TOC-005", "two entries of one name", _twice),
    ("TOC-006", "an unknown type", _put("dir", type="socket")),
    ("TOC-006", "no type", _put("dir", type=None)),
    ("TOC-006", "an empty name", _put("dir", name="")),
    ("TOC-006", "a file with content but no digest", _put("reg", digest=None)),
    ("TOC-006", "a symbolic link without a target", _put("symlink", linkName=None)),
    ("TOC-006", "a negative size", _put("reg", size=-1)),
    ("TOC-007", "the end of a file before its start", _put("reg", endOffset=1)),
    ("TOC-007", "two files overlap in the blob", _overlap),
    ("TOC-007", "an offset beyond any blob", _put("reg", offset=2**62, endOffset=2**62 + 1)),
    ("TOC-010", "an extended attribute that is not base64", _put("symlink", xattrs={"user.a": "?"})),
    ("TOC-010", "an extended attribute without padding", _put("symlink", xattrs={"user.a": "eA"})),
    ("TOC-011", "a time that is not RFC 3339", _put("reg", modtime="yesterday")),
    ("TOC-011", "the year-1 time written out", _put("reg", accesstime="0001-01-01T00:00:00Z")),
    ("TOC-021", "a hard link outside the root", _put("hardlink", linkName="../../etc/shadow")),
    ("TOC-021", "a hard link to itself", _put("hardlink", linkName="dir/link")),
    ("CHUNK-001", "a chunk without a file before it", _orphan),
    ("CHUNK-001", "a chunk of another name than its file", _put("chunk", name="dir/file")),
    ("CHUNK-002", "the first chunk is not at 0", _put("chunked", chunkOffset=1)),
    ("CHUNK-002", "a chunk begins where none ends", _put("chunk", chunkOffset=2**40)),
    ("CHUNK-005", "an unknown chunk type", _put("chunk", chunkType="ones")),
    ("CHUNK-007", "a chunk with a mode", _put("chunk", mode=0o644)),
    ("CHUNK-008", "a chunk that begins before the one it follows", _put("chunk", offset=1)),
    ("CHUNK-009", "chunk fields on a file of one chunk", _put("reg", chunkSize=10, chunkDigest=_digest("content"))),
)
"""Requirement, description of the defect, and the edit."""

"""The features that a runner needs for a case, its importance, and the public advisories about it."""

import re
from collections.abc import Iterator
from typing import Final

from conformance.cases.vectors.model import Case, Feature, Importance
from conformance.cases.vectors.tree import entries_of
from conformance.format.errors import FormatError
from conformance.format.names import SENTINEL_TYPE
from conformance.requirements import Requirement

_ADVISORY: Final = re.compile(r"\b(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3})\b")
# Cases in which two readers see different files, or bytes are read without verification.
_GRAVE: Final = frozenset(
    ("TAR", "SEC", "TOC", "CHUNK", "TARSPLIT", "ANNOT", "SENT-BLOB", "SENT-DESC", "SENT-INDEX", "DOC", "LAYER")
)


def importance_of(requirement: Requirement) -> Importance:
    """``high``: a MUST by which readers see the same files and verify them. ``low``: no MUST."""
    if requirement.level != "MUST":
        return "low"
    return "high" if requirement.group in _GRAVE else "medium"


def advisories_of(requirement: Requirement) -> tuple[str, ...]:
    """The advisories that the catalogue names for it."""
    return tuple(dict.fromkeys(_ADVISORY.findall(f"{requirement.why} {requirement.source}")))


def features_of(case: Case, blobs: dict[str, bytes]) -> tuple[Feature, ...]:
    """Features of the case that a reader may not support, from its readable bytes."""
    return tuple(sorted(set(_features(case, blobs))))


def _features(case: Case, blobs: dict[str, bytes]) -> Iterator[Feature]:
    if case.kind == "blob":
        yield "sentinel"
        return
    if case.kind == "http":
        yield "http"
    documents = b"".join(
        content for stored in case.input.files.values() if (content := blobs[stored]).lstrip()[:1] == b"{"
    )
    if SENTINEL_TYPE.encode() in documents:
        yield "sentinel"
    if b"sha512:" in documents:
        yield "sha512"
    if b"+gzip" in documents or b"tar.gzip" in documents:
        yield "gzip"
    described = documents + repr(case.input.descriptor).encode()
    if b"zstd-chunked.tarsplit-position" in described:
        yield "tar-split"
    for stored in case.input.files.values():
        if blobs[stored].startswith(b"\x28\xb5\x2f\xfd"):
            yield from _of_a_tar(blobs[stored])


def _of_a_tar(blob: bytes) -> Iterator[Feature]:
    """The features of a tar; none of an unreadable tar, whose case states the defect."""
    try:
        entries = entries_of(blob)
    except FormatError:
        return
    for entry in entries:
        if entry.kind == "hardlink":
            yield "hardlinks"
        if entry.kind in ("char", "block", "fifo"):
            yield "devices"
        if entry.header.xattrs:
            yield "xattrs"
        if any(byte > 0x7F for byte in entry.header.name):
            yield "names-beyond-ascii"

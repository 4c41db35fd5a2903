"""DOC-019 to DOC-021: the kinds of documents, the mark of a layout, and the form of media types."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from conformance.format.layout_mark import LAYOUT_VERSION
from conformance.format.media_types import ENTRY_TYPES, INDEX_TYPES, lenient_type
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, passed

_OF_MANIFESTS = ENTRY_TYPES - INDEX_TYPES
# RFC 6838 section 4.2: restricted-name "/" restricted-name.
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_MEDIA_TYPE: Final = re.compile(f"{_NAME}/{_NAME}")
_TYPES: Final = ("mediaType", "artifactType")
_MAX: Final = 10


class _Document(msgspec.Struct, frozen=True):
    """One document: what media type it states itself ("": none), and by which it is named (None: by none)."""

    where: str
    is_index: bool
    own: str
    named: str | None = None
    naming: str = ""

    @property
    def types(self) -> frozenset[str]:
        return INDEX_TYPES if self.is_index else _OF_MANIFESTS


@decides("DOC-019")
def of_the_kind_that_they_are(seen: ImageSeen) -> Iterator[Judgement]:
    for document in _documents(seen):
        # A type that only resembles a known one is DOC-007.
        if document.own and lenient_type(document.own, ENTRY_TYPES) is None:
            yield judge(
                document.own in document.types,
                f"{'An index' if document.is_index else 'A manifest'} has the media type of something else.",
                where=f"{document.where}.mediaType",
                expected=" or ".join(sorted(document.types)),
                found=document.own[:120],
            )
        if document.named is not None and lenient_type(document.named, ENTRY_TYPES) is None:
            right = document.named == document.own if document.own else document.named in document.types
            yield judge(
                right,
                "A descriptor states another media type than that of the document it names: clients that go by the"
                " one take it for an index, those that go by the other for a manifest, or refuse it.",
                where=document.naming,
                expected=document.own or " or ".join(sorted(document.types)),
                found=document.named[:120] or "none",
            )


def _documents(seen: ImageSeen) -> Iterator[_Document]:
    entry = seen.layout.entry if seen.layout is not None else None
    named, naming = (None, "") if entry is None else (entry.media_type, "the entry of index.json")
    if seen.index is not None:
        yield _Document("index", True, seen.index.view.media_type, named, naming)
    for manifest in seen.manifests:
        if manifest.entry is not None:
            # An entry without a media type is DOC-007.
            named, naming = manifest.entry.media_type or None, f"index.{manifest.name}"
        found = _document(manifest)
        if found is not None:
            is_index, own = found
            yield _Document(manifest.name, is_index, own, named, naming)


def _document(manifest: ManifestSeen) -> tuple[bool, str] | None:
    if manifest.inner is not None:
        return True, manifest.inner.view.media_type
    return None if manifest.document is None else (False, manifest.document.view.media_type)


@decides("DOC-020")
def layout_is_marked(seen: ImageSeen) -> Iterator[Judgement]:
    problem = None if seen.root is None else seen.root.mark_problem
    if problem is not None:
        yield judge(
            not problem,
            "The layout does not state that it is one: some readers refuse it.",
            where="oci-layout",
            expected=f'{{"imageLayoutVersion":"{LAYOUT_VERSION}"}}',
            found=problem or "as described",
        )


@decides("DOC-021")
def media_types_by_rfc_6838(seen: ImageSeen) -> Iterator[Judgement]:
    for name, fields in _fields(seen):
        wrong = [(where, value) for where, value in _media_types(fields) if not _MEDIA_TYPE.fullmatch(value)]
        for where, value in wrong[:_MAX]:
            yield failed(
                "A media type does not have the form of one.",
                where=f"{name}.{where}",
                expected="type/subtype of RFC 6838 section 4.2",
                found=repr(value[:120]),
            )
        if not wrong:
            yield passed(name)


def _fields(seen: ImageSeen) -> Iterator[tuple[str, dict[str, Any]]]:
    if seen.index is not None:
        yield "index", seen.index.fields
    for manifest in seen.manifests:
        if manifest.document is not None:
            yield manifest.name, manifest.document.fields


def _media_types(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Those of a document and of its descriptors. Without "" and those that resemble a known one, which are DOC-007."""
    described = [(key, fields.get(key)) for key in ("config", "subject")]
    for key in ("manifests", "layers"):
        described += [(f"{key}[{place}]", each) for place, each in enumerate(fields.get(key) or ())]
    for where, each in (("", fields), *described):
        for key in _TYPES:
            value = each.get(key) if isinstance(each, dict) else None
            if isinstance(value, str) and value and lenient_type(value) is None:
                yield f"{where}.{key}".lstrip("."), value

"""DOC-015: the content that descriptors embed (OCI image-spec v1.1.1 descriptor.md, "Embedded Content")."""

import base64
from collections.abc import Iterator
from typing import Any

from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.observed.image import ImageSeen
from conformance.requirements import decides
from conformance.results import Judgement, judge

Json = dict[str, Any]


@decides("DOC-015")
def data_is_the_content(seen: ImageSeen) -> Iterator[Judgement]:
    for where, descriptor in _with_data(seen):
        found = _problem(descriptor)
        yield judge(
            not found,
            "The data of a descriptor is not the content that its digest names: some clients use it, others fetch.",
            where=f"{where}.data",
            expected=f"base64 of {descriptor.get('size')} bytes, {descriptor.get('digest')}"[:200],
            found=found or "as described",
        )


def _with_data(seen: ImageSeen) -> Iterator[tuple[str, Json]]:
    for where, descriptor in _descriptors(seen):
        if isinstance(descriptor, dict) and isinstance(descriptor.get("data"), str):
            yield where, descriptor


def _descriptors(seen: ImageSeen) -> Iterator[tuple[str, object]]:
    documents = {} if seen.index is None else {"index": seen.index.fields}
    documents |= {manifest.name: manifest.document.fields for manifest in seen.manifests if manifest.document}
    for name, fields in documents.items():
        for key in ("config", "subject"):
            yield f"{name}.{key}", fields.get(key)
        for key in ("manifests", "layers"):
            items = fields.get(key)
            for position, item in enumerate(items if isinstance(items, list) else ()):
                yield f"{name}.{key}[{position}]", item


def _problem(descriptor: Json) -> str:
    """How the embedded content differs from what the descriptor states; "" for not at all."""
    try:
        content = base64.b64decode(descriptor["data"], validate=True)
    except ValueError:
        return "no base64"
    if len(content) != descriptor.get("size"):
        return f"{len(content)} bytes"
    try:
        wanted = Digest.parse(str(descriptor.get("digest")))
    except FormatError:
        return ""  # DOC-010 and LAYER-003 cover an invalid digest
    actual = Digest.of(content, wanted.algorithm)
    return "" if actual == wanted else str(actual)

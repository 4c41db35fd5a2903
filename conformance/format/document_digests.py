"""Where an index, a manifest and a config hold digests (OCI image-spec v1.1.1 descriptor.md, config.md)."""

from collections.abc import Iterator
from typing import Any

from conformance.format.document_types import DocumentKind

_LISTS: dict[DocumentKind, tuple[str, ...]] = {"index": ("manifests",), "manifest": ("layers",), "config": ()}
_SINGLE: dict[DocumentKind, tuple[str, ...]] = {"index": ("subject",), "manifest": ("config", "subject"), "config": ()}


def digests_in(kind: DocumentKind, fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The path and the text of each digest; a digest of another type is left out: DOC-001 judges types."""
    places = [(key, fields.get(key)) for key in _SINGLE[kind]]
    for key in _LISTS[kind]:
        places += [(f"{key}[{position}]", item) for position, item in enumerate(_items(fields.get(key)))]
    for path, descriptor in places:
        if isinstance(descriptor, dict) and isinstance(text := descriptor.get("digest"), str):
            yield f"{path}.digest", text
    if kind == "config" and isinstance(root := fields.get("rootfs"), dict):
        for position, text in enumerate(_items(root.get("diff_ids"))):
            if isinstance(text, str):
                yield f"rootfs.diff_ids[{position}]", text


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

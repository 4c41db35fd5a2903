"""Single conforming documents as JSON bytes, in any form of JSON: manifests, configs, indexes.

The requirements relate the documents of an image, so the invalid counterpart of a document is an image with it:
``images.broken_images("SENT-MANIFEST")``, ``("SENT-CONFIG")``, ``("SENT-INDEX")``, ``("SENT-DESC")``.
"""

import json

from hypothesis import strategies as st

from conformance.format.oci import Descriptor, read_index, read_manifest
from conformance.images.bundle import Bundle
from conformance.strategies.images import images


def manifests() -> st.SearchStrategy[bytes]:
    """Manifests of plain and sentinel variants: layers of all compressions, annotations, unknown fields."""
    return _respelt(_any_entry().map(lambda found: found[0].content(found[1].digest)))


def configs() -> st.SearchStrategy[bytes]:
    """Configs of plain and sentinel variants, with unknown fields in the config and in its execution config."""
    return _respelt(_any_entry().map(lambda found: config_of(found[0], found[1].digest)))


def indexes() -> st.SearchStrategy[bytes]:
    """Indexes of one to five platforms and several compressions, in the order of the reference."""
    return _respelt(images().map(lambda image: image.content(image.root.digest)))


def entries_of(image: Bundle) -> tuple[Descriptor, ...]:
    """The entries of the index that an image begins with."""
    return read_index(image.content(image.root.digest)).view.manifests


def config_of(image: Bundle, digest: str) -> bytes:
    """The config of the manifest that has this digest."""
    return image.content(read_manifest(image.content(digest)).view.config.digest)


def spellings(raw: bytes) -> st.SearchStrategy[bytes]:
    """The same document in the forms of other writers: compact, with blanks, indented, ASCII only; in the same key
    order.
    """
    value = json.loads(raw)
    blanks = st.sampled_from((None, 0, 1, 3))
    return st.builds(
        lambda indent, ascii_: json.dumps(value, indent=indent, ensure_ascii=ascii_).encode(), blanks, st.booleans()
    ) | st.just(raw)


def _respelt(documents: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return documents.flatmap(spellings)


def _any_entry() -> st.SearchStrategy[tuple[Bundle, Descriptor]]:
    return images().flatmap(lambda image: st.sampled_from(entries_of(image)).map(lambda entry: (image, entry)))

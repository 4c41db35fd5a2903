"""Reads layers as whole blobs, all frames, verified by blob digest and DiffID: for plain images only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from conformance.format.digest import Digest
from conformance.format.entries import clean_name, entry_of
from conformance.format.errors import FormatError
from conformance.format.oci import Descriptor
from conformance.format.tar import TarReader
from conformance.format.toc import Entry
from conformance.reference.compression import compression_of, decompressed
from conformance.reference.errors import RefusalError
from conformance.reference.names import check_entry_names
from conformance.reference.plan import MAX_CONTENT, MAX_ENTRIES, Item
from conformance.reference.reading import content_of
from conformance.reference.store import ContentStore
from conformance.sources.source import ImageSource

MAX_BLOB: Final = 2**30
"""Maximum bytes of a blob, which is held in memory."""
_GLOBAL_HEADER: Final = "g"


class WholeLayers:
    """Downloads layers, and reads them as tar."""

    def __init__(self, source: ImageSource, store: ContentStore) -> None:
        self._source, self._store = source, store

    def items(self, layer: Descriptor, diff_id: Digest) -> tuple[Item, ...]:
        """The entries of the tar of a layer; the contents are written to the store."""
        return tuple(self.read_tar(self.tar(layer, diff_id)))

    def tar(self, layer: Descriptor, diff_id: Digest) -> Path:
        """The tar of the layer in a file of the store, with its DiffID verified."""
        if not self._store.has(diff_id):
            blob = self.blob(layer)
            with self._store.writing(diff_id.algorithm) as writing:
                for piece in self.decompressed(blob, compression_of(layer.media_type)):
                    writing.write(piece)
                self.verify_diff_id(layer, writing.digest, diff_id)
                writing.commit(diff_id)
        return self._store.path(diff_id)

    def blob(self, layer: Descriptor) -> bytes:
        """The whole blob, verified by its digest and size."""
        return content_of(self._source.blob(layer, MAX_BLOB), f"layer {layer.digest}")

    def decompressed(self, blob: bytes, compression: str) -> Iterator[bytes]:
        """The content of all frames (SENT-PULL-015), within bounds (SEC-004)."""
        return decompressed(blob, compression, MAX_CONTENT)

    def verify_diff_id(self, layer: Descriptor, found: Digest, diff_id: Digest) -> None:
        """Require the DiffID of the config for the decompressed tar."""
        if found != diff_id:
            raise RefusalError(f"layer {layer.digest}: its tar has the digest {found}; the config states {diff_id}")

    def read_tar(self, tar: Path) -> list[Item]:
        """The entries of a tar; of two with one name the later counts, as in every tar reader."""
        items: dict[bytes, Item] = {}
        with tar.open("rb") as file:
            reader = TarReader(file)
            while (header := reader.header()) is not None:
                reader.take_raw()
                if header.typeflag == _GLOBAL_HEADER:
                    for _ in reader.content():
                        pass
                    continue
                entry = entry_of(header)
                check_entry_names(entry)
                name = clean_name(header.name)
                items.pop(name, None)
                items[name] = self._item(entry, reader)
                if len(items) > MAX_ENTRIES:
                    raise FormatError(f"the tar has more than {MAX_ENTRIES} entries")
        return list(items.values())

    def _item(self, entry: Entry, reader: TarReader) -> Item:
        if not entry.size:
            return Item(entry)
        with self._store.writing() as writing:
            for piece in reader.content():
                writing.write(piece)
            digest = writing.commit()
        return Item(msgspec.structs.replace(entry, digest=str(digest)), digest)

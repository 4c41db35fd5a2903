"""Converts one image manifest to another compression: layers are recompressed, everything else is unchanged."""

import json
from typing import Any, BinaryIO, Final, cast

import msgspec

from conformance.format import variant
from conformance.format.assembled import manifest_of
from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, encode
from conformance.format.media_types import ZSTD
from conformance.format.names import (
    CHUNK_KEYS,
    DOCKER_CONFIG_TYPE,
    DOCKER_GZIP_TYPE,
    DOCKER_MANIFEST_TYPE,
    LEGACY_PREFIX,
)
from conformance.format.oci import Descriptor, Document, Manifest, read_config, read_manifest
from conformance.format.positions import ChunkedAnnotations
from conformance.format.splice import with_member
from conformance.format.writer import write_layer
from conformance.reference.compression import CHUNKED, MEDIA_TYPE, compress, compression_of, is_tar_layer
from conformance.reference.errors import NotSupportedError, RefusalError
from conformance.reference.reading import begins_with_sentinel, content_of
from conformance.reference.store import ContentStore
from conformance.reference.whole import MAX_BLOB, WholeLayers
from conformance.sources.source import ImageSource

# Annotations about the old bytes of a layer.
_OF_CONTENT: Final = ("data", "urls", "annotations")

Json = dict[str, Any]


class Instance(msgspec.Struct, frozen=True):
    """An image manifest with its config, as bytes; ``sentinel``: it is a sentinel variant."""

    raw: bytes
    config: bytes
    sentinel: bool = False

    @property
    def digest(self) -> str:
        return str(Digest.of(self.raw))


class Converter:
    """Reads instances from a source and converts them to another compression; a defect may override any step."""

    def __init__(self, source: ImageSource, store: ContentStore, whole_layers: type[WholeLayers] = WholeLayers) -> None:
        self._source, self._store = source, store
        self._whole = whole_layers(source, store)
        self._made: dict[str, bytes] = {}
        self._layers: dict[tuple[str, str], Json] = {}

    def read(self, raw: bytes) -> Instance:
        """The manifest with its config; refused when a sentinel is in a wrong position."""
        manifest = read_manifest(raw).view
        sentinel = begins_with_sentinel(manifest)
        config = content_of(self._source.blob(manifest.config, MAX_DOCUMENT), "the config")
        return Instance(raw, config, sentinel)

    def stripped(self, instance: Instance) -> Instance:
        """The instance without its sentinel, whatever the content (SENT-STRIP-004, SENT-STRIP-009)."""
        raw, config = variant.strip_manifest(instance.raw, instance.config)
        return Instance(raw, self.add(config))

    def converted(self, instance: Instance, compression: str) -> Instance:
        """The instance with all layers in this compression; unchanged bytes when they already are, or are not tars."""
        document = read_manifest(instance.raw)
        layers = document.view.layers
        if not all(is_tar_layer(layer.media_type) for layer in layers):
            return instance
        diff_ids = read_config(instance.config).view.rootfs.diff_ids
        if len(diff_ids) != len(layers):
            raise RefusalError(f"{len(diff_ids)} DiffIDs for {len(layers)} layers")
        pairs = zip(document.fields["layers"], layers, diff_ids, strict=True)
        new = [self.layer(fields, layer, Digest.parse(diff_id), compression) for fields, layer, diff_id in pairs]
        if new == document.fields["layers"]:
            return instance
        return msgspec.structs.replace(instance, raw=self.with_layers(document, new))

    def layer(self, fields: Json, layer: Descriptor, diff_id: Digest, compression: str) -> Json:
        """The descriptor of one layer in this compression."""
        if self.is_already(layer, compression):
            return fields
        key = (layer.digest, compression)
        if key not in self._layers:
            self._layers[key] = self._write(layer, diff_id, compression)
        written = dict(self._layers[key])
        annotations = {**self.kept_annotations(layer), **written.pop("annotations")}
        kept = {name: value for name, value in fields.items() if name not in _OF_CONTENT}
        return {**kept, **written} | ({"annotations": annotations} if annotations else {})

    def is_already(self, layer: Descriptor, compression: str) -> bool:
        """Whether a layer has this compression; zstd:chunked is not plain zstd, which has no TOC (SENT-STRIP-003)."""
        annotations = ChunkedAnnotations.of(layer.annotations)
        if compression == CHUNKED:
            whole = annotations.is_chunked and annotations.tar_split_position and not annotations.estargz_digest
            return bool(whole) and compression_of(layer.media_type) == ZSTD
        chunked = annotations.is_chunked or annotations.is_legacy
        return layer.media_type == MEDIA_TYPE[compression] and not (compression == ZSTD and chunked)

    def kept_annotations(self, layer: Descriptor) -> dict[str, str]:
        """The annotations that are not about the old bytes (SENT-STRIP-005)."""
        given = layer.annotations or {}
        return {
            key: value for key, value in given.items() if key not in CHUNK_KEYS and not key.startswith(LEGACY_PREFIX)
        }

    def with_layers(self, document: Document[Manifest], layers: list[Json]) -> bytes:
        """The manifest with these layers, and every other byte unchanged (SENT-STRIP-018)."""
        if document.view.media_type == DOCKER_MANIFEST_TYPE:
            raise NotSupportedError("Docker manifests are copied as they are; their layers are not converted")
        value = json.dumps(layers, ensure_ascii=False, separators=(",", ":"))
        return with_member(document.raw.decode(), "layers", value).encode()

    def docker(self, instance: Instance) -> bytes:
        """The Docker schema 2 manifest of an image whose layers are gzip; that form has no annotations."""
        view = read_manifest(instance.raw).view

        def described(descriptor: Descriptor, media_type: str) -> Json:
            return {"mediaType": media_type, "size": descriptor.size, "digest": descriptor.digest}

        layers = [described(layer, DOCKER_GZIP_TYPE) for layer in view.layers]
        config = described(view.config, DOCKER_CONFIG_TYPE)
        return encode(manifest_of(config, layers, media_type=DOCKER_MANIFEST_TYPE))

    def add(self, content: bytes) -> bytes:
        """Add a small blob that was created here."""
        self._made[str(Digest.of(content))] = content
        return content

    def load(self, blob: Descriptor) -> bytes:
        """The verified bytes of a blob that was created here, or of the source."""
        if blob.digest in self._made:
            return self._made[blob.digest]
        digest = Digest.parse(blob.digest)
        if self._store.has(digest):
            return self._store.path(digest).read_bytes()
        return content_of(self._source.blob(blob, MAX_BLOB), f"blob {blob.digest}")

    def _write(self, layer: Descriptor, diff_id: Digest, compression: str) -> Json:
        tar = self._whole.tar(layer, diff_id)
        annotations: dict[str, str] = {}
        with self._store.writing() as writing:
            out = cast(BinaryIO, writing)  # only write() is called
            if compression == CHUNKED:
                with tar.open("rb") as file:
                    annotations = write_layer(file, out).annotations
            else:
                compress(tar, out, compression)
            size, digest = writing.size, writing.commit()
        described: Json = {"mediaType": MEDIA_TYPE[compression], "digest": str(digest), "size": size}
        return {**described, "annotations": annotations}

"""Creates registries of many images that share layers, for the benchmark of audits.

Every image has its own config and ``per_image`` consecutive layers of the list of distinct layers, which repeats.
Ten images share a repository.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.names import CONFIG_TYPE, MANIFEST_TYPE
from conformance.format.stored import StoredManifest
from conformance.images.layer_draft import DraftedLayer, draft_layer, finish_layer
from conformance.images.trees import Node
from conformance.registry.server.embedded import EmbeddedRegistry

_TAGS = 10


class Fleet(msgspec.Struct, frozen=True):
    """``images`` with ``per_image`` layers each, of ``distinct`` layers in all; a layer has ``files`` small files."""

    images: int
    distinct: int
    per_image: int
    files: int = 1


class FleetImage(msgspec.Struct, frozen=True):
    """One image: where it is, its manifest and config, and the digests of its layers."""

    repository: str
    tag: str
    manifest: bytes
    config: bytes
    layers: tuple[str, ...]


def layers_of(fleet: Fleet) -> list[DraftedLayer]:
    """The distinct layers."""
    return [finish_layer(draft_layer(_tree(number, fleet.files))) for number in range(fleet.distinct)]


def _tree(number: int, files: int) -> tuple[Node, ...]:
    directory = Node("usr/", "dir", mode=0o755)
    return (directory, *(Node(f"usr/file-{n:06}", content=f"layer {number} file {n}\n".encode()) for n in range(files)))


def images_of(fleet: Fleet, layers: list[DraftedLayer]) -> Iterator[FleetImage]:
    """All images, in order."""
    for number in range(fleet.images):
        chosen = [layers[(number + place) % fleet.distinct] for place in range(fleet.per_image)]
        config = encode(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Labels": {"number": str(number)}},
                "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in chosen]},
                "history": [{"created_by": "benchmark"} for _ in chosen],
            }
        )
        of_config: JsonObject = {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)}
        document: JsonObject = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": of_config}
        manifest = encode({**document, "layers": [layer.descriptor for layer in chosen]})
        digests = tuple(str(layer.descriptor["digest"]) for layer in chosen)
        yield FleetImage(f"team/app-{number // _TAGS:05}", f"v{number % _TAGS}", manifest, config, digests)


def fill_embedded(registry: EmbeddedRegistry, fleet: Fleet) -> None:
    """Put the fleet into the embedded registry, without requests."""
    layers = layers_of(fleet)
    blobs = {str(layer.descriptor["digest"]): layer.blob for layer in layers}
    for image in images_of(fleet, layers):
        digest, config = str(Digest.of(image.manifest)), str(Digest.of(image.config))
        own = {name: blobs[name] for name in image.layers} | {config: image.config}
        registry.load(
            image.repository, own, {digest: StoredManifest(image.manifest, MANIFEST_TYPE)}, **{image.tag: digest}
        )


def fill_distribution(storage: Path, fleet: Fleet) -> None:
    """Write the fleet into the directory of a stopped docker-registry, as its filesystem driver has it.

    Layout: distribution 2.8, registry/storage/paths.go.
    """
    root = storage / "docker" / "registry" / "v2"
    layers = layers_of(fleet)
    for layer in layers:
        _blob(root, layer.blob)
    for image in images_of(fleet, layers):
        place = root / "repositories" / image.repository
        digest = str(_blob(root, image.manifest))
        for name in (*image.layers, str(_blob(root, image.config))):
            _link(place / "_layers", name)
        _link(place / "_manifests" / "revisions", digest)
        tag = place / "_manifests" / "tags" / image.tag
        _link(tag / "index", digest)
        (tag / "current").mkdir(parents=True)
        (tag / "current" / "link").write_text(digest)


def _blob(root: Path, content: bytes) -> Digest:
    digest = Digest.of(content)
    place = root / "blobs" / "sha256" / digest.hex[:2] / digest.hex
    place.mkdir(parents=True, exist_ok=True)
    (place / "data").write_bytes(content)
    return digest


def _link(place: Path, digest: str) -> None:
    directory = place / "sha256" / digest.partition(":")[2]
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "link").write_text(digest)

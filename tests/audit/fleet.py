"""Images for audits: many of them, of few layers."""

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.names import CONFIG_TYPE, MANIFEST_TYPE
from conformance.format.stored import StoredManifest
from conformance.images.layer_draft import DraftedLayer, draft_layer, finish_layer
from conformance.images.trees import Node
from conformance.registry.server.embedded import EmbeddedRegistry


def layers_of(count: int) -> list[DraftedLayer]:
    """Conforming layers, all different."""
    trees = ((Node("usr/", "dir", mode=0o755), Node("usr/file", content=f"layer {n}\n".encode())) for n in range(count))
    return [finish_layer(draft_layer(tree)) for tree in trees]


def image_of(layers: list[DraftedLayer], name: str) -> tuple[bytes, bytes]:
    """Manifest and config of an image of these layers; the name makes it another."""
    config = encode(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Labels": {"name": name}},
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [{"created_by": "test"} for _ in layers],
        }
    )
    descriptor: JsonObject = {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)}
    fields = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": descriptor}
    return encode({**fields, "layers": [layer.descriptor for layer in layers]}), config


def load(registry: EmbeddedRegistry, repository: str, tag: str, layers: list[DraftedLayer]) -> bytes:
    """Put an image into a repository; its manifest."""
    manifest, config = image_of(layers, f"{repository}:{tag}")
    blobs = {layer.descriptor["digest"]: layer.blob for layer in layers} | {str(Digest.of(config)): config}
    digest = str(Digest.of(manifest))
    registry.load(repository, blobs, {digest: StoredManifest(manifest, MANIFEST_TYPE)}, **{tag: digest})
    return manifest

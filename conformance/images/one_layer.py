"""An image of one layer, in memory."""

from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.names import CONFIG_TYPE


def one_layer_image(blob: bytes, descriptor: JsonObject, diff_id: str) -> tuple[dict[str, bytes], bytes]:
    """The blobs and the manifest of an image with this layer only."""
    diff_ids = [diff_id]
    config = encode({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
    manifest = encode(manifest_of(describe(config, CONFIG_TYPE), [descriptor]))
    return {str(Digest.of(content)): content for content in (config, blob)}, manifest

"""A conforming pair of manifests whose last layer is one of the test's own."""

from conformance.images.draft import Drafted, conforming_draft, finish
from conformance.images.layer_draft import DraftedLayer


def pair_with(layer: DraftedLayer, blob: bytes | None = None) -> Drafted:
    """The image; ``blob`` stands under the layer's digest instead of its own bytes."""
    image = conforming_draft()
    image.blobs[layer.descriptor["digest"]] = layer.blob if blob is None else blob
    for manifest, config in ((image.plain, image.plain_config), (image.sentinel, image.sentinel_config)):
        manifest["layers"][-1] = layer.descriptor
        config["rootfs"]["diff_ids"][-1] = layer.diff_id
    return finish(image)

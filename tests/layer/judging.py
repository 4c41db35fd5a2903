"""Judges one written layer, alone in an image."""

from conformance.checks.artifact import judge_image
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import CONFIG_TYPE, MANIFEST_TYPE
from conformance.format.writer import WrittenLayer
from conformance.subjects.image import observe_image
from conformance.subjects.layers import LayerReading
from conformance.subjects.memory import MemorySource


def judge_layer(blob: bytes, written: WrittenLayer) -> set[str]:
    """The requirements that fail, or could not be judged, when every byte is read."""
    config = encode(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [str(written.diff_id)]}}
    )
    layer = written.descriptor
    described = {
        "mediaType": layer.media_type,
        "digest": layer.digest,
        "size": layer.size,
        "annotations": layer.annotations,
    }
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)},
            "layers": [described],
        }
    )
    blobs = {str(Digest.of(content)): content for content in (config, blob)}
    seen = observe_image(MemorySource(blobs, manifest), reading=LayerReading(deep=True))
    return {result.id for result in judge_image(seen) if result.verdict in ("fail", "not-run")}

"""Notes on layers of old writers: reported, never judged as this revision (FOOTER-005, ANNOT-009)."""

from collections.abc import Iterator

from conformance.format.names import LEGACY_PREFIX
from conformance.observation import ImageSeen


def legacy_notes(seen: ImageSeen) -> Iterator[str]:
    """One note for each layer that has annotations of the legacy prefix."""
    for manifest in seen.every_manifest:
        for position, layer in enumerate(manifest.document.view.layers if manifest.document else ()):
            keys = sorted(key for key in layer.annotations or {} if key.startswith(LEGACY_PREFIX))
            if keys:
                yield (
                    f"{manifest.name}.layers[{position}] has legacy annotations ({', '.join(keys)}): "
                    "current clients take it for a layer without TOC"
                )

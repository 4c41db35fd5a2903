"""The golden layers, read from the layouts with nothing but ``json``."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conformance.format.decompress import decompress
from conformance.format.positions import ChunkedAnnotations, Positions
from conformance.format.toc import Toc, read_toc

ROOT = Path(__file__).parents[3] / "fixtures" / "golden"
BIG = 2**30


@dataclass(frozen=True)
class GoldenLayer:
    digest: str
    annotations: ChunkedAnnotations
    blob: bytes

    @property
    def positions(self) -> Positions:
        return self.annotations.positions()

    @property
    def toc(self) -> Toc:
        at = self.positions.toc
        return read_toc(self.blob[at.offset : at.end], declared_size=at.uncompressed)

    @property
    def tar(self) -> bytes:
        return decompress(self.blob, limit=BIG)

    @property
    def tar_split(self) -> bytes:
        at = self.positions.tar_split
        assert at is not None
        return decompress(self.blob[at.offset : at.end], limit=at.uncompressed)


@cache
def layers(image: str) -> tuple[GoldenLayer, ...]:
    """The zstd:chunked layers of one golden image, each once; legacy keys read as current ones."""
    folder = ROOT / image / "blobs" / "sha256"
    found: dict[str, GoldenLayer] = {}
    for path in sorted(folder.iterdir()):
        raw = path.read_bytes()
        descriptors = json.loads(raw).get("layers", []) if raw.startswith(b"{") else []
        for descriptor in descriptors:
            annotations = ChunkedAnnotations.of(descriptor.get("annotations"))
            if annotations.is_legacy:
                annotations = annotations.legacy_view()
            if annotations.is_chunked:
                blob = (folder / descriptor["digest"].removeprefix("sha256:")).read_bytes()
                found[descriptor["digest"]] = GoldenLayer(descriptor["digest"], annotations, blob)
    assert len(found) == 2, "a golden image has two chunked layers"
    return tuple(found.values())


CURRENT = "sentinel-single"
LEGACY = "skopeo-1.9.3-plain"

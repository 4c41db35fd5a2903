"""Sizes and positions that are not numbers of any file: findings wherever the image lies, never a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from conformance.anatomy.difference.duality import compare_readings
from conformance.anatomy.difference.model import DiffError
from conformance.anatomy.walk import ViewOptions, view_image
from conformance.audit.checking import CheckOptions, judge_source, open_source
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import CONFIG_TYPE, MANIFEST_POSITION, MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.format.stored import StoredManifest
from conformance.images.layer_draft import conforming_layer, finish_layer
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.server import defects
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.sources.errors import SourceError
from conformance.sources.layout import write_layout
from conformance.sources.source import ImageSource

SIZES = (-(2**70), -5, -1, 0, 71, 2**62, 2**63, 2**64, 10**30)
PLACES = ("layout", "registry", "ignores-range")


@contextmanager
def image(place: str, directory: Path, size: int, *, position: str = "") -> Iterator[ImageSource]:
    """An image of one conforming layer whose descriptor states this size, and perhaps another place of the TOC."""
    layer = finish_layer(conforming_layer())
    described: dict[str, Any] = {**layer.descriptor, "size": size}
    if position:
        described["annotations"] = {**described["annotations"], MANIFEST_POSITION: position}
    config = encode({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [layer.diff_id]}})
    named = {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)}
    raw = encode({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": named, "layers": [described]})
    root = str(Digest.of(raw))
    blobs = {named["digest"]: config, described["digest"]: layer.blob}
    if place == "layout":
        write_layout(directory / "image", {**blobs, root: raw}, Descriptor(MANIFEST_TYPE, root, len(raw)))
        yield open_source(f"oci:{directory / 'image'}", ConnectionOptions())
        return
    deviations = [defects.ignores_range()] if place == "ignores-range" else []
    with EmbeddedRegistry(defects=deviations) as registry:
        registry.load("image", blobs, {root: StoredManifest(raw, MANIFEST_TYPE)}, latest=root)
        host = registry.url.partition("://")[2]
        yield open_source(f"{host}/image:latest", ConnectionOptions(plain_http=True))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("far", [False, True], ids=["", "far"])
def test_a_size_that_no_blob_has_is_a_finding(place: str, size: int, far: bool, tmp_path: Path) -> None:
    position = f"{max(size - 100, 0)}:20:30:1" if far else ""
    with image(place, tmp_path, size, position=position) as source:
        report = judge_source(source, CheckOptions(use_panel=False, deep=True))
        assert not report.conforms
        assert view_image(source, ViewOptions(frames=True)).manifests
        with pytest.raises((DiffError, SourceError)):
            compare_readings(source, lambda _: None)


def test_the_conforming_image_is_none_of_these(tmp_path: Path) -> None:
    size = len(finish_layer(conforming_layer()).blob)
    for place in PLACES:
        (tmp_path / place).mkdir()
        with image(place, tmp_path / place, size) as source:
            report = judge_source(source, CheckOptions(use_panel=False, deep=True))
            assert report.conforms, [r for r in report.verdicts if r.breaks_conformance]
            assert compare_readings(source, lambda _: None).is_same

"""Layers that no client pulls in parts are explained, one line a layer, and judged only when requested."""

from pathlib import Path

import pytest

from conformance.audit.checking import CheckOptions, judge_source
from conformance.format.digest import Digest
from conformance.format.document import JsonObject, decode_object, encode
from conformance.format.names import (
    CONFIG_TYPE,
    DOCKER_MANIFEST_TYPE,
    LAYER_GZIP_TYPE,
    MANIFEST_TYPE,
    TARSPLIT_POSITION,
)
from conformance.images.golden import golden_directory
from conformance.reports.model import SubjectReport
from conformance.sources.layout import LayoutSource
from conformance.sources.memory import MemorySource
from conformance.sources.reference import LayoutReference

QUIET = CheckOptions(use_panel=False)
ASKED = CheckOptions(use_panel=False, require_chunked=True)
GZIP: JsonObject = {"mediaType": LAYER_GZIP_TYPE, "digest": str(Digest.of(b"gzip")), "size": 4}


def a_chunked_layer() -> tuple[JsonObject, dict[str, bytes]]:
    """A zstd:chunked layer of the golden image: descriptor and blobs."""
    source = LayoutSource(LayoutReference(golden_directory("sentinel-single")))
    blobs = {}
    index = decode_object(source.root().content or b"", what="index")
    for path in (Path(golden_directory("sentinel-single")) / "blobs" / "sha256").iterdir():
        blobs[f"sha256:{path.name}"] = path.read_bytes()
    plain = decode_object(blobs[index["manifests"][0]["digest"]], what="manifest")
    return plain["layers"][0], blobs


def judged(layers: list[JsonObject], options: CheckOptions = QUIET, media_type: str = MANIFEST_TYPE) -> SubjectReport:
    _, blobs = a_chunked_layer()
    diff_ids = [f"sha256:{number:064x}" for number in range(len(layers))]
    config = encode({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
    described = {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)}
    manifest = encode({"schemaVersion": 2, "mediaType": media_type, "config": described, "layers": layers})
    blobs |= {str(Digest.of(content)): content for content in (config, b"gzip")}
    return judge_source(MemorySource(blobs, manifest), options)


def lines(report: SubjectReport) -> list[str]:
    return [note for note in report.notes if "no client pulls it in parts" in note]


def test_a_whole_image_of_chunked_layers_is_not_explained() -> None:
    report = judge_source(LayoutSource(LayoutReference(golden_directory("sentinel-single"))), ASKED)
    assert not lines(report)
    assert not report.unmet


def test_a_gzip_layer_beside_a_chunked_one_is_named() -> None:
    chunked, _ = a_chunked_layer()
    (line,) = lines(judged([chunked, GZIP]))
    assert line.startswith("manifest.layers[1]: ")


def test_an_image_without_any_chunked_layer_is_one_line_in_all() -> None:
    notes = judged([GZIP, GZIP]).notes
    assert "no layer is zstd:chunked: clients pull every layer whole" in notes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"annotations": None}, "its descriptor has none of the annotations"),
        ({"without": TARSPLIT_POSITION}, "it has no tar-split"),
    ],
)
def test_what_is_lost_is_reported(change: JsonObject, reason: str) -> None:
    chunked, _ = a_chunked_layer()
    annotations = {key: value for key, value in chunked["annotations"].items() if key != change.get("without")}
    layer = {**chunked, "annotations": annotations if "without" in change else {}}
    (line,) = lines(judged([layer]))
    assert reason in line


def test_zstd_in_a_docker_manifest_is_reported() -> None:
    chunked, _ = a_chunked_layer()
    (line,) = lines(judged([chunked], media_type=DOCKER_MANIFEST_TYPE))
    assert "it is in a Docker manifest" in line


def test_require_chunked_makes_it_a_failure_with_one_line_a_layer() -> None:
    chunked, _ = a_chunked_layer()
    report = judged([chunked, GZIP], ASKED)
    assert report.ending == "does-not-conform"
    assert report.unmet == ("--require-chunked: 1 layer cannot be pulled in parts",)
    assert len(lines(report)) == 1

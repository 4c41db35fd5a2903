"""DOC-010, DOC-019 and DOC-020 of the files of a layout, and the real readers that such a layout divides."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conformance.assurance.matrix.judging import failing, judge_drafted, judge_layout
from conformance.audit.checking import CheckOptions, check_image
from conformance.cases.mutants import layouts
from conformance.format.layout_mark import MAX_MARK, mark_problem
from conformance.format.names import DOCKER_LIST_TYPE, DOCKER_MANIFEST_TYPE, INDEX_TYPE, MANIFEST_TYPE
from conformance.images.draft import conforming_draft, finish
from conformance.images.golden import golden_directory
from conformance.requirements import broken_by, find_mutants

OPTIONS = CheckOptions(use_panel=False)
Json = dict[str, Any]


@pytest.fixture(params=["sentinel-single", "skopeo-1.9.3-plain"])
def layout(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A layout whose entry leads to an index, and one whose entry leads to a manifest."""
    target = tmp_path / "layout"
    shutil.copytree(golden_directory(request.param), target)
    return target


def edit(layout: Path, change: Callable[[Json], object]) -> None:
    path = layout / "index.json"
    index = json.loads(path.read_bytes())
    change(index["manifests"][0])
    path.write_text(json.dumps(index), "utf-8")


def own_type(layout: Path) -> str:
    """The media type that the document of the entry states itself."""
    (entry,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    document: Json = json.loads((layout / "blobs/sha256" / entry["digest"].partition(":")[2]).read_bytes())
    return str(document["mediaType"])


def failures(layout: Path) -> set[str]:
    report = check_image(f"oci:{layout}", OPTIONS)
    return {result.id for result in report.verdicts if result.verdict == "fail" and result.level == "MUST"}


def test_the_entry_of_a_sound_layout_passes(layout: Path) -> None:
    before = failures(layout)
    assert not before & {"DOC-010", "DOC-019"}
    edit(layout, lambda entry: entry.update({"artifactType": "application/vnd.example", "x": 1}))
    assert failures(layout) == before


@pytest.mark.parametrize("named", [INDEX_TYPE, MANIFEST_TYPE, DOCKER_LIST_TYPE, DOCKER_MANIFEST_TYPE, "text/plain", ""])
def test_an_entry_of_another_type_than_its_document_fails(layout: Path, named: str) -> None:
    edit(layout, lambda entry: entry.update(mediaType=named))
    assert ("DOC-019" in failures(layout)) == (named != own_type(layout))


@pytest.mark.parametrize("off", [-1, 1])
def test_an_entry_of_another_size_than_its_document_fails(layout: Path, off: int) -> None:
    edit(layout, lambda entry: entry.update(size=entry["size"] + off))
    assert "DOC-010" in failures(layout)


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not on this machine")
def test_skopeo_refuses_a_layout_whose_entry_is_of_another_kind(layout: Path, tmp_path: Path) -> None:
    def copies(to: str) -> bool:
        command = ["skopeo", "copy", "--quiet", f"oci:{layout}", f"dir:{tmp_path / to}"]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0

    assert copies("sound")
    other = MANIFEST_TYPE if own_type(layout) == INDEX_TYPE else INDEX_TYPE
    edit(layout, lambda entry: entry.update(mediaType=other))
    assert not copies("lying")


@pytest.mark.parametrize("maker", find_mutants(layouts), ids=lambda maker: maker.__name__)
def test_each_mutant_of_a_layout_fails_its_requirement_and_no_other(maker: Callable[[Path], None]) -> None:
    assert failing(judge_layout(maker)) == broken_by(maker)
    assert failing(judge_layout(lambda _: None)) == ()


@pytest.mark.parametrize(
    ("content", "right"),
    [
        (b'{"imageLayoutVersion":"1.0.0"}', True),
        (b'{\n  "imageLayoutVersion": "1.0.0",\n  "org.example": {}\n}\n', True),
        (b'{"imageLayoutVersion":1.0}', False),
        (b'{"ImageLayoutVersion":"1.0.0"}', False),
        (b'{"imageLayoutVersion":"1.1.0","imageLayoutVersion":"1.0.0"}', False),
        (b"", False),
        (b'{"imageLayoutVersion":"1.0.0"}' + b" " * MAX_MARK, False),
    ],
)
def test_the_mark_of_a_layout(content: bytes, right: bool) -> None:
    assert (mark_problem(content) == "") == right


@pytest.mark.skipif(shutil.which("umoci") is None, reason="umoci is not on this machine")
@pytest.mark.parametrize("maker", find_mutants(layouts), ids=lambda maker: maker.__name__)
def test_umoci_refuses_what_fails(maker: Callable[[Path], None], tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    shutil.copytree(golden_directory("skopeo-1.9.3-plain"), layout)

    def lists() -> bool:
        command = ["umoci", "list", "--layout", str(layout)]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0

    assert lists()
    maker(layout)
    assert not lists()


@pytest.mark.parametrize(
    ("media_type", "right"),
    [
        ("application/vnd.example+json", True),
        ("text/spdx+json", True),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", True),
        ("a/" + "b" * 127, True),
        ("a/" + "b" * 128, False),
        ("example", False),
        ("application/", False),
        ("application/a/b", False),
        ("application/a b", False),
        ("application/x; charset=utf-8", False),
        ("application/ä", False),
        ("application/x\n", False),
        ("/x", False),
    ],
)
def test_the_form_of_a_media_type(media_type: str, right: bool) -> None:
    draft = conforming_draft()
    for manifest in (draft.plain, draft.sentinel):
        manifest["artifactType"] = media_type
    failed = failing(judge_drafted(finish(draft), deep=False))
    assert failed == (() if right else ("DOC-021",))

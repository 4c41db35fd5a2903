"""The index.json of a layout is judged like the documents after it: it states which image is meant."""

import shutil
from pathlib import Path

import pytest

from conformance.audit.checking import CheckOptions, check_image, open_source
from conformance.images.golden import golden_directory
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.errors import SourceError

OPTIONS = CheckOptions(use_panel=False)
FIRST = b'"manifests":'


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    target = tmp_path / "layout"
    shutil.copytree(golden_directory("sentinel-single"), target)
    return target


def failures(layout: Path) -> set[str]:
    report = check_image(f"oci:{layout}", OPTIONS)
    assert (report.ending == "conforms") == report.conforms
    return {result.id for result in report.verdicts if result.verdict == "fail" and result.level == "MUST"}


@pytest.mark.parametrize(
    ("instead", "requirement"),
    [
        (b'"Manifests":[],"manifests":', "DOC-003"),
        (b'"manifests":[],"manifests":', "DOC-002"),
        (b'"x":[],"manifests":', ""),
        (b'"manife\xc5\xbfts":[],"manifests":', "DOC-003"),
        (b'"layers":[],"manifests":', "DOC-006"),
        (b'"x":1e999,"manifests":', "DOC-004"),
        (b'"x":"\\ud800","manifests":', "DOC-005"),
    ],
)
def test_an_index_json_that_readers_take_differently_is_a_finding(
    layout: Path, instead: bytes, requirement: str
) -> None:
    path = layout / "index.json"
    path.write_bytes(path.read_bytes().replace(FIRST, instead, 1))
    assert failures(layout) == ({requirement} if requirement else set())


def test_it_is_a_finding_too_where_the_reader_here_sees_no_image(layout: Path) -> None:
    path = layout / "index.json"
    path.write_bytes(path.read_bytes().rstrip()[:-1] + b',"manifests":[]}')
    assert "DOC-002" in failures(layout)


@pytest.mark.parametrize(("before", "behind"), [(b"\xef\xbb\xbf", b""), (b"", b"{}"), (b"", b"\0")])
def test_an_index_json_that_only_some_readers_take_is_a_finding(layout: Path, before: bytes, behind: bytes) -> None:
    path = layout / "index.json"
    path.write_bytes(before + path.read_bytes() + behind)
    assert "DOC-001" in failures(layout)


def test_what_uses_a_layout_refuses_it(layout: Path) -> None:
    path = layout / "index.json"
    path.write_bytes(path.read_bytes().replace(FIRST, b'"manifests":[],"manifests":', 1))
    with pytest.raises(SourceError, match="JSON readers differ on it"):
        open_source(f"oci:{layout}", ConnectionOptions()).root()

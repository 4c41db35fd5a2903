"""The picture: valid, self-contained, safe, and the one in the docs is up to date."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from conformance.anatomy.svg import picture
from conformance.anatomy.walk import ViewOptions, view_image
from conformance.images.golden import golden_directory
from conformance.images.trees import Node, noise
from conformance.sources.layout import LayoutSource
from conformance.sources.memory import MemorySource
from conformance.sources.reference import LayoutReference
from tests.anatomy.images import chunked, image_of
from tests.implementations.images import plain_layout

DRAWN = ViewOptions(frames=True, limit=None)
DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


def golden_picture(name: str) -> str:
    return picture(view_image(LayoutSource(LayoutReference(golden_directory(name))), DRAWN))


def test_the_picture_in_the_docs_is_that_of_the_golden_image() -> None:
    made = golden_picture("sentinel-single")
    assert made == (DOCS / "anatomy.svg").read_text("utf-8"), (
        "run: zcc inspect --svg docs/anatomy.svg oci:fixtures/golden/sentinel-single"
    )


@pytest.mark.parametrize("name", ["sentinel-single", "skopeo-1.9.3-plain"])
def test_it_is_valid_and_self_contained(name: str) -> None:
    text = golden_picture(name)
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert not re.search(r"(?i)href|<script|url\(|@import|<image|<foreignObject", text)
    assert str(golden_directory(name)) not in text
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags == {"svg", "title", "desc", "style", "rect", "path", "text"}


def test_the_sentinel_has_a_cell_for_every_byte() -> None:
    root = ET.fromstring(golden_picture("sentinel-single"))
    texts = [item for item in root.iter(f"{SVG}text") if item.get("class") in ("byte mono middle", "blank mono middle")]
    cells = [item.text or "" for item in texts]
    assert len(cells) == 512
    assert bytes.fromhex("".join(cells[:5])) == b"\0ZSTD"


def test_toc_tar_split_and_footer_are_labelled_with_offsets() -> None:
    text = golden_picture("sentinel-single")
    for label in ("TOC at 1448741", "tar-split at 1479133", "footer at 1504377", "zeros chunk"):
        assert label in text


def test_many_frames_make_a_small_picture() -> None:
    blob, annotations = chunked(tuple(Node(f"f{number}", content=b"x" * 9) for number in range(6000)))
    text = picture(view_image(image_of(blob, annotations), DRAWN))
    assert len(text) < 200_000


def test_names_are_escaped() -> None:
    blob, annotations = chunked((Node('<script>&"\x1b\x00'.replace("\x00", ""), content=noise(1, 900)),))
    source = image_of(blob, annotations)
    text = picture(view_image(MemorySource(source._blobs, source.root().content or b"", "a<b>&\x1b\ud800"), DRAWN))
    ET.fromstring(text)
    assert "<script>" not in text
    assert "&lt;script&gt;&amp;" in text


def test_layers_without_frames_and_remote_ones_are_drawn(tmp_path: Path) -> None:
    layout = LayoutSource(LayoutReference(plain_layout(tmp_path / "image")))
    assert "tar: no frames to show" in picture(view_image(layout, DRAWN))
    blob, annotations = chunked()
    unread = picture(view_image(image_of(blob, annotations), ViewOptions(limit=None)))
    ET.fromstring(unread)
    assert "footer at" in unread

"""The byte layouts of fixtures/schemas (Kaitai Struct): they accept what conforms, and refuse what a layout can see.

They are compiled here by kaitai-struct-compiler (npm), and read by its runtime for Python. What they cover is listed by
requirement; what is beyond a layout is listed by vector, with the reason.
"""

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import kaitaistruct
import pytest
import yaml

from conformance.cases.vectors.model import Case
from conformance.cases.vectors.store import read_vectors, vectors_directory
from conformance.format import names
from conformance.format.footer import Footer
from conformance.format.frames import map_frames
from conformance.format.sentinel import MAX_SIZE, MIN_SIZE, NEAR_START, build_sentinel, canonical_sentinel, first_zero
from conformance.images.golden import golden_directory
from conformance.images.layer_draft import conforming_layer, finish_layer
from tests.tools import need

DIRECTORY: Final = Path(__file__).parents[2] / "fixtures" / "schemas"
COMPILE: Final = Path(__file__).with_name("compile_layout.js")
FOOTER, SENTINEL = "zstd_chunked_footer", "zstd_chunked_sentinel"
_REFUSAL = (kaitaistruct.KaitaiStructError, EOFError)

COVERED: Final = {
    "FOOTER-001": FOOTER,
    "FOOTER-003": FOOTER,
    "FOOTER-004": FOOTER,
    "FOOTER-005": FOOTER,
    "FOOTER-006": FOOTER,
    "SENT-BLOB-002": SENTINEL,
    "SENT-BLOB-006": SENTINEL,
    "SENT-BLOB-007": SENTINEL,
    "SENT-BLOB-011": SENTINEL,
}
"""The requirements that a layout covers. SHOULDs of a sentinel blob are reported and not refused."""

BEYOND: Final[dict[str, str]] = {
    "footer-002-footer-with-another-length": "the annotations are in the descriptor",
    "sent-blob-001-followed-by-unaligned-header": "a checksum is a sum",
    "sent-blob-001-named-as-directory": "what Archive::Tar takes for an entry depends on a pattern",
    "sent-blob-001-typed-as-directory": "what Archive::Tar takes for an entry depends on a pattern",
    "sent-blob-001-typed-as-volume-label": "what Archive::Tar takes for an entry depends on a pattern",
    "sent-blob-005-right-checksum": "a checksum is a sum",
    "sent-blob-005-right-checksum-after-nul": "a checksum is a sum",
    "sent-blob-005-right-checksum-in-base-256": "a checksum is a sum",
    "sent-blob-005-right-signed-checksum": "a checksum is a sum",
    "sent-blob-008-followed-by-header": "a checksum is a sum",
    "sent-blob-008-header-two-blocks-later": "a checksum is a sum",
    "sent-blob-014-cpio-magic": "the layout names compressions, and no other archives",
    "sent-blob-014-list-of-files-without-a-signature": "the layout names compressions, and no other archives",
    "sent-blob-014-program-with-a-cabinet-behind": "the layout names compressions, and no other archives",
    "sent-blob-014-list-of-files-by-mtree": "the layout names compressions, and no other archives",
    "sent-blob-014-member-of-an-ar-archive": "the layout names compressions, and no other archives",
    "sent-blob-014-member-of-an-lha-archive": "the layout names compressions, and no other archives",
    "sent-blob-014-zip-behind": "the end of a zip has no certain place",
}
"""Negative vectors about footer and sentinel blob that conform to the layouts."""


@pytest.fixture(scope="module", autouse=True)
def compiler() -> None:
    """All tests here need it, but for the one on the lists."""
    need(_modules() is not None, "kaitai-struct-compiler (npm install -g kaitai-struct-compiler)")


@cache
def _modules() -> dict[str, str] | None:
    """An environment in which node finds the compiler: installed in NODE_PATH, or globally; None without it."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        return None
    at = [os.environ.get("NODE_PATH", "")]
    if npm is not None:
        at.append(_npm_root(npm))
    found = {**os.environ, "NODE_PATH": os.pathsep.join(filter(None, at))}
    argv = [node, "-e", 'require.resolve("kaitai-struct-compiler")']
    ended = subprocess.run(argv, check=False, env=found, capture_output=True, timeout=60)
    return found if ended.returncode == 0 else None


def _npm_root(npm: str) -> str:
    """Where npm installs for all users."""
    ended = subprocess.run([npm, "root", "-g"], check=False, capture_output=True, text=True, timeout=60)
    return ended.stdout.strip()


@cache
def layout(name: str) -> Any:
    """The class that the compiler generates from a layout."""
    given = json.dumps(yaml.safe_load((DIRECTORY / f"{name}.ksy").read_text("utf-8")))
    argv = ["node", str(COMPILE)]
    ended = subprocess.run(argv, check=False, input=given, env=_modules(), capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    (source,) = json.loads(ended.stdout).values()
    module = ModuleType(name)
    exec(compile(source, f"{name}.py", "exec"), vars(module))
    return vars(module)["".join(part.title() for part in name.split("_"))]


def parsed(name: str, content: bytes, part: str = "") -> Any:
    """All of it, with every instance; raises what the runtime raises."""
    of = getattr(layout(name), part) if part else layout(name)
    made = of(kaitaistruct.KaitaiStream(io.BytesIO(content)))
    made._fetch_instances()
    return made


def refusal(name: str, content: bytes, part: str = "") -> str:
    """Why the layout refuses these bytes; "" when it accepts them."""
    try:
        parsed(name, content, part)
    except _REFUSAL as error:
        return f"{type(error).__name__}: {error}"[:200]
    return ""


def parts_of(case: Case, blobs: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """What of a case has a layout: sentinel blobs, and layers that state they have a TOC."""
    own = {digest: blobs[content] for digest, content in case.input.files.items()}
    root = own[case.input.root]
    if case.kind == "blob":
        yield SENTINEL, root
    elif case.kind == "layer" and _has_toc(case.input.descriptor):
        yield FOOTER, root
    elif case.kind == "image":
        for content in own.values():
            yield from _of_manifest(content, own)


def _of_manifest(content: bytes, blobs: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    try:
        layers = json.loads(content)["layers"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return
    for each in layers:
        if each["digest"] in blobs:
            if each.get("mediaType") == names.SENTINEL_TYPE:
                yield SENTINEL, blobs[each["digest"]]
            elif _has_toc(each):
                yield FOOTER, blobs[each["digest"]]


def _has_toc(descriptor: Mapping[str, Any]) -> bool:
    return names.MANIFEST_CHECKSUM in (descriptor.get("annotations") or {})


@cache
def refusals() -> dict[str, tuple[Case, dict[str, str]]]:
    """Of every vector with such bytes: the layouts that refuse them."""
    vectors = read_vectors(vectors_directory())
    found = {}
    for case in vectors.index.cases:
        parts = list(parts_of(case, vectors.blobs))
        if parts:
            found[case.id] = case, {name: why for name, content in parts if (why := refusal(name, content))}
    return found


def golden_blobs(name: str) -> list[bytes]:
    return [path.read_bytes() for path in (golden_directory(name) / "blobs" / "sha256").iterdir()]


def is_layer(content: bytes) -> bool:
    return content.startswith(b"\x28\xb5\x2f\xfd")


def test_the_golden_pair_is_accepted() -> None:
    blobs = golden_blobs("sentinel-single")
    layers = [content for content in blobs if is_layer(content)]
    sentinels = [content for content in blobs if content == canonical_sentinel()]
    assert layers
    assert len(sentinels) == 1
    assert {refusal(FOOTER, content) for content in layers} == {""}
    assert refusal(SENTINEL, sentinels[0]) == ""
    assert refusal(SENTINEL, sentinels[0], "Canonical") == ""


def test_the_footer_of_the_old_golden_image_is_of_the_first_form() -> None:
    layers = [content for content in golden_blobs("skopeo-1.9.3-plain") if is_layer(content)]
    assert layers
    for content in layers:
        assert "magic" in refusal(FOOTER, content) or "footer_frame" in refusal(FOOTER, content)
        assert refusal(FOOTER, content[-48:], "FirstFooterFrame") == ""


def test_an_old_footer_has_the_numbers_that_our_reader_finds() -> None:
    (content,) = [content for content in golden_blobs("skopeo-1.9.3-plain") if is_layer(content)][:1]
    found = parsed(FOOTER, content[-48:], "FirstFooterFrame").toc
    ours = Footer.parse(content[-40:]).toc
    numbers = (found.ofs_toc, found.len_toc, found.len_toc_uncompressed, found.manifest_type)
    assert numbers == (ours.offset, ours.compressed, ours.uncompressed, ours.type)


def test_the_layout_finds_the_frames_that_our_reader_finds() -> None:
    blob = finish_layer(conforming_layer()).blob
    found, ours = parsed(FOOTER, blob), Footer.parse(blob[-64:])
    frames = [frame for frame in map_frames(blob).frames if frame.is_skippable]
    toc, split, _ = frames
    assert found.toc.payload == blob[toc.payload_offset : toc.payload_end]
    assert found.tar_split.payload == blob[split.payload_offset : split.payload_end]
    assert found.footer.len_toc_uncompressed == ours.toc.uncompressed
    assert ours.tar_split is not None
    assert found.footer.len_tar_split_uncompressed == ours.tar_split.uncompressed


def test_conforming_vectors_are_accepted() -> None:
    positive = {id_: refused for id_, (case, refused) in refusals().items() if case.expect == "accept"}
    assert len(positive) > 100
    assert {id_: refused for id_, refused in positive.items() if refused} == {}


@pytest.mark.parametrize("requirement", COVERED)
def test_negative_vectors_of_what_a_layout_covers_are_refused(requirement: str) -> None:
    negative = {
        id_: refused
        for id_, (case, refused) in refusals().items()
        if case.breaks and case.breaks[0] == requirement and case.expect == "refuse"
    }
    assert negative
    assert {id_ for id_, refused in negative.items() if COVERED[requirement] not in refused} == set()


def test_a_vector_is_refused_for_a_requirement_that_a_layout_covers() -> None:
    for id_, (case, refused) in refusals().items():
        assert set(refused) <= {COVERED[each] for each in case.breaks if each in COVERED}, (id_, refused)


def test_what_is_about_footer_or_sentinel_blob_is_refused_or_explained() -> None:
    """Every negative vector with a MUST on footer or sentinel blob, whatever the layouts are stated to cover."""
    about = {
        id_
        for id_, (case, refused) in refusals().items()
        if case.requirement.startswith(("FOOTER-", "SENT-BLOB-")) and case.expect == "refuse" and not refused
    }
    assert about == set(BEYOND)


def test_the_shoulds_of_a_sentinel_blob_are_reported() -> None:
    vectors = read_vectors(vectors_directory())
    seen = set()
    for case in vectors.index.cases:
        content = vectors.blobs[case.input.root]
        if case.kind == "blob" and not refusal(SENTINEL, content):
            found, zero = parsed(SENTINEL, content), first_zero(content)
            near = zero is not None and zero < NEAR_START
            assert found.has_zero_near_start == near == ("SENT-BLOB-003" not in case.breaks)
            assert found.is_whole_header == (len(content) >= MIN_SIZE) == ("SENT-BLOB-004" not in case.breaks)
            assert found.is_small == (len(content) <= MAX_SIZE) == ("SENT-BLOB-012" not in case.breaks)
            assert (refusal(SENTINEL, content, "Canonical") == "") == ("SENT-BLOB-010" not in case.breaks)
            seen |= set(case.breaks)
    assert seen >= {"SENT-BLOB-003", "SENT-BLOB-004", "SENT-BLOB-010", "SENT-BLOB-012"}


@pytest.mark.parametrize("place", [3, 7, 15, 23, 39, 47, 55, 71])
def test_a_byte_of_the_footer_that_differs_is_refused(place: int) -> None:
    """The last byte of each field but for the two lengths that only a decompressor knows."""
    blob = bytearray(finish_layer(conforming_layer()).blob)
    assert refusal(FOOTER, bytes(blob)) == ""
    blob[len(blob) - 72 + place] ^= 0x80
    assert refusal(FOOTER, bytes(blob))


def test_short_blobs_are_refused_as_layers() -> None:
    blob = finish_layer(conforming_layer()).blob
    for size in (0, 1, 8, 71):
        assert refusal(FOOTER, blob[len(blob) - size :]), size


@pytest.mark.parametrize("size", [512, 513, 1023, 1024, 1500, 4096])
def test_other_content_of_a_sentinel_blob_is_accepted(size: int) -> None:
    """Whatever follows the first block, unless it is a block of zeros."""
    content = build_sentinel(magic=b"OTHER!", message=b"never as a tar" * 9).ljust(size, b"-")
    assert refusal(SENTINEL, content) == ""
    assert refusal(SENTINEL, content, "Canonical")

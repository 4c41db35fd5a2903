"""Whatever bytes an image has: inspect and diff end with a view or one error of the suite, printable and bounded."""

import io
import json
from collections.abc import Callable, Iterator
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from conformance.anatomy.difference import terminal
from conformance.anatomy.difference.duality import compare_readings
from conformance.anatomy.difference.images import CompareOptions, compare_images
from conformance.anatomy.difference.model import Difference, DiffError
from conformance.anatomy.document import encode
from conformance.anatomy.svg import picture
from conformance.anatomy.tree import image_tree
from conformance.anatomy.walk import ViewOptions, view_image
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.images.trees import Node, noise
from conformance.sources.errors import SourceError
from conformance.sources.memory import MemorySource
from tests.anatomy.images import chunked, image_of

BLOB, ANNOTATIONS = chunked(
    (
        Node("a", content=b"hello"),
        Node("b", "dir"),
        Node("c", "symlink", link_name="a"),
        Node("d", content=noise(1, 3000) + bytes(3000) + b"x"),
    )
)
SOUND = image_of(BLOB, ANNOTATIONS)
WRONG: tuple[object, ...] = (None, True, -1, 10**30, "", [], {}, "\ud800", "x" * 5000, [{}], 1.5, "\x1b[2J")


def look(source: MemorySource) -> None:
    """Everything that the commands do with an image."""
    try:
        view = view_image(source, ViewOptions(frames=True, limit=None))
        out = io.StringIO()
        Console(file=out, width=100).print(image_tree(view, 20))
        expect_printable(out.getvalue())
        json.loads(encode(view))
        ET.fromstring(picture(view))
    except (SourceError, FormatError):
        pass
    compare(lambda: compare_readings(source, lambda _: None))
    compare(lambda: compare_images(SOUND, source, CompareOptions()))
    compare(lambda: compare_images(source, SOUND, CompareOptions(by_toc=True)))


def compare(run: Callable[[], Difference]) -> None:
    try:
        difference = run()
    except (SourceError, FormatError, DiffError):
        return
    for line in terminal.lines(difference):
        expect_printable(line.plain)
    json.loads(terminal.encode(difference))


def expect_printable(text: str) -> None:
    assert not [character for character in text if not character.isprintable() and character != "\n"]


def test_flipped_bytes() -> None:
    for offset in range(0, len(BLOB), 41):
        damaged = BLOB[:offset] + bytes([BLOB[offset] ^ 0x55]) + BLOB[offset + 1 :]
        look(image_of(damaged, ANNOTATIONS))


def test_truncated_and_extended_blobs() -> None:
    for size in [*range(0, len(BLOB), 97), *range(len(BLOB) - 80, len(BLOB))]:
        look(image_of(BLOB[:size], ANNOTATIONS))
        look(image_of(BLOB[:size], {}, size=len(BLOB)))
    look(image_of(BLOB + b"\x50\x2a\x4d\x18", ANNOTATIONS))
    look(image_of(BLOB, ANNOTATIONS, size=2**62))
    look(image_of(BLOB, ANNOTATIONS, size=-1))


@pytest.mark.parametrize("which", ["manifest", "config"])
def test_documents_with_values_of_the_wrong_kind(which: str) -> None:
    root = json.loads(SOUND.root().content or b"")
    config = json.loads(SOUND._blobs[root["config"]["digest"]])
    for wrong in WRONG:
        for edited in edits(root if which == "manifest" else config, wrong):
            look(with_config(root, edited) if which == "config" else rooted(edited))


def edits(document: dict[str, object], value: object) -> Iterator[dict[str, object]]:
    """The document with each value in turn, at any depth, replaced."""
    for path in list(paths(document)):
        copy = json.loads(json.dumps(document))
        place = copy
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        yield copy


def paths(value: object) -> Iterator[list[object]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield [key]
        for rest in paths(inner):
            yield [key, *rest]


def rooted(root: dict[str, object]) -> MemorySource:
    return MemorySource(SOUND._blobs, json.dumps(root).encode())


def with_config(root: dict[str, object], config: dict[str, object]) -> MemorySource:
    raw = json.dumps(config).encode()
    digest = str(Digest.of(raw))
    described = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest, "size": len(raw)}
    return MemorySource({**SOUND._blobs, digest: raw}, json.dumps({**root, "config": described}).encode())

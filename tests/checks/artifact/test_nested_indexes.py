"""An index that an index lists is judged like the one that lists it: readers follow both."""

import json
from collections.abc import Callable

import pytest

from conformance.checks.artifact.judge import judge_image
from conformance.format.digest import Digest
from conformance.format.names import INDEX_TYPE
from conformance.images.draft import conforming_draft, finish
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource


def failures(edit: Callable[[bytes], bytes], depth: int) -> set[str]:
    """The MUSTs that fail when a conforming index, so edited, lies after so many others."""
    image = finish(conforming_draft())
    blobs, raw = dict(image.blobs), edit(image.root)
    for _ in range(depth):
        digest = str(Digest.of(raw))
        blobs[digest] = raw
        entry = {"mediaType": INDEX_TYPE, "digest": digest, "size": len(raw)}
        raw = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [entry]}).encode()
    results = judge_image(observe_image(MemorySource(blobs, raw)))
    return {result.id for result in results if result.level == "MUST" and result.verdict == "fail"}


def first(member: bytes) -> Callable[[bytes], bytes]:
    """An edit that puts a member before all others."""
    return lambda raw: raw[:1] + member + b"," + raw[1:]


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize(
    ("edit", "requirement"),
    [
        (first(b'"manifests":[]'), "DOC-002"),
        (first(b'"Manifests":[]'), "DOC-003"),
        (lambda raw: raw.replace(b'"digest":', b'"Digest":"x","digest":', 1), "DOC-003"),
        (first(b'"x":1e999'), "DOC-004"),
        (first(b'"x":"\\udfff"'), "DOC-005"),
        (first(b'"layers":[]'), "DOC-006"),
        (lambda raw: raw.replace(b'"schemaVersion":2', b'"schemaVersion":3', 1), "DOC-012"),
    ],
)
def test_what_readers_take_differently_is_a_finding(
    edit: Callable[[bytes], bytes], requirement: str, depth: int
) -> None:
    assert requirement in failures(edit, depth)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_conforming_index_fails_nothing(depth: int) -> None:
    assert failures(lambda raw: raw, depth) == set()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"])
def test_another_encoding_is_a_finding_not_an_image_that_cannot_be_read(encoding: str) -> None:
    assert failures(lambda raw: raw.decode().encode(encoding), 0) == {"DOC-001"}

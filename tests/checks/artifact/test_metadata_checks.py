"""The checks of an image's metadata: a conforming pair passes all, each mutant fails what it breaks and no more."""

from collections.abc import Callable

import pytest

from conformance.cases.mutants import documents, metadata
from conformance.checks.artifact.judge import judge_image
from conformance.images.draft import Draft, conforming_draft, finish
from conformance.requirements import broken_by, find_mutants
from conformance.results import Verdict
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource

DOCUMENTS = find_mutants(documents)
MUTANTS = find_mutants(metadata)


def verdicts(draft: Draft, *, deep: bool = False) -> dict[str, Verdict]:
    image = finish(draft)
    seen = observe_image(MemorySource(image.blobs, image.root), reading=LayerReading(deep))
    return {result.id: result.verdict for result in judge_image(seen)}


def test_a_conforming_pair_passes_every_check() -> None:
    found = verdicts(conforming_draft(), deep=True)
    # The sentinel is one block; no layer is an old writer's, has its keys or no TOC; no file is split; no third entry,
    # no data and no layout.
    chunks = {name for name in found if name.startswith("CHUNK-")}
    elsewhere = {
        "ANNOT-022",
        "DOC-011",
        "DOC-015",
        "DOC-016",
        "DOC-020",
        "LAYER-013",
        "LAYER-016",
        "SEC-013",
        "SENT-BLOB-008",
        "SENT-INDEX-019",
        "FOOTER-005",
        "FOOTER-006",
        *chunks,
    }
    assert {name for name, verdict in found.items() if verdict != "pass"} == elsewhere, found
    assert {found[name] for name in elsewhere} == {"not-applicable"}


@pytest.mark.parametrize("maker", MUTANTS, ids=lambda maker: maker.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(maker: Callable[[Draft], None]) -> None:
    draft = conforming_draft()
    maker(draft)
    failed = {name for name, verdict in verdicts(draft).items() if verdict == "fail"}
    assert failed == set(broken_by(maker))


@pytest.mark.parametrize("maker", DOCUMENTS, ids=lambda maker: maker.__name__)
def test_each_mutant_of_a_document_fails_its_requirement_and_no_unrelated_one(maker: Callable[[Draft], None]) -> None:
    draft = conforming_draft()
    maker(draft)
    failed = {name for name, verdict in verdicts(draft, deep=True).items() if verdict == "fail"}
    assert failed == set(broken_by(maker))

"""What holds of every layer: it is read as it was written, and every tampering is found by what it breaks."""

import pytest
from hypothesis import given, settings

from conformance.format.writer import WrittenLayer
from conformance.images.layer_draft import LayerDraft
from conformance.strategies.tamperings import Tampering, drafts, tampered_layers
from conformance.strategies.trees import layers
from tests.checks.artifact.test_layer_checks import results
from tests.format.layer.dualities import DUALITIES, Duality
from tests.format.layer.judging import judge_layer

# Requirements that a tampering implies, whichever it is: consequences that depend on what else is in the layer.
IMPLIED = {
    "TOC-003": {"TARSPLIT-003", "SEC-001"},
    "TOC-004": {"SEC-001"},
    "ANNOT-001": set(),
    "CHUNK-002": {"CHUNK-008"},
}


@settings(deadline=None)
@given(layers(max_nodes=8, max_size=60_000))
def test_what_the_writer_writes_is_read_back_without_a_difference(made: tuple[bytes, WrittenLayer]) -> None:
    blob, written = made
    assert judge_layer(blob, written) <= (set() if written.tar_split is not None else {"TARSPLIT-005"})


@settings(deadline=None)
@given(drafts())
def test_a_draft_is_conforming_until_it_is_edited(draft: LayerDraft) -> None:
    assert not {result.id for result in results(draft) if result.verdict == "fail"}


@settings(deadline=None, max_examples=150)
@given(tampered_layers())
def test_every_tampering_is_found_by_the_requirement_it_breaks(made: tuple[LayerDraft, tuple[Tampering, ...]]) -> None:
    draft, tamperings = made
    failed = {result.id for result in results(draft) if result.verdict == "fail"}
    expected = {tampering.breaks for tampering in tamperings}
    assert expected <= failed
    assert failed <= expected.union(*(IMPLIED.get(name, set()) for name in expected))


@pytest.mark.parametrize("duality", DUALITIES, ids=lambda duality: duality.what)
def test_every_duality_is_found(duality: Duality) -> None:
    failed = {result.id for result in results(duality.make()) if result.verdict == "fail"}
    assert failed & set(duality.broken), failed

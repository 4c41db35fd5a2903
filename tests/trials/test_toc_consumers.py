"""Clients that know no sentinels and pull plain images by TOC: the hostile TOCs reach them too."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from conformance.assurance.matrix.consumers import judge_client, verdicts
from conformance.cases.mutants import clients, clients_input
from conformance.reference.consumer import Consumer
from conformance.reference.toolkit import Toolkit
from conformance.reference.unaware import TAR, TOC, TocConsumer
from conformance.requirements import broken_by, load_catalogue
from conformance.results import RequirementResult
from conformance.trials.consumer.scenarios import BY_TOC, UNAWARE

Maker = Callable[[], Toolkit]
DEFECTS: dict[str, tuple[Maker, ...]] = {
    "SENT-PULL-008": (clients.skips_the_toc_digest,),
    "SENT-PULL-009": (clients.skips_content_digests,),
    "SENT-PULL-013": (clients.never_verifies_the_full_digest,),
    "SENT-PULL-016": (clients.takes_one_of_two_tocs,),
    "ANNOT-020": (clients_input.reads_positions_loosely,),
    "ANNOT-021": (clients_input.ignores_text_behind_a_position,),
    "ANNOT-009": (clients_input.honours_legacy_keys,),
    "FOOTER-007": (clients_input.believes_the_footer,),
    "TOC-013": (clients_input.follows_names_outside,),
    "TOC-014": (clients_input.integers_wrap, clients_input.breaks_on_deep_nesting),
    "TOC-017": (clients_input.takes_any_version,),
    "CHUNK-006": (clients_input.believes_files_with_holes,),
    "TARSPLIT-006": (clients_input.compares_names_only,),
    "TARSPLIT-008": (clients_input.takes_the_last_of_two_names,),
    "TARSPLIT-009": (clients_input.tar_splits_may_be_of_any_size,),
    "TARSPLIT-010": (clients_input.skips_unknown_records,),
    "SEC-003": (clients_input.expects_as_many_parts_as_asked,),
    "SEC-005": (clients_input.believes_all_but_the_first_content,),
    "SEC-007": (clients_input.breaks_when_interrupted,),
}
"""Defects of aware clients that harm one that knows no sentinels as much, by the requirement that they break."""


class _Trusting(TocConsumer):
    """Does not compute the full digest either, which would catch most of it."""

    def trusts_toc(self, sentinel: bool) -> bool:  # noqa: ARG002
        return True


def without_sentinels(toolkit: Toolkit) -> Toolkit:
    """The same defect in a client that knows no sentinels."""
    bases = (_Trusting,) if toolkit.consumer is Consumer else (toolkit.consumer, _Trusting)
    return msgspec.structs.replace(toolkit, consumer=type("KnowsNoSentinels", bases, {}))


def _words(results: dict[str, RequirementResult]) -> dict[str, object]:
    return {name: result.findings[:1] for name, result in results.items() if result.verdict != "pass"}


def test_the_reference_without_sentinels_passes_every_case(tmp_path: Path) -> None:
    results = judge_client(TOC, directory=tmp_path, by_toc=True)
    assert set(verdicts(results).values()) == {"pass"}, _words(results)


def test_a_client_that_reads_tar_does_not_pass_for_one_that_pulls_by_toc(tmp_path: Path) -> None:
    results = judge_client(TAR, directory=tmp_path, by_toc=True, only=["ANNOT-020", "SENT-PULL-009"])
    assert set(verdicts(results).values()) == {"not-run"}
    assert "does not pull by TOC" in results["ANNOT-020"].findings[0].message


def test_what_such_a_client_is_tried_with_binds_its_profile() -> None:
    catalogue = load_catalogue()
    assert set(DEFECTS) | set(UNAWARE) | {"LAYER-008", "SEC-006"} == set(BY_TOC)
    assert all(catalogue[name].binds("toc-consumer") for name in BY_TOC)


@pytest.mark.parametrize(
    ("name", "maker"),
    [pytest.param(name, maker, id=f"{name}-{maker.__name__}") for name, makers in DEFECTS.items() for maker in makers],
)
def test_a_defect_shows_on_plain_images_too(name: str, maker: Maker, tmp_path: Path) -> None:
    assert name in broken_by(maker)
    results = judge_client(without_sentinels(maker()), directory=tmp_path, by_toc=True, only=[name])
    assert verdicts(results)[name] == "fail", results[name].findings[:2]

"""The behaviour of a consumer with hostile layers: annotations, TOC, footer, frames, chunks and tar-split."""

from collections.abc import Iterator

from conformance.checks.trial_verdicts import (
    acceptance,
    bounded,
    harmless,
    neither_crash_nor_hang,
    read_by_toc,
    refusal,
    toc_refusal,
)
from conformance.observed.trials import TrialSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed


@decides("ANNOT-020")
def malformed_positions(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("ANNOT-020", seen)


@decides("ANNOT-021")
def positions_with_text_behind(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("ANNOT-021", seen)


@decides("ANNOT-009")
def legacy_keys_name_no_toc(seen: TrialSeen) -> Iterator[Judgement]:
    if seen.expected is None:
        yield from refusal("ANNOT-009", seen)
    else:
        problem = "the layer was fetched in parts, by a TOC" if read_by_toc(seen) else ""
        yield from acceptance("ANNOT-009", seen, problem=problem)


@decides("FOOTER-007")
def annotations_win_over_the_footer(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("FOOTER-007", seen)


@decides("LAYER-008")
def empty_and_skippable_frames(seen: TrialSeen) -> Iterator[Judgement]:
    yield from acceptance("LAYER-008", seen)


@decides("CHUNK-006")
def hidden_bytes_in_zeros(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("CHUNK-006", seen)


@decides("TOC-013")
def nothing_outside_of_the_root(seen: TrialSeen) -> Iterator[Judgement]:
    if "TOC-013" not in seen.about:
        return
    if seen.escaped:
        yield failed(
            f"{seen.what} leads outside the root file system.",
            where=seen.name, expected="no change outside", found=", ".join(seen.escaped)[:300],
            evidence=seen.run.evidence,
        )  # fmt: skip
        return
    how = "crashed" if seen.run.ending == "crashed" else "hung"
    yield neither_crash_nor_hang(
        seen, f"{seen.what}: the tool {how}.", "refused, or applied inside the root", seen.run.reason
    )


@decides("TOC-014")
def hostile_tocs(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("TOC-014", seen, also=bounded(seen))


@decides("TOC-017")
def other_versions(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("TOC-017", seen)


@decides("TARSPLIT-006")
def tar_split_that_disagrees(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("TARSPLIT-006", seen)


@decides("TARSPLIT-009")
def tar_split_is_bounded(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("TARSPLIT-009", seen, also=bounded(seen))


@decides("TARSPLIT-010")
def unknown_records(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("TARSPLIT-010", seen)

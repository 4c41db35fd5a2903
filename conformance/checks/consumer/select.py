"""SENT-SELECT: which entry of an index a client selects (docs/format.md sections 3 and 17).

Each check makes no statement on a choice that its requirement is not about.
"""

from collections.abc import Iterator

from conformance.checks.trial_verdicts import acceptance, refusal
from conformance.format.names import SENTINEL_ANNOTATION
from conformance.format.selection import is_annotated_sentinel, is_zstd, platform_rank, wanted_platforms
from conformance.observed.consumer import SelectionSeen
from conformance.observed.trials import TrialSeen
from conformance.requirements import decides
from conformance.results import Judgement, judge, not_run


@decides("SENT-SELECT-001")
def aware_takes_the_sentinel(seen: SelectionSeen) -> Iterator[Judgement]:
    best = _best(seen)
    wanted = {position for position in best if _sentinel(seen, position) and _zstd(seen, position)}
    if _plain_zstd(seen, best) and wanted and seen.aware and seen.toc_capable and not seen.prefer_gzip:
        yield _chose(seen, wanted, "An aware client does not select the sentinel variant.")


@decides("SENT-SELECT-002")
def unaware_takes_the_plain_variant(seen: SelectionSeen) -> Iterator[Judgement]:
    best = _best(seen)
    sentinels = [position for position in best if _sentinel(seen, position)]
    plain = [position for position in best if position not in sentinels]
    if seen.aware or not sentinels or not plain or not _plain_zstd(seen, best):
        return
    if best == [*plain, *sentinels] and all(_zstd(seen, position) for position in sentinels):
        yield _chose(
            seen, set(plain), "An unaware client does not select the plain variant, the only one that it can process."
        )


@decides("SENT-SELECT-003")
def platform_comes_first(seen: SelectionSeen) -> Iterator[Judgement]:
    ranked = _ranked(seen)
    if len(set(ranked.values())) > 1 and (seen.chosen is None or seen.index.manifests[seen.chosen].platform):
        yield _chose(seen, set(_best(seen)), "An entry of a less suitable or foreign platform is selected.")


@decides("SENT-SELECT-004")
def plain_where_there_is_no_sentinel(seen: SelectionSeen) -> Iterator[Judgement]:
    best = _best(seen)
    elsewhere = any(is_annotated_sentinel(entry) for entry in seen.index.manifests)
    if seen.aware and best and elsewhere and not any(_sentinel(seen, position) for position in best):
        yield _chose(seen, set(best), "The platform has no sentinel, and its plain variant is not used.")


@decides("SENT-SELECT-005")
def other_annotation_values_are_ignored(seen: SelectionSeen) -> Iterator[Judgement]:
    best = _best(seen)
    untrue = {position for position in best if _untrue_annotation(seen, position)}
    plain = [position for position in best if position not in untrue and not _sentinel(seen, position)]
    decisive = untrue and _plain_zstd(seen, plain) and max(plain) < min(untrue)
    if seen.aware and decisive and not seen.prefer_gzip and not any(_sentinel(seen, position) for position in best):
        yield _chose(seen, set(plain), 'A sentinel annotation with a value other than "true" determines the selection.')


@decides("SENT-SELECT-006")
def no_relaxation_without_a_sentinel_layer(seen: SelectionSeen) -> Iterator[Judgement]:
    if seen.chosen is None or not _sentinel(seen, seen.chosen) or seen.has_sentinel_layer is not False:
        return
    where = f"manifests[{seen.chosen}]"
    if seen.relaxed is None:
        yield not_run("it is not known whether the layers were verified by full digest", where=where)
        return
    yield judge(
        not seen.relaxed,
        "The entry is annotated, its manifest has no sentinel layer, and the full digest is not verified.",
        where=where, expected="full verification", found="relaxed verification", evidence=seen.evidence,
    )  # fmt: skip


@decides("SENT-SELECT-007")
def gzip_where_it_is_preferred(seen: SelectionSeen) -> Iterator[Judgement]:
    gzip = {position for position in _best(seen) if not _zstd(seen, position) and not _sentinel(seen, position)}
    if seen.aware and seen.prefer_gzip and gzip:
        yield _chose(seen, gzip, "The client is configured to prefer gzip and does not select the gzip entry.")


@decides("SENT-SELECT-008")
def plain_where_there_is_no_partial_pull(seen: SelectionSeen) -> Iterator[Judgement]:
    best = _best(seen)
    plain = {position for position in best if not _sentinel(seen, position)}
    if seen.aware and not seen.toc_capable and plain and plain != set(best):
        allowed = set(best) if seen.read_whole_by_toc else plain
        yield _chose(seen, allowed, "The client cannot pull by TOC here, but selects the sentinel variant.")


@decides("SENT-SELECT-009")
def entries_without_platform_come_last(seen: SelectionSeen) -> Iterator[Judgement]:
    without = {position for position, entry in enumerate(seen.index.manifests) if entry.platform is None}
    ranked = _ranked(seen)
    if not without:
        return
    matching = {position for position in ranked if position not in without}
    # Any matching entry is accepted here: SENT-SELECT-003 decides on those.
    allowed = {position for position in range(len(seen.index.manifests)) if position not in without}
    yield _chose(
        seen, allowed if matching else without, "An entry without platform is selected although another entry matches."
    )


@decides("SENT-SELECT-010")
def sentinel_where_gzip_is_preferred_in_vain(seen: SelectionSeen) -> Iterator[Judgement]:
    best = _best(seen)
    sentinels = {position for position in best if _sentinel(seen, position)}
    if seen.aware and seen.prefer_gzip and seen.toc_capable and sentinels and all(_zstd(seen, at) for at in best):
        yield _chose(seen, sentinels, "There is no gzip entry, and the client does not select the sentinel variant.")


@decides("SENT-SELECT-011")
def no_toc_pull_no_sentinel(seen: SelectionSeen | TrialSeen) -> Iterator[Judgement]:
    # A check of a trial: by digest there is no selection.
    if isinstance(seen, SelectionSeen):
        return
    if seen.expected is None:
        yield from refusal("SENT-SELECT-011", seen)
    else:
        yield from acceptance("SENT-SELECT-011", seen)


def _chose(seen: SelectionSeen, allowed: set[int], message: str) -> Judgement:
    return judge(
        seen.chosen in allowed,
        message,
        where=seen.name,
        expected=" or ".join(f"manifests[{position}]" for position in sorted(allowed)),
        found="refused" if seen.chosen is None else f"manifests[{seen.chosen}]",
        evidence=seen.evidence,
    )


def _ranked(seen: SelectionSeen) -> dict[int, int]:
    """Positions of usable entries with the rank of their platform."""
    wanted = wanted_platforms(seen.platform.os, seen.platform.architecture, seen.platform.variant)
    ranks = {position: platform_rank(entry, wanted) for position, entry in enumerate(seen.index.manifests)}
    return {position: rank for position, rank in ranks.items() if rank is not None}


def _best(seen: SelectionSeen) -> list[int]:
    """Positions of the entries whose platform fits best, in index order."""
    ranked = _ranked(seen)
    best = min(ranked.values(), default=None)
    return [position for position, rank in ranked.items() if rank == best]


def _sentinel(seen: SelectionSeen, position: int) -> bool:
    return is_annotated_sentinel(seen.index.manifests[position])


def _zstd(seen: SelectionSeen, position: int) -> bool:
    return is_zstd(seen.index.manifests[position])


def _plain_zstd(seen: SelectionSeen, positions: list[int]) -> bool:
    return any(_zstd(seen, position) and not _sentinel(seen, position) for position in positions)


def _untrue_annotation(seen: SelectionSeen, position: int) -> bool:
    value = seen.index.manifests[position].annotation(SENTINEL_ANNOTATION)
    return value is not None and value != "true"

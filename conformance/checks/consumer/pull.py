"""SENT-PULL: the behaviour of a consumer with a sentinel image (docs/format.md sections 4, 14 and 18)."""

import re
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from conformance.checks.trial_verdicts import (
    INCONCLUSIVE,
    acceptance,
    describe,
    fetched_whole,
    harmless,
    inconclusive,
    infidelity,
    read_by_toc,
    refusal,
    time_difference,
    toc_refusal,
    took_forbidden,
    wrong_with,
)
from conformance.observed.trials import RunSeen, TreeSeen, TrialSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, not_run, passed

_SHARE: Final = 1.05
# An error in the output of scanners; an empty list ("errors": []) is not one.
_ERROR: Final = re.compile(
    r"(?i)\b(?:error|fatal|failed|unsupported|unable to|cannot)\b"
    r"(?![\"']?\s*[:=]\s*(?:null|\[\s*\]|\{\s*\}|[\"']{2}|0|false))"
)


@decides("SENT-PULL-001")
def recognised_by_media_type(seen: TrialSeen) -> Iterator[Judgement]:
    yield from acceptance("SENT-PULL-001", seen)


@decides("SENT-PULL-002")
def contributes_nothing(seen: TrialSeen) -> Iterator[Judgement]:
    if "SENT-PULL-002" not in seen.about:
        return
    (plain,) = seen.earlier
    known = {*(seen.expected or {}), *(plain.tree or {})}
    surplus = sorted(set(seen.run.tree or {}) - known)
    problem = f"the tree has in addition {surplus[0]!r}, which the plain variant does not have" if surplus else ""
    yield from acceptance("SENT-PULL-002", seen, problem=problem)


@decides("SENT-PULL-003")
def sentinel_is_not_fetched(seen: TrialSeen) -> Iterator[Judgement]:
    if "SENT-PULL-003" in seen.about:
        fetched = [item for item in seen.run.exchanges if item.method == "GET" and item.url.endswith(seen.sentinel)]
        yield from _of_a_pull(seen, "The sentinel blob is fetched." if fetched else "", "no request for it")


@decides("SENT-PULL-004")
def read_through_the_toc(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("SENT-PULL-004", seen)


@decides("SENT-PULL-005")
def no_fall_back(seen: TrialSeen) -> Iterator[Judgement]:
    yield from refusal("SENT-PULL-005", seen, also=_fell_back(seen))


@decides("SENT-PULL-006")
def every_layer_has_a_toc(seen: TrialSeen) -> Iterator[Judgement]:
    yield from refusal("SENT-PULL-006", seen)


@decides("SENT-PULL-007")
def no_conversion(seen: TrialSeen) -> Iterator[Judgement]:
    yield from refusal("SENT-PULL-007", seen)


@decides("SENT-PULL-008")
def toc_is_verified(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("SENT-PULL-008", seen)


@decides("SENT-PULL-009")
def contents_are_verified(seen: TrialSeen) -> Iterator[Judgement]:
    yield from toc_refusal("SENT-PULL-009", seen)


@decides("SENT-PULL-023")
def nothing_of_a_failed_pull_is_reused(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("SENT-PULL-023", seen)


@decides("SENT-PULL-024")
def trust_in_all_images_changes_nothing(seen: TrialSeen) -> Iterator[Judgement]:
    if seen.expected is None:
        yield from refusal("SENT-PULL-024", seen)
    else:
        yield from harmless("SENT-PULL-024", seen)


@decides("SENT-PULL-027")
def equals_the_plain_variant(seen: TrialSeen) -> Iterator[Judgement]:
    yield from _one_tree("SENT-PULL-027", seen, infidelity)


@decides("SENT-PULL-028")
def times_of_the_plain_variant(seen: TrialSeen) -> Iterator[Judgement]:
    yield from _one_tree("SENT-PULL-028", seen, time_difference)


@decides("SENT-PULL-029")
def implied_directories_of_the_plain_variant(seen: TrialSeen) -> Iterator[Judgement]:
    yield from _one_tree("SENT-PULL-029", seen, infidelity)


@decides("SENT-PULL-031")
def unaware_gets_nothing(seen: TrialSeen) -> Iterator[Judgement]:
    told = f"its output lists {seen.marker}" if _lists_marker(seen) else ""
    if "SENT-PULL-031" in seen.about and _scan_reports_an_error(seen):
        yield inconclusive(seen) or passed(seen.name, found="it ends with 0, and reports an error for the image")
    else:
        yield from refusal("SENT-PULL-031", seen, also=told)


@decides("SENT-PULL-032")
def unaware_says_so_by_its_status(seen: TrialSeen) -> Iterator[Judgement]:
    yield from refusal("SENT-PULL-032", seen)


@decides("SENT-PULL-012")
def sentinel_elsewhere(seen: TrialSeen) -> Iterator[Judgement]:
    yield from refusal("SENT-PULL-012", seen)


@decides("SENT-PULL-013")
def full_digest_without_sentinel(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("SENT-PULL-013", seen)


@decides("SENT-PULL-014")
def economy(seen: TrialSeen) -> Iterator[Judgement]:
    if "SENT-PULL-014" not in seen.about:
        return
    (cold,) = seen.earlier
    whole, tocs = sum(layer.size for layer in seen.layers), sum(layer.toc_size for layer in seen.layers)
    for run, allowed, when in ((cold, whole, "nothing"), (seen.run, tocs, "everything")):
        problem = wrong_with(run, seen.expected)
        if problem:
            yield not_run(f"{INCONCLUSIVE}with {when} local {problem}", where=seen.name, evidence=run.evidence)
            continue
        came = sum(_of_layers(seen, run))
        yield judge(
            came <= allowed * _SHARE,
            f"With {when} local the pull fetches more than necessary.",
            where=f"{seen.name}, with {when} local",
            expected=f"at most {allowed * _SHARE:.0f} bytes", found=f"{came} bytes", evidence=run.evidence,
        )  # fmt: skip


@decides("SENT-PULL-015")
def all_frames_are_read(seen: TrialSeen) -> Iterator[Judgement]:
    yield from acceptance("SENT-PULL-015", seen)


@decides("SENT-PULL-016")
def two_tocs(seen: TrialSeen) -> Iterator[Judgement]:
    if seen.expected is None:
        yield from refusal("SENT-PULL-016", seen)
    else:
        silently = "one of its TOCs was used: the layer was fetched in parts" if read_by_toc(seen) else ""
        yield from harmless("SENT-PULL-016", seen, also=silently)


@decides("SENT-PULL-017")
def identity_is_reproducible(seen: TrialSeen) -> Iterator[Judgement]:
    if "SENT-PULL-017" not in seen.about:
        return
    runs = (*seen.earlier, seen.run)
    told = [run.identity for run in runs]
    failing = next((run for run in runs if not run.succeeded), None)
    if failing is not None or not all(told):
        why = f"a pull did not work ({describe(failing)})" if failing else "the tool does not report its local ids"
        yield not_run(f"{INCONCLUSIVE}{why}", where=seen.name, evidence=seen.run.evidence)
        return
    yield judge(
        len(set(told)) == 1,
        "The local ids depend on earlier pulls.",
        where=seen.name, expected=_ids(told[0]), found=_ids(told[-1]), evidence=seen.run.evidence,
    )  # fmt: skip


@decides("SENT-PULL-018")
def tar_readings_are_not_reused(seen: TrialSeen) -> Iterator[Judgement]:
    if "SENT-PULL-018" not in seen.about:
        return
    (plain,) = seen.earlier
    problem = wrong_with(plain, seen.forbidden)
    if problem:
        where = "the plain variant, pulled whole"
        yield not_run(f"{INCONCLUSIVE}with {where}, {problem}", where=seen.name, evidence=plain.evidence)
    elif took_forbidden(seen):
        yield failed(
            "The tar reading of a local layer was reused for its TOC reading.",
            where=seen.name, expected="the TOC reading, or refused", found="the tar reading",
            evidence=seen.run.evidence,
        )  # fmt: skip
    else:
        yield from harmless("SENT-PULL-018", seen)


@decides("SENT-PULL-019")
def diff_ids_count_the_sentinel(seen: TrialSeen) -> Iterator[Judgement]:
    if seen.twin is None:
        yield from acceptance("SENT-PULL-019", seen)
    else:
        # A client that trusts the TOC compares no DiffIDs: then the right tree is accepted like a refusal.
        yield from harmless("SENT-PULL-019", seen)


@decides("SENT-PULL-020")
def too_few_diff_ids(seen: TrialSeen) -> Iterator[Judgement]:
    yield from refusal("SENT-PULL-020", seen)


@decides("SENT-PULL-021")
def identity_depends_on_the_toc(seen: TrialSeen) -> Iterator[Judgement]:
    if "SENT-PULL-021" not in seen.about:
        return
    (other,) = seen.earlier
    weak = _weak(seen, other, "the other image")
    if weak is not None:
        yield weak
        return
    if seen.run.ending == "refused":
        # A client that computes the full digest of sentinel images finds that the second TOC does not match the tar.
        yield passed(seen.name, found=describe(seen.run))
        return
    problem = wrong_with(seen.run, seen.expected)
    if problem:
        message = f"After an image with the same config and another TOC: {problem}"
        yield failed(
            message, where=seen.name, expected="its own tree", found=problem, evidence=seen.run.evidence
        )  # fmt: skip
        return
    shared = set(seen.run.identity) & set(other.identity)
    yield judge(
        not shared,
        "Two images with one config and two TOCs have the same local identity.",
        where=seen.name, expected="other ids", found=_ids(tuple(sorted(shared))), evidence=seen.run.evidence,
    )  # fmt: skip


@decides("SENT-PULL-030")
def source_without_ranges(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("SENT-PULL-030", seen)


def _lists_marker(seen: TrialSeen) -> bool:
    return bool(seen.marker) and seen.marker in seen.run.output


def _scan_reports_an_error(seen: TrialSeen) -> bool:
    """A scan that ends with 0, reports an error and lists no package did not process the image."""
    run = seen.run
    return run.succeeded and run.operation == "scan" and not _lists_marker(seen) and bool(_ERROR.search(run.output))


def _fell_back(seen: TrialSeen) -> str:
    """A whole download after a pull by TOC; a client that downloads every layer whole, and reads it by its TOC, did
    not.
    """
    if seen.twin is not None and fetched_whole(seen.on_twin()):
        return ""
    return fetched_whole(seen)


def _one_tree(about: str, seen: TrialSeen, compare: Callable[[TreeSeen, TreeSeen], str]) -> Iterator[Judgement]:
    """A pull of the sentinel variant compared with one of the plain variant."""
    if about not in seen.about:
        return
    (plain,) = seen.earlier
    weak = _weak(seen, plain, "the plain variant") or _untold(seen)
    if weak is not None:
        yield weak
        return
    problem = wrong_with(seen.run, seen.expected)
    if not problem and seen.run.tree is not None and plain.tree is not None:
        problem = compare(plain.tree, seen.run.tree)
    yield judge(
        not problem,
        f"{seen.what}: the tree of the sentinel variant is not that of the plain variant: {problem}",
        where=seen.name, expected="one tree", found=problem or "one tree", evidence=seen.run.evidence,
    )  # fmt: skip


def _untold(seen: TrialSeen) -> Judgement | None:
    """A pull without a tree shows no difference of trees."""
    return inconclusive(msgspec.structs.replace(seen, twin=None))


def _of_a_pull(seen: TrialSeen, problem: str, expected: str) -> Iterator[Judgement]:
    """A judgement on the requests of a pull that worked."""
    broken = wrong_with(seen.run, seen.expected)
    if broken:
        yield not_run(f"{INCONCLUSIVE}{broken}", where=seen.name, evidence=seen.run.evidence)
    elif problem:
        yield failed(problem, where=seen.name, expected=expected, found=problem, evidence=seen.run.evidence)
    else:
        yield passed(seen.name)


def _weak(seen: TrialSeen, earlier: RunSeen, what: str) -> Judgement | None:
    """The run to compare with must have worked."""
    problem = wrong_with(earlier, seen.twin_expected)
    if not problem:
        return None
    return not_run(f"{INCONCLUSIVE}with {what} {problem}", where=seen.name, evidence=earlier.evidence)


def _of_layers(seen: TrialSeen, run: RunSeen) -> Iterator[int]:
    for item in run.exchanges:
        if item.method == "GET" and any(item.url.endswith(f"/blobs/{layer.digest}") for layer in seen.layers):
            yield item.response_size


def _ids(ids: tuple[str, ...]) -> str:
    return " ".join(name[:19] for name in ids)

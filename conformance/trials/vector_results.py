"""Verdicts by requirement on a runner, from its results for each case. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from conformance.cases.vectors.model import Case
from conformance.cases.vectors.results import CaseResult
from conformance.requirements import load_catalogue
from conformance.results import Judgement, RequirementResult, conclude, failed, informed, not_run, passed


class Tally(msgspec.Struct, frozen=True):
    """The numbers of right and wrong cases, of cases that decide nothing, and of undecided cases.

    ``trees``: the number of cases for which the runner reported the right tree.
    """

    right: int
    wrong: int
    free: int
    undecided: int
    trees: int = 0


def judge_results(
    cases: Iterable[Case], case_results: Mapping[str, CaseResult]
) -> tuple[tuple[RequirementResult, ...], Tally]:
    """A result for each requirement that a case violates first or touches, and the counts.

    A requirement passes when each of its cases is right and at least one of them is a valid refusal.
    """
    by_requirement: dict[str, list[tuple[Case, Judgement]]] = {}
    outcomes: list[str] = []
    trees = 0
    for case in cases:
        judgement = _judge(case, case_results)
        outcomes.append(judgement.outcome)
        trees += (
            case.id in case_results and bool(case.tree_sha256) and case_results[case.id].tree_sha256 == case.tree_sha256
        )
        for requirement_id in dict.fromkeys((case.requirement, *case.touches)):
            by_requirement.setdefault(requirement_id, []).append((case, judgement))
    results = tuple(
        conclude(requirement, _of_one(by_requirement[requirement.id]))
        for requirement in load_catalogue().requirements
        if requirement.id in by_requirement
    )
    right, wrong, free, undecided = (outcomes.count(each) for each in ("pass", "fail", "info", "not-run"))
    return results, Tally(right, wrong, free, undecided, trees)


def _of_one(judged: list[tuple[Case, Judgement]]) -> Iterator[Judgement]:
    """The result of one requirement; accepted permitted cases alone are not a pass, because a runner may accept
    everything.
    """
    shown = any(case.expect in _SHOWS and judgement.outcome == "pass" for case, judgement in judged)
    for case, judgement in judged:
        if judgement.outcome != "pass" or shown:
            yield judgement
        else:
            yield informed("accepted as it should be; no case of this requirement was refused", where=case.id)


_SHOWS: Final = ("refuse", "tree-or-refuse")


def _judge(case: Case, case_results: Mapping[str, CaseResult]) -> Judgement:
    case_result = case_results.get(case.id)
    if case_result is None:
        return not_run("the runner reported nothing of this case", where=case.id)
    if case_result.outcome == "skipped":
        return not_run(f"the runner skipped it: {case_result.reason or 'no reason given'}", where=case.id)
    if case_result.outcome == "crashed":
        return _wrong(case, case_result, "The runner crashed; a crash is never a refusal.")
    if case.expect == "either":
        return informed(f"{case_result.outcome}; either is right", where=case.id)
    if case_result.outcome == "accepted" and _is_another_tree(case, case_result):
        return _wrong(case, case_result, "The resulting tree differs from that of the case.")
    if case.expect == "accept":
        is_right = case_result.outcome == "accepted"
        return passed(case.id) if is_right else _wrong(case, case_result, "What is conforming was refused.")
    if case.expect == "tree-or-refuse":
        return _judge_pull(case, case_result, case_results.get(case.twin))
    if case_result.outcome == "accepted":
        return _wrong(case, case_result, "What must be refused was accepted.")
    if case_result.stage not in case.stages:
        return _wrong(case, case_result, "It was refused for another reason than what is wrong with it.")
    twin = case_results.get(case.twin)
    if twin is None or twin.outcome != "accepted":
        return not_run(
            f"refused, and so was its positive control {case.twin}, or no statement is made on it", where=case.id
        )
    return passed(case.id, found=f"refused at {case_result.stage}")


def _judge_pull(case: Case, case_result: CaseResult, twin: CaseResult | None) -> Judgement:
    if case_result.outcome == "accepted":
        if case_result.tree_sha256:
            return passed(case.id, found="the right tree")
        return not_run("accepted, and the runner did not report the resulting tree", where=case.id)
    if twin is None or twin.outcome != "accepted" or twin.tree_sha256 != case.tree_sha256:
        message = f"refused, and it is not known to pull {case.twin} to the right tree"
        return not_run(message, where=case.id)
    return passed(case.id, found=f"refused at {case_result.stage}")


def _is_another_tree(case: Case, case_result: CaseResult) -> bool:
    return bool(case.tree_sha256 and case_result.tree_sha256) and case.tree_sha256 != case_result.tree_sha256


def _wrong(case: Case, case_result: CaseResult, message: str) -> Judgement:
    expected = {
        "accept": "accepted",
        "either": "accepted or refused",
        "tree-or-refuse": "the tree of the case, or a refusal",
        "refuse": f"refused at {' or '.join(case.stages)} ({case.comment})",
    }[case.expect]
    at = f" at {case_result.stage}" if case_result.stage else ""
    tree = f", tree {case_result.tree_sha256}" if case_result.tree_sha256 else ""
    found = f"{case_result.outcome}{tree}{at}{': ' if case_result.reason else ''}{case_result.reason}"
    return failed(message, where=case.id, expected=expected, found=found)

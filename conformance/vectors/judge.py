"""Verdicts by requirement on a runner, from what it said of each case. Pure."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from conformance.requirements import load_catalogue
from conformance.results import Judgement, RequirementResult, conclude, failed, informed, not_run, passed
from conformance.vectors.model import Case
from conformance.vectors.results import Answer


class Tally(msgspec.Struct, frozen=True):
    """How many cases the runner got right and wrong, how many decide nothing, and how many were not decided."""

    right: int
    wrong: int
    free: int
    undecided: int


def judge_answers(cases: Iterable[Case], answers: Mapping[str, Answer]) -> tuple[tuple[RequirementResult, ...], Tally]:
    """A result for each requirement that a case breaks in the first place or touches, and the cases counted.

    A requirement passes when each of its cases was taken rightly and one of them at least was a refusal that counts.
    """
    by_requirement: dict[str, list[tuple[Case, Judgement]]] = {}
    outcomes: list[str] = []
    for case in cases:
        judgement = _judge(case, answers)
        outcomes.append(judgement.outcome)
        for requirement_id in dict.fromkeys((case.requirement, *case.touches)):
            by_requirement.setdefault(requirement_id, []).append((case, judgement))
    results = tuple(
        conclude(requirement, _of_one(by_requirement[requirement.id]))
        for requirement in load_catalogue().requirements
        if requirement.id in by_requirement
    )
    return results, Tally(*(outcomes.count(each) for each in ("pass", "fail", "info", "not-run")))


def _of_one(judged: list[tuple[Case, Judgement]]) -> Iterator[Judgement]:
    """Who accepts everything accepts what is lawful: that alone is no pass."""
    refused = any(case.expect == "refuse" and judgement.outcome == "pass" for case, judgement in judged)
    for case, judgement in judged:
        if judgement.outcome != "pass" or refused:
            yield judgement
        else:
            yield informed("accepted as it should be; no case of this requirement was refused", where=case.id)


def _judge(case: Case, answers: Mapping[str, Answer]) -> Judgement:
    answer = answers.get(case.id)
    if answer is None:
        return not_run("the runner said nothing of this case", where=case.id)
    if answer.outcome == "skipped":
        return not_run(f"the runner skipped it: {answer.reason or 'no reason given'}", where=case.id)
    if answer.outcome == "crashed":
        return _wrong(case, answer, "The runner crashed; a crash is never a refusal.")
    if case.expect == "either":
        return informed(f"{answer.outcome}; either is right", where=case.id)
    if case.expect == "accept":
        is_right = answer.outcome == "accepted"
        return passed(case.id) if is_right else _wrong(case, answer, "What is conforming was refused.")
    if answer.outcome == "accepted":
        return _wrong(case, answer, "What must be refused was accepted.")
    if answer.stage not in case.stages:
        return _wrong(case, answer, "It was refused for another reason than what is wrong with it.")
    twin = answers.get(case.twin)
    if twin is None or twin.outcome != "accepted":
        return not_run(f"refused, and so was its conforming twin {case.twin}, or nothing is said of it", where=case.id)
    return passed(case.id, found=f"refused at {answer.stage}")


def _wrong(case: Case, answer: Answer, message: str) -> Judgement:
    expected = {
        "accept": "accepted",
        "either": "accepted or refused",
        "refuse": f"refused at {' or '.join(case.stages)} ({case.comment})",
    }[case.expect]
    at = f" at {answer.stage}" if answer.stage else ""
    found = f"{answer.outcome}{at}{': ' if answer.reason else ''}{answer.reason}"
    return failed(message, where=case.id, expected=expected, found=found)

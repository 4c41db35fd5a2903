"""``python -m conformance.assurance.null_subjects FILE``: what registries, clients and runners that do nothing pass.

A suite that gives one of them a pass has a hole. Every one is judged like any other target, by all requirements of its
role; docs/null-subjects.md has the counts, and tests/assurance/matrix/test_null_subjects.py judges each again.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from conformance.assurance.matrix.programs import copy_results, push_results
from conformance.assurance.matrix.registries import judge_registry
from conformance.assurance.null_clients import KINDS
from conformance.assurance.null_consumer import NullConsumer
from conformance.assurance.null_registries import NULL_REGISTRIES
from conformance.cases.vectors.model import Case
from conformance.cases.vectors.results import CaseResult
from conformance.cases.vectors.store import read_index, vectors_directory
from conformance.implementations.adapter import find_adapter
from conformance.implementations.adapter_document import Operation
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.requirements import load_catalogue
from conformance.results import RequirementResult, conclude
from conformance.trials.consumer.scenarios import AWARE, BY_TOC, UNAWARE, judge_requirement
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.copier.trial import CopierTrial
from conformance.trials.producer.pushed_artifacts import judged_artifacts
from conformance.trials.producer.trial import ProducerTrial
from conformance.trials.under_test import ImplementationUnderTest
from conformance.trials.vector_results import judge_results

Results = tuple[RequirementResult, ...]
Runner = Callable[[Case], CaseResult]

NULL_RUNNERS: Final[dict[str, tuple[str, Runner]]] = {
    "accepts everything": ("Reports that it accepted each case.", lambda case: CaseResult(case.id, "accepted")),
    "refuses where it should": (
        "Reports that it refused each case, at the stage where that is right.",
        lambda case: CaseResult(case.id, "refused", (case.stages or ("index",))[0]),
    ),
    "refuses at the index": (
        "Reports that it refused each case at the index.",
        lambda case: CaseResult(case.id, "refused", "index"),
    ),
    "crashes": ("Reports a crash in each case.", lambda case: CaseResult(case.id, "crashed")),
    "skips": ("Skips each case.", lambda case: CaseResult(case.id, "skipped")),
}


class Score(msgspec.Struct, frozen=True):
    """How many MUSTs passed, failed, and were not decided."""

    passed: int
    failed: int
    undecided: int

    @property
    def text(self) -> str:
        """``0 of 41``, with the failures where there are any; the others were not decided."""
        total = self.passed + self.failed + self.undecided
        return f"{self.passed} of {total}" + (f", {self.failed} fail" if self.failed else "")


def score(results: Iterable[RequirementResult]) -> Score:
    """The MUSTs of these; what does not apply, or is not supported, was not decided."""
    verdicts = [result.verdict for result in results if result.level == "MUST"]
    passed, failed = verdicts.count("pass"), verdicts.count("fail")
    return Score(passed, failed, len(verdicts) - passed - failed)


def judge_null_registry(name: str) -> Results:
    """A null registry by all requirements of registries."""
    with EmbeddedRegistry(defects=[NULL_REGISTRIES[name]()]) as server:
        return tuple(judge_registry(server.url, None).values())


def judge_null_runner(name: str, cases: tuple[Case, ...]) -> Results:
    """A null runner by all vectors."""
    results, _ = judge_results(cases, {case.id: NULL_RUNNERS[name][1](case) for case in cases})
    return results


def all_cases() -> tuple[Case, ...]:
    """The vectors that the package has."""
    return read_index(vectors_directory()).cases


def _as_producer(kind: str, directory: Path) -> Results:
    with ProducerTrial(_program(kind, directory)) as trial:
        return (*push_results(trial), *judged_artifacts(trial, "single", replay=""))


def _as_copier(kind: str, directory: Path) -> Results:
    with CopierTrial(_program(kind, directory)) as trial:
        return copy_results(trial)


def _as_consumer(
    kind: str, directory: Path, *, aware: bool = False, by_toc: bool = False, operation: Operation = "unpack"
) -> Results:
    trials = ConsumerTrials(NullConsumer(kind, directory, (operation,)), aware=aware, by_toc=by_toc)
    catalogue = load_catalogue()
    return tuple(
        conclude(catalogue[name], judge_requirement(trials, name))
        for name in (AWARE if aware else BY_TOC if by_toc else UNAWARE)
    )


ROLES: Final[dict[str, Callable[[str, Path], Results]]] = {
    "producer": _as_producer,
    "copier": _as_copier,
    "consumer of sentinels": lambda kind, directory: _as_consumer(kind, directory, aware=True),
    "consumer of TOCs": lambda kind, directory: _as_consumer(kind, directory, by_toc=True),
    "consumer of tars": _as_consumer,
    "scanner": lambda kind, directory: _as_consumer(kind, directory, operation="scan"),
}
"""The roles in which every null client is judged; producers and copiers run as programs, by their adapters."""


def _program(kind: str, directory: Path) -> ImplementationUnderTest:
    return ImplementationUnderTest(find_adapter(f"null-{kind}"), "0", directory)


def client_row(kind: str, scores: Iterable[Score]) -> str:
    """A row of the table of clients."""
    return f"| `{kind}` | {_what(KINDS[kind])} | {' | '.join(each.text for each in scores)} |"


def registry_row(name: str, of: Score) -> str:
    """A row of the table of registries."""
    maker = NULL_REGISTRIES[name]
    return f"| {name} | {_what(getattr(maker, 'func', maker))} | {of.text} |"


def runner_row(name: str, of: Score) -> str:
    """A row of the table of runners."""
    return f"| {name} | {NULL_RUNNERS[name][0]} | {of.text} |"


def page_lines() -> Iterator[str]:
    """Judge all of them, and write the page; it takes some minutes."""
    yield from (
        "# Null subjects",
        "",
        "Registries, clients and runners of vectors that do no work, each judged like any other target. None passes a",
        "requirement. *Fail* counts the MUSTs that failed; the others were not decided, as the ordinary push, pull or",
        'copy did not work that is their positive control ("inconclusive", [verdicts.md](verdicts.md)).',
        "",
        "Generated by `python -m conformance.assurance.null_subjects docs/null-subjects.md`; do not edit.",
        "",
        "## Registries",
        "",
        "| null registry | what it does | MUST passed |",
        "|---|---|---|",
    )
    for name in NULL_REGISTRIES:
        yield registry_row(name, score(judge_null_registry(name)))
    yield from (
        "",
        "## Clients: producers, copiers, consumers and scanners",
        "",
        "The MUSTs passed in each role. `pytest --implementation null-KIND` runs one of them.",
        "",
        f"| null client | what it does | {' | '.join(ROLES)} |",
        "|---|---|" + "---|" * len(ROLES),
    )
    for kind in KINDS:
        yield client_row(kind, (score(_in_a_directory(judge, kind)) for judge in ROLES.values()))
    yield from ("", "## Runners of vectors", "", "| null runner | what it does | MUST passed |", "|---|---|---|")
    cases = all_cases()
    for name in NULL_RUNNERS:
        yield runner_row(name, score(judge_null_runner(name, cases)))


def _in_a_directory(judge: Callable[[str, Path], Results], kind: str) -> Results:
    with tempfile.TemporaryDirectory(prefix="zcc-null-", ignore_cleanup_errors=True) as directory:
        return judge(kind, Path(directory))


def _what(maker: Callable[..., object]) -> str:
    """The first sentence of a docstring."""
    return " ".join((maker.__doc__ or "").split()).partition(". ")[0].rstrip(".") + "."


def main() -> None:
    """Write the page to the file named as argument."""
    Path(sys.argv[1]).write_text("\n".join(page_lines()) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""Counts of generated examples, from a test (possibly in a worker) to the report."""

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest

from conformance.reports.power import Property, tried
from conformance.suite.properties import attach, attached
from conformance.suite.settings import SuiteSettings

if TYPE_CHECKING:  # start-up time: what is tallied has large modules
    from conformance.strategies.counts import Counts

_PROPERTY: Final = "conformance.tried"
COUNTED: Final = "__invariant__"
"""The attribute of a test that has a tally."""
_SEED: Final = "_hypothesis_internal_use_generated_seed"
"""Where Hypothesis keeps the seed that it prints for a failure; no statement is made on the seed where it is
missing.
"""


def tried_of(report: pytest.TestReport) -> list[Property]:
    """What was tried, as a report shows it."""
    return attached(report, _PROPERTY, Property)


def seed_number(settings: SuiteSettings) -> int:
    """The seed of this run for examples on a target; the same in every quick run."""
    return 0 if settings.effort == "quick" else zlib.crc32(settings.run_id.encode())


def note_power(item: pytest.Item, settings: SuiteSettings, tally: "Counts", number: int, *, failed: bool) -> None:
    """Attach to a test the counts of examples on the target of this run, if any."""
    if tally.examples:
        each = tried(
            tally.statement,
            tally.examples,
            requirement=tally.requirement,
            subject=settings.subject,
            shapes=dict(tally.shapes),
            seed=str(number),
            failed=failed,
        )
        attach(item, _PROPERTY, each)


def counted(item: pytest.Item, test: Callable[[], None]) -> None:
    """Run an invariant that was created within the test ``item``, and attach what it tried."""
    is_failed = True
    try:
        test()
        is_failed = False
    finally:
        _attach(item, item, test, failed=is_failed)


def note_tried(item: pytest.Item, report: pytest.TestReport) -> None:
    """Attach to the report of a test how many examples it tried; nothing for other tests."""
    test = getattr(item, "function", None)
    if test is not None and report.when == "call":
        _attach(item, report, test, failed=report.failed)


def _attach(
    item: pytest.Item, holder: pytest.Item | pytest.TestReport, test: Callable[..., None], *, failed: bool
) -> None:
    tally: Counts | None = getattr(test, COUNTED, None)
    if tally is None:
        return
    given_seed = item.config.getoption("--hypothesis-seed", None)
    seed = given_seed if given_seed is not None else getattr(test, _SEED, None)
    shapes, text = dict(tally.shapes), "" if seed is None else str(seed)
    each = tried(
        tally.statement, tally.examples, requirement=tally.requirement, shapes=shapes, seed=text, failed=failed
    )
    attach(holder, _PROPERTY, each)

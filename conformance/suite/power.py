"""Counts of generated examples, from a test (possibly in a worker) to the report."""

import zlib
from typing import Final

import pytest

from conformance.reports.power import Property, tried
from conformance.strategies.shapes import Tally
from conformance.suite.properties import attach, attached
from conformance.suite.settings import SuiteSettings

_PROPERTY: Final = "conformance.tried"


def attach_tried(test: pytest.Item | pytest.TestReport, each: Property) -> None:
    """Attach what a test tried."""
    attach(test, _PROPERTY, each)


def tried_of(report: pytest.TestReport) -> list[Property]:
    """What was tried, as a report shows it."""
    return attached(report, _PROPERTY, Property)


def seed_number(settings: SuiteSettings) -> int:
    """The seed of this run for examples on a target; the same in every quick run."""
    return 0 if settings.effort == "quick" else zlib.crc32(settings.run_id.encode())


def note_power(item: pytest.Item, settings: SuiteSettings, tally: Tally, number: int, *, failed: bool) -> None:
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
        attach_tried(item, each)

"""Counts of generated examples, from a test (possibly in a worker) to the report."""

import zlib
from typing import Any, Final

import msgspec
import pytest

from conformance.reports.encoding import json_bytes
from conformance.reports.power import Property, tried
from conformance.strategies.shapes import Tally
from conformance.suite.settings import SuiteSettings

_PROPERTY: Final = "conformance.tried"


def attach(properties: list[tuple[str, Any]], each: Property) -> None:
    """Add to the user properties of a test."""
    properties.append((_PROPERTY, json_bytes(each).decode()))


def tried_of(report: pytest.TestReport) -> list[Property]:
    """What was tried, as a report shows it."""
    return [
        msgspec.json.decode(str(value), type=Property) for name, value in report.user_properties if name == _PROPERTY
    ]


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
        attach(item.user_properties, each)

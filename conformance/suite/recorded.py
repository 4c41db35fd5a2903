"""How what a test found gets from the test, perhaps in an xdist worker, to the report: as its user properties."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from conformance.reports.model import SubjectReport
from conformance.requirements import Role, load_catalogue
from conformance.results import RequirementResult, undecided
from conformance.suite.properties import attach, attached
from conformance.suite.provenance import attach_identity
from conformance.suite.settings import SuiteSettings
from conformance.suite.wanted import judged_roles

_PROPERTY = "conformance.verdict"
_NOTE = "conformance.note"
_STOPPED = "conformance.stopped"
_NEEDS_DEEP = "conformance.needs-deep"


class Recorded(msgspec.Struct, frozen=True):
    """A verdict, sent from a test (possibly in a worker) to the report."""

    subject: str
    role: Role
    result: RequirementResult


def record(item: pytest.Item, recorded: Recorded) -> None:
    """Attach a verdict to the running test; user properties are transferred from an xdist worker."""
    attach(item, _PROPERTY, recorded)


class Noted(msgspec.Struct, frozen=True):
    """A note on an implementation in a role, for the report."""

    role: Role
    text: str


def take_note(item: pytest.Item, settings: SuiteSettings, text: str) -> None:
    """Attach a note to the running test."""
    for role in judged_roles(item, settings):
        attach(item, _NOTE, Noted(role, text))


def record_image(item: pytest.Item, name: str, report: SubjectReport) -> None:
    """Attach all verdicts on an image, under ``name``, the ids that only a deep check decides, and its digest."""
    for result in report.verdicts:
        record(item, Recorded(name, "artifact", result))
    attach_identity(item, name, report.identity)
    attach(item, _NEEDS_DEEP, (name, report.needs_deep))


def end_early(item: pytest.Item, reason: str) -> None:
    """End the run after this test, "incomplete": requirements without a verdict are then not-run, for this ``reason``.

    ``reason`` is one sentence without a full stop, such as "registry.example stopped responding after 512 requests".
    """
    attach(item, _STOPPED, reason)


def record_undecided(
    item: pytest.Item, report: pytest.TestReport, settings: SuiteSettings, requirement_id: str, reason: str
) -> None:
    """Attach to the report of a test that could not be run why its requirement has no verdict."""
    result = undecided(load_catalogue()[requirement_id], reason)
    for role in judged_roles(item, settings):
        attach(report, _PROPERTY, Recorded(settings.subject, role, result))


def take_back(report: pytest.TestReport, subject: str) -> None:
    """Findings of a registry that stopped responding are not verdicts: they become not-run."""
    reason = f"{subject} stopped responding"
    recorded = verdicts_of(report)
    if not any(each.result.verdict == "fail" for each in recorded):
        return
    report.user_properties = [pair for pair in report.user_properties if pair[0] != _PROPERTY]
    for each in recorded:
        failed = each.result.verdict == "fail"
        result = undecided(load_catalogue()[each.result.id], reason) if failed else each.result
        attach(report, _PROPERTY, msgspec.structs.replace(each, result=result))


def verdicts_of(report: pytest.TestReport | pytest.CollectReport) -> list[Recorded]:
    """The verdicts that a test attached; a report of a collection has none."""
    return attached(report, _PROPERTY, Recorded)


def timed_verdicts(report: pytest.TestReport) -> Iterator[Recorded]:
    """The verdicts with the module of the test, and the seconds that it took, shared among them."""
    recorded = verdicts_of(report)
    module = f"conformance/suite/{Path(report.location[0]).name}"
    for each in recorded:
        seconds = round(report.duration / len(recorded), 3)
        yield msgspec.structs.replace(each, result=msgspec.structs.replace(each.result, seconds=seconds, test=module))


def notes_of(report: pytest.TestReport) -> list[Noted]:
    """The notes that a test attached."""
    return attached(report, _NOTE, Noted)


def deep_ids(report: pytest.TestReport) -> dict[str, tuple[str, ...]]:
    """The ids that only a deep check decides, by target."""
    return dict(attached(report, _NEEDS_DEEP, tuple[str, tuple[str, ...]]))


def reason_to_stop(report: pytest.TestReport) -> str:
    """Why the run is to end after this test; "" when it is not."""
    return next(iter(attached(report, _STOPPED, str)), "")

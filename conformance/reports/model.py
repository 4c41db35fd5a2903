"""The document a run leaves behind. Its JSON Schema is published beside this file and tested for drift."""

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final, Literal

import msgspec

from conformance import __version__
from conformance.reports.encoding import indented_json
from conformance.requirements import Role
from conformance.results import RequirementResult, conforms

SCHEMA_ID: Final = "urn:zstd-chunked-conformance:results:1"
SCHEMA_FILE: Final = "results.schema.json"


class Tool(msgspec.Struct, frozen=True):
    name: str = "zstd-chunked-conformance"
    version: str = __version__


class SubjectReport(msgspec.Struct, frozen=True):
    """All verdicts for one subject.

    ``unchecked``: ids of its roles that this version has no check for; ``needs_deep``: ids that were not looked at,
    or not wholly, because the layers were not read whole.
    """

    subject: str
    roles: tuple[Role, ...]
    verdicts: tuple[RequirementResult, ...]
    conforms: bool
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    needs_deep: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True):
    """One run. ``partial`` when the user selected tests: then ``conforms`` speaks of the selection only."""

    subjects: tuple[SubjectReport, ...]
    conforms: bool
    started: datetime
    elapsed: float
    revision: str
    partial: bool = False
    seed: str = ""
    tool: Tool = Tool()
    schema: Literal["urn:zstd-chunked-conformance:results:1"] = SCHEMA_ID


class CheckReport(msgspec.Struct, frozen=True):
    """What ``zcc check --json`` prints: one subject, one document."""

    subject: str
    conforms: bool
    verdicts: tuple[RequirementResult, ...]
    notes: tuple[str, ...]
    unchecked: tuple[str, ...]
    revision: str
    needs_deep: tuple[str, ...] = ()
    tool: Tool = Tool()
    schema: Literal["urn:zstd-chunked-conformance:results:1"] = SCHEMA_ID


def subject_report(
    subject: str,
    roles: tuple[Role, ...],
    verdicts: tuple[RequirementResult, ...],
    *,
    notes: tuple[str, ...] = (),
    unchecked: tuple[str, ...] = (),
    needs_deep: tuple[str, ...] = (),
) -> SubjectReport:
    """A SubjectReport whose ``conforms`` follows from its verdicts."""
    return SubjectReport(subject, roles, verdicts, conforms(verdicts), notes, unchecked, needs_deep)


def check_report(report: SubjectReport, revision: str) -> CheckReport:
    """The one-subject form."""
    return CheckReport(
        report.subject,
        report.conforms,
        report.verdicts,
        report.notes,
        report.unchecked,
        revision,
        report.needs_deep,
    )


def now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)


def build_schema() -> dict[str, Any]:
    """The JSON Schema of Report and CheckReport, made from the models."""
    (report, check), components = msgspec.json.schema_components([Report, CheckReport], ref_template="#/$defs/{name}")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Results of zstd-chunked-conformance",
        "oneOf": [report, check],
        "$defs": components,
    }
    # Through JSON once: defaults of tuples are lists there.
    return dict(msgspec.json.decode(msgspec.json.encode(schema)))


def published_schema() -> bytes:
    """The schema file shipped with this package."""
    return files(__package__).joinpath(SCHEMA_FILE).read_bytes()


def read_report(raw: bytes) -> Report:
    """A report as it was written; ValueError when it is none."""
    return msgspec.json.decode(raw, type=Report)


def encode(report: Report | CheckReport) -> bytes:
    """The report as indented JSON."""
    return indented_json(report)

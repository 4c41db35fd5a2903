"""The document that a run writes. Its JSON Schema is published beside this file and tested for drift."""

from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from conformance import __version__
from conformance.reports.encoding import indented_json, schema_document
from conformance.reports.power import Property
from conformance.reports.provenance import Identity, Provenance
from conformance.requirements import Profile, Role
from conformance.results import Claim, Ending, RequirementResult, ending_of, gravest, judge_claim

SCHEMA_ID: Final = "urn:zstd-chunked-conformance:results:3"
SCHEMA_FILE: Final = "results.schema.json"
# The first edition had neither profiles nor endings, the second no statement of power; results of both are read.
SchemaId = Literal[
    "urn:zstd-chunked-conformance:results:3",
    "urn:zstd-chunked-conformance:results:2",
    "urn:zstd-chunked-conformance:results:1",
]


class Tool(msgspec.Struct, frozen=True):
    name: str = "zstd-chunked-conformance"
    version: str = __version__


class SubjectReport(msgspec.Struct, frozen=True):
    """All verdicts for one target, and the outcome for each profile that it claims (``claims``).

    ``conforms`` is ``ending == "conforms"``. ``unchecked``: ids that this version has no check for; ``needs_deep``: ids
    that were not inspected, or not wholly, because the layers were not read whole; ``unmet``: content that an option
    requires and the target lacks, each in a sentence. ``ending`` is None in documents of the first edition only.
    ``identity`` is what was judged, by content, where it is an image or a program.
    """

    subject: str
    roles: tuple[Role, ...]
    verdicts: tuple[RequirementResult, ...]
    conforms: bool
    notes: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    needs_deep: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    ending: Ending | None = None
    unmet: tuple[str, ...] = ()
    identity: Identity | None = None


class Report(msgspec.Struct, frozen=True):
    """One run. ``partial`` when the user selected tests: then no statement is made on conformance.

    ``stopped`` states why the run ended before its end, in one sentence: what was not decided then is "not-run".
    ``interrupted``: by Ctrl-C or SIGTERM. ``power``: the generated examples that were tried, and the bounds.
    """

    subjects: tuple[SubjectReport, ...]
    conforms: bool
    started: datetime
    elapsed: float
    revision: str
    partial: bool = False
    seed: str = ""
    tool: Tool = Tool()
    schema: SchemaId = SCHEMA_ID
    ending: Ending | None = None
    stopped: str = ""
    interrupted: bool = False
    provenance: Provenance | None = None
    power: tuple[Property, ...] = ()


class CheckReport(msgspec.Struct, frozen=True):
    """What ``zcc check --json`` prints: one target, one document."""

    subject: str
    conforms: bool
    verdicts: tuple[RequirementResult, ...]
    notes: tuple[str, ...]
    unchecked: tuple[str, ...]
    revision: str
    needs_deep: tuple[str, ...] = ()
    tool: Tool = Tool()
    schema: SchemaId = SCHEMA_ID
    claims: tuple[Claim, ...] = ()
    ending: Ending | None = None
    unmet: tuple[str, ...] = ()
    identity: Identity | None = None


def subject_report(
    subject: str,
    roles: tuple[Role, ...],
    verdicts: tuple[RequirementResult, ...],
    *,
    profiles: tuple[Profile, ...] = (),
    implied: bool = False,
    notes: tuple[str, ...] = (),
    unchecked: tuple[str, ...] = (),
    needs_deep: tuple[str, ...] = (),
    unmet: tuple[str, ...] = (),
    identity: Identity | None = None,
) -> SubjectReport:
    """A SubjectReport whose claims and ending follow from its verdicts; ``implied``: the user named no profile."""
    claims = tuple(
        judge_claim(profile, verdicts, needs_deep=needs_deep, unchecked=unchecked, implied=implied)
        for profile in profiles
    )
    ending = gravest([ending_of(verdicts), *(claim.ending for claim in claims)])
    if unmet:
        ending = "does-not-conform"
    return SubjectReport(
        *(subject, roles, verdicts, ending == "conforms", notes, unchecked, needs_deep, claims, ending, unmet),
        identity=identity,
    )


def made_by(report: Report) -> str:
    """The program that made a report, and when."""
    return f"{report.tool.name} {report.tool.version}, {report.started:%Y-%m-%d %H:%M} UTC"


def run_report(
    subjects: tuple[SubjectReport, ...],
    *,
    started: datetime,
    elapsed: float,
    revision: str,
    partial: bool = False,
    stopped: str = "",
    interrupted: bool = False,
    provenance: Provenance | None = None,
    power: tuple[Property, ...] = (),
) -> Report:
    """A Report whose ending follows from its targets; a run that was ``stopped`` is at best incomplete."""
    endings: list[Ending] = [subject.ending or "conforms" for subject in subjects]
    if stopped:
        endings.append("incomplete")
    ending = gravest(endings)
    return Report(
        subjects,
        ending == "conforms",
        started,
        elapsed,
        revision,
        partial,
        ending=ending,
        stopped=stopped,
        interrupted=interrupted,
        provenance=provenance,
        power=power,
    )


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
        claims=report.claims,
        ending=report.ending,
        unmet=report.unmet,
        identity=report.identity,
    )


def now() -> datetime:
    """The current time, with time zone."""
    return datetime.now(UTC)


def build_schema() -> dict[str, Any]:
    """The JSON Schema of Report and CheckReport, created from the models."""
    (report, check), components = msgspec.json.schema_components([Report, CheckReport], ref_template="#/$defs/{name}")
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Results of zstd-chunked-conformance",
        "oneOf": [report, check],
        "$defs": components,
    }
    return schema_document(schema)


def read_report(raw: bytes) -> Report:
    """A report as it was written, also of the first edition; ValueError for other documents."""
    report = msgspec.json.decode(raw, type=Report)
    if report.ending is not None:
        return report
    subjects = tuple(_with_ending(subject) for subject in report.subjects)
    endings: list[Ending] = [subject.ending or "conforms" for subject in subjects]
    return msgspec.structs.replace(report, subjects=subjects, ending=gravest(endings))


def _with_ending(subject: SubjectReport) -> SubjectReport:
    """The first edition stated only whether a target conforms."""
    ending: Ending = "conforms" if subject.conforms else ending_of(subject.verdicts)
    if not subject.conforms and ending == "conforms":
        ending = "does-not-conform"
    return msgspec.structs.replace(subject, ending=ending)


def encode(report: Report | CheckReport) -> bytes:
    """The report as indented JSON."""
    return indented_json(report)

"""Reports to render: an ordinary one, one of hostile text, one of a thousand images."""

from datetime import UTC, datetime

import msgspec

from conformance.observed.evidence import Exchange, Note
from conformance.reports.model import Report, SubjectReport, run_report, subject_report
from conformance.reports.power import tried
from conformance.reports.provenance import Identity, Provenance, Target
from conformance.requirements import load_catalogue
from conformance.results import RequirementResult, conclude, failed, informed, not_run, passed

HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\x1b[31m\u202egpj.exe\ud800\x00&amp;"
)
_STARTED = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def results(text: str = "other bytes") -> tuple[RequirementResult, ...]:
    """One result of every kind, and passes for the rest of the artifact's catalogue."""
    catalogue = load_catalogue()
    exchange = Exchange.record("GET", "http://r.example/v2/a/blobs/x", status=206, response_headers=(("x-text", text),))
    broken = failed(text, where=text, expected=text, found=text, evidence=(exchange, Note(text)))
    special = {
        "SENT-BLOB-002": (broken,),
        "SENT-BLOB-003": (broken,),
        "SENT-DESC-001": (not_run(text),),
        "TOC-001": (informed(text),),
    }
    return tuple(
        conclude(requirement, special.get(requirement.id, (passed("here"),)), replay=f"zcc check {text}")
        for requirement in catalogue.of_role("artifact")
    )


def report(text: str = "other bytes") -> Report:
    """A run over one image."""
    waived = msgspec.structs.replace(
        next(each for each in results(text) if each.id == "SENT-BLOB-002"),
        id="SENT-BLOB-004",
        verdict="waived",
        reason=f"waived until 2027-01-01: {text}",
    )
    verdicts = tuple(waived if each.id == waived.id else each for each in results(text))
    subject = subject_report(
        "registry.example/app:tag",
        ("artifact",),
        verdicts,
        profiles=("pair",),
        identity=Identity("image", text, f"sha256:{'1' * 64}"),
    )
    return run_report(
        (subject,),
        started=_STARTED,
        elapsed=1.5,
        revision="pr681",
        provenance=Provenance(f"sha256:{'2' * 64}", Target("image", (text,), ("deep",)), f"sha256:{'3' * 64}"),
        power=(tried(text, 25, requirement="REG-020", subject=text, shapes={text: 3}, seed="7"),),
    )


def many(count: int) -> Report:
    """A run over many images, each with the failures of ``results``."""
    verdicts = results()
    subjects: tuple[SubjectReport, ...] = tuple(
        subject_report(f"registry.example/team/app{number}:tag", ("artifact",), verdicts, profiles=("pair",))
        for number in range(count)
    )
    return run_report(subjects, started=_STARTED, elapsed=1.5, revision="pr681")

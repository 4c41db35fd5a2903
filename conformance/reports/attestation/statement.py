"""What is signed: an in-toto Statement v1 with predicate test-result v0.1, created from the results and their bytes.

https://github.com/in-toto/attestation, spec/v1/statement.md and spec/predicates/test-result.md. The predicate has no
list for what was not inspected: it is in results.json, which is bound by its digest.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from conformance.observed.printable import safe
from conformance.reports.attestation.errors import AttestationError
from conformance.reports.model import Report, SubjectReport
from conformance.reports.provenance import CATALOGUE_FILE, Identity, digest_of

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "https://in-toto.io/attestation/test-result/v0.1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
RESULTS_FILE: Final = "results.json"

Outcome = Literal["PASSED", "WARNED", "FAILED"]


class Resource(msgspec.Struct, frozen=True, omit_defaults=True):
    """A resource descriptor of in-toto: at least ``uri`` or ``digest`` is present."""

    name: str = ""
    uri: str = ""
    digest: dict[str, str] = {}


class TestResult(msgspec.Struct, frozen=True, rename="camel"):
    """The predicate. The tests are ids of requirements, after the role where several roles were judged."""

    __test__ = False  # no test of pytest's

    result: Outcome
    configuration: tuple[Resource, ...]
    passed_tests: tuple[str, ...] = ()
    warned_tests: tuple[str, ...] = ()
    failed_tests: tuple[str, ...] = ()


class Statement(msgspec.Struct, frozen=True, rename="camel"):
    """The payload of the envelope."""

    type_: str = msgspec.field(name="_type")
    subject: tuple[Resource, ...]
    predicate_type: str
    predicate: TestResult


def make_statement(report: Report, raw: bytes, wanted: Identity | None = None) -> Statement:
    """The statement on one image or program. ``raw`` are the bytes of results.json.

    ``wanted`` selects one, where the results have several, or a target without a digest (a registry).
    Raises AttestationError where there is no statement.
    """
    if report.partial:
        raise AttestationError("the results are of a partial run, which makes no statement on conformance")
    if report.provenance is None:
        raise AttestationError("the results do not name their catalogue: an older version made them; run it again")
    subjects, identity = _chosen(report, wanted)
    return Statement(
        STATEMENT_TYPE,
        (Resource(safe(identity.name), digest=_digest_set(identity.digest)),),
        PREDICATE_TYPE,
        _predicate(subjects, _configuration(report, raw)),
    )


def _chosen(report: Report, wanted: Identity | None) -> tuple[Sequence[SubjectReport], Identity]:
    known = {each.identity.digest: each.identity for each in report.subjects if each.identity is not None}
    if wanted is None:
        if len(known) == 1:
            (wanted,) = known.values()
        elif known:
            names = ", ".join(safe(identity.name) for identity in known.values())
            raise AttestationError(f"the results have several targets ({names}): select one by --subject")
        else:
            raise AttestationError(
                "the results name no image and no program by digest: name the program that was judged by --subject FILE"
            )
    if wanted.digest in known:
        of_one = [each for each in report.subjects if each.identity and each.identity.digest == wanted.digest]
        return of_one, known[wanted.digest]
    without = [each for each in report.subjects if each.identity is None]
    if not without:
        judged = ", ".join(f"{safe(each.name)} ({digest})" for digest, each in known.items())
        raise AttestationError(f"the results are not of {safe(wanted.name)} ({wanted.digest}) but of {judged}")
    return without, wanted


def _configuration(report: Report, raw: bytes) -> tuple[Resource, ...]:
    assert report.provenance is not None
    bound = [
        Resource(RESULTS_FILE, digest=_digest_set(digest_of(raw))),
        Resource(CATALOGUE_FILE, digest=_digest_set(report.provenance.catalogue)),
    ]
    if report.provenance.waivers:
        bound.append(Resource("waivers", digest=_digest_set(report.provenance.waivers)))
    return (*bound, Resource(uri=f"pkg:pypi/{report.tool.name}@{report.tool.version}"))


def _predicate(subjects: Sequence[SubjectReport], configuration: tuple[Resource, ...]) -> TestResult:
    several = len(subjects) > 1

    def named(subject: SubjectReport, text: str) -> str:
        return f"{subject.roles[0]}/{text}" if several and subject.roles else text

    passed = tuple(named(one, each.id) for one in subjects for each in one.verdicts if each.verdict == "pass")
    warned = tuple(named(one, text) for one in subjects for text in _warned(one))
    failed = tuple(named(one, text) for one in subjects for text in _failed(one))
    conforms = all(subject.ending == "conforms" for subject in subjects)
    result: Outcome = "FAILED" if failed or not conforms else "WARNED" if warned else "PASSED"
    return TestResult(result, configuration, passed, warned, failed)


def _warned(subject: SubjectReport) -> Iterator[str]:
    for result in subject.verdicts:
        if result.verdict == "waived":
            yield f"{result.id} (waived)"
        elif result.is_warning:
            yield result.id
    for name in subject.needs_deep:
        yield f"{name} (needs --deep)"


def _failed(subject: SubjectReport) -> Iterator[str]:
    for result in subject.verdicts:
        if result.breaks_conformance:
            yield result.id if result.verdict == "fail" else f"{result.id} (not run)"


def _digest_set(digest: str) -> dict[str, str]:
    algorithm, _, hexadecimal = digest.partition(":")
    return {algorithm: hexadecimal}

"""JUnit XML: one test case per target and requirement.

A failed MUST is a ``<failure>``, a MUST that was not decided an ``<error>``. A failed SHOULD or MAY does not break
conformance: it is a pass, with the finding in ``<system-out>``. A requirement that does not apply is ``<skipped>``,
with the reason. The statement of power, one for the run, is in the properties of the first target.
"""

import re
from xml.etree import ElementTree as ET

from conformance.observed.printable import safe
from conformance.reports.model import Report, SubjectReport
from conformance.reports.power import power_texts
from conformance.reports.words import explained_by, finding_lines, verdict_word
from conformance.requirements import Catalogue
from conformance.results import RequirementResult

# XML 1.0 section 2.2: what a document may hold.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report, catalogue: Catalogue) -> bytes:
    """The report as a JUnit document."""
    root = ET.Element("testsuites", name="zstd-chunked-conformance", time=f"{report.elapsed:.3f}")
    for subject in report.subjects:
        root.append(_suite(subject, report, catalogue))
    if report.power and report.subjects:
        known = ET.Element("properties")
        for text in power_texts(report.power):
            ET.SubElement(known, "property", name="power", value=_clean(safe(text)))
        root[0].insert(0, known)
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(subject: SubjectReport, report: Report, catalogue: Catalogue) -> ET.Element:
    cases = [_case(subject, result, catalogue) for result in subject.verdicts]
    suite = ET.Element(
        "testsuite",
        name=_clean(subject.subject),
        tests=str(len(cases)),
        failures=str(sum(case.find("failure") is not None for case in cases)),
        errors=str(sum(case.find("error") is not None for case in cases)),
        skipped=str(sum(case.find("skipped") is not None for case in cases)),
        time=f"{sum(result.seconds for result in subject.verdicts):.3f}",
        timestamp=report.started.strftime("%Y-%m-%dT%H:%M:%S"),
    )
    suite.extend(cases)
    return suite


def _case(subject: SubjectReport, result: RequirementResult, catalogue: Catalogue) -> ET.Element:
    group = result.id.rpartition("-")[0]
    case = ET.Element(
        "testcase",
        classname=_clean(f"{subject.subject}.{group}"),
        name=f"{result.id} {catalogue.statement_of(result.id)}",
        time=f"{result.seconds:.3f}",
    )
    if result.test:
        case.set("file", result.test)
    told = ["\n".join(finding_lines(finding)) for finding in result.findings]
    detail = _clean("\n\n".join([*told, explained_by(result.id)] if told else told))
    summary = _clean(safe(result.findings[0].message if result.findings else result.reason))
    if result.verdict == "fail" and result.level == "MUST":
        ET.SubElement(case, "failure", message=summary, type=result.level).text = detail
    elif result.verdict == "not-run" and result.level == "MUST":
        ET.SubElement(case, "error", message=f"not run: {summary}", type=result.level).text = detail or summary
    elif result.verdict == "fail":
        ET.SubElement(case, "system-out").text = f"{verdict_word(result)}: a {result.level} failed\n{detail}"
    elif result.verdict != "pass":
        reason = "\n".join(filter(None, (_clean(safe(result.reason)), detail))) or "nothing to judge"
        message = f"{result.verdict}: {summary}".rstrip(": ")
        ET.SubElement(case, "skipped", message=message).text = reason
    return case


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)

"""A certification report of ``zcc certify`` as a page: verdicts, waivers on top, counts, and the matrix as a
picture.
"""

from collections.abc import Iterator

from conformance.observed.interop import Cell as Way
from conformance.observed.interop import CellOutcome
from conformance.reports.certification import (
    CertificationReport,
    ToolResult,
    by_place,
    copies,
    named,
    reasons,
    verdict_lines,
)
from conformance.reports.matrix_picture import matrix_pictures
from conformance.reports.page import TONE_OF, Block, Cell, Listing, Page, Paragraph, Section, Table, Tone, row
from conformance.reports.power import power_texts
from conformance.reports.words import short_name
from conformance.results import gravest

_COUNTED = ("pass", "fail", "waived", "not-run", "unsupported", "not-applicable")
_TONES: dict[CellOutcome, Tone] = {
    "same tree": "pass",
    "wrong tree": "fail",
    "crashed": "fail",
    "timed out": "fail",
    "refused": "warning",
}


def certification_page(certification: CertificationReport, *, links: bool = False) -> Page:
    """The page. With ``links`` each tool links to its report, in the directory with its name."""
    waived = [
        f"{tool.name} as {role.role}: {text}"
        for tool in certification.tools
        for role in tool.roles
        for text in role.waived
    ]
    lead = [Paragraph(line.plain, _tone(tool)) for tool in certification.tools for line in verdict_lines([tool])]
    sections = [Section("Waived, as declared by the user", (Listing(tuple(waived)),), "waivers")] if waived else []
    judged = [tool for tool in certification.tools if tool.was_judged]
    if judged:
        sections.append(Section("MUST by role", (_counts(judged, links=links),), "counts"))
    if certification.matrix:
        sections.append(Section("Interoperability of the tools", tuple(matrix_blocks(certification.matrix)), "matrix"))
    tried = tuple(text for tool in certification.tools for text in power_texts(tool.power))
    if tried:
        lead_in = Paragraph("With 95 % confidence, fewer of the examples that the generator draws fail than the bound.")
        sections.append(Section("Generated examples that were tried", (lead_in, Listing(tried)), "power"))
    facts = (
        ("suite", f"{certification.tool.name} {certification.tool.version}"),
        ("started", f"{certification.started:%Y-%m-%d %H:%M} UTC"),
        ("took", f"{certification.elapsed:.1f} seconds"),
    )
    return Page("Certification report", tuple(lead), tuple(sections), facts)


def _tone(tool: ToolResult) -> Tone:
    if not tool.was_judged:
        return "warning"
    return TONE_OF[gravest(role.ending for role in tool.roles)]


def _counts(tools: list[ToolResult], *, links: bool) -> Table:
    rows = []
    for tool in tools:
        for role in tool.roles:
            link = f"{tool.name}/report.html" if links else ""
            counts = [str(role.musts.get(name, 0)) for name in _COUNTED]
            name, ending = Cell(tool.subject or tool.name, "", link), role.ending
            rows.append(row(name, role.role, Cell(ending.replace("-", " "), TONE_OF[ending]), *counts))
    return Table(("tool", "role", "verdict", *_COUNTED), tuple(rows))


def matrix_blocks(ways: tuple[Way, ...]) -> Iterator[Block]:
    """Each picture with its tables, and the reasons of failures."""
    for picture, (place, direct, copied) in zip(matrix_pictures(ways), by_place(ways), strict=True):
        yield picture
        yield _matrix(direct, f"{named(*place)}, from producer (rows) to consumer (columns)")
        if copied:
            yield _copies(copied, f"{named(*place)}, copied, from producer (rows) by copier (columns)")
    told = tuple(reasons(ways))
    if told:
        yield Paragraph("Reasons of the failed combinations:")
        yield Listing(told)


def _matrix(ways: list[Way], caption: str) -> Table:
    consumers = list(dict.fromkeys(way.consumer for way in ways))
    rows = []
    for producer in dict.fromkeys(way.producer for way in ways):
        found = {way.consumer: way.outcome for way in ways if way.producer == producer}
        cells = [Cell(found.get(each, "absent"), _TONES.get(found.get(each, "absent"), "none")) for each in consumers]
        rows.append(row(short_name(producer), *cells))
    return Table(("producer", *map(short_name, consumers)), tuple(rows), caption)


def _copies(ways: list[Way], caption: str) -> Table:
    counts = copies(ways)
    copiers = list(dict.fromkeys(way.copier for way in ways))
    rows = []
    for producer in dict.fromkeys(way.producer for way in ways):
        found = [counts.get((producer, copier), ("absent", False)) for copier in copiers]
        cells = [Cell(text, "pass" if whole else "warning") for text, whole in found]
        rows.append(row(short_name(producer), *cells))
    return Table(("producer", *map(short_name, copiers)), tuple(rows), caption)

"""Exports the images of a run: CSV for tables, JSON lines for programs."""

import csv
import io
from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from conformance.audit.model import ImageVerdict
from conformance.audit.state import Run, State

Form = Literal["csv", "jsonl"]
COLUMNS: Final = (
    *("reference", "digest", "ending", "profile", "sentinel", "mixed", "layers", "layers_in_parts"),
    *("failed_must", "failed_should", "problem"),
)
_BATCH: Final = 200
_COLUMNS: Final = "id, reference, digest, problem, verdict"
# A spreadsheet reads a cell that begins with one of these as a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class ImageRow(msgspec.Struct, frozen=True):
    """One line of JSON: an image with its verdict, or with the ``problem`` that prevented one."""

    reference: str
    digest: str | None
    problem: str | None
    verdict: ImageVerdict | None


def export(state: State, run: Run, form: Form) -> Iterator[bytes]:
    """The file in pieces, with the images in listing order. Waiting images have neither verdict nor problem."""
    if form == "csv":
        yield _csv_line(COLUMNS)
    for row in image_rows(state, run):
        yield _csv_line(_cells(row)) if form == "csv" else msgspec.json.encode(row) + b"\n"


def image_rows(state: State, run: Run, condition: str = "1", *values: object) -> Iterator[ImageRow]:
    """The images of a run for which an SQL condition on ``images`` holds; read in batches."""
    # The conditions are constants; input of the user is passed as values.
    query = f"SELECT {_COLUMNS} FROM images WHERE run = ? AND ({condition}) AND id > ? ORDER BY id LIMIT ?"  # noqa: S608
    for _, reference, digest, problem, verdict in state.in_batches(query, run.id, *values, begin=0, key=0, size=_BATCH):
        yield ImageRow(reference, digest, problem, None if verdict is None else state.verdict(verdict))


def _cells(row: ImageRow) -> tuple[str, ...]:
    verdict = row.verdict
    if verdict is None:
        return (row.reference, row.digest or "", "", "", "", "", "", "", "", "", row.problem or "")
    levels = [[name for name, level in verdict.failing if level == wanted] for wanted in ("MUST", "SHOULD")]
    return (
        row.reference,
        row.digest or "",
        verdict.ending,
        verdict.profile,
        "yes" if verdict.has_sentinel else "no",
        "yes" if verdict.is_mixed else "no",
        str(len(verdict.layers)),
        str(sum(layer.kind == "in-parts" for layer in verdict.layers)),
        *(" ".join(names) for names in levels),
        "",
    )


def _csv_line(cells: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(
        f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells
    )
    return text.getvalue().encode("utf-8", "backslashreplace")

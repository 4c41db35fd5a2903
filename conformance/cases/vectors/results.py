"""Reads the results of a runner: JSON lines, one for each case, treated as hostile input."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from conformance.cases.vectors.model import Stage, VectorError

_MAX_LINE: Final = 64 * 1024
_MAX_LINES: Final = 100_000
Outcome = Literal["accepted", "refused", "crashed", "skipped"]


class CaseResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The result of one case; a refusal names its ``stage``, and a ``reason`` for people.

    ``tree_sha256`` is that of the resulting tree; "" makes no statement on it.
    """

    id: str
    outcome: Outcome
    stage: Stage | None = None
    reason: str = ""
    tree_sha256: str = ""


def read_results(path: Path, ids: Iterable[str]) -> dict[str, CaseResult]:
    """The results by id of the case; VectorError names the invalid line."""
    known, found = frozenset(ids), dict[str, CaseResult]()
    decoder = msgspec.json.Decoder(CaseResult)
    try:
        with path.open("rb") as file:
            for number in range(1, _MAX_LINES + 2):
                line = file.readline(_MAX_LINE + 1)
                if not line:
                    return found
                if len(line) > _MAX_LINE or line.strip():
                    case_result = _case_result(decoder, line, f"{path}, line {number}")
                    _place(case_result, known, found, f"{path}, line {number}")
    except OSError as error:
        raise VectorError(f"{path}: {error.strerror}") from None
    raise VectorError(f"{path}: more than {_MAX_LINES} lines")


def _case_result(decoder: msgspec.json.Decoder[CaseResult], line: bytes, where: str) -> CaseResult:
    if len(line) > _MAX_LINE:
        raise VectorError(f"{where}: longer than {_MAX_LINE} bytes")
    try:
        return decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise VectorError(f"{where}: {error}") from None


def _place(case_result: CaseResult, known: frozenset[str], found: dict[str, CaseResult], where: str) -> None:
    if case_result.id not in known:
        raise VectorError(f"{where}: no case {case_result.id[:80]!r}")
    if case_result.id in found:
        raise VectorError(f"{where}: a second line for {case_result.id}")
    if case_result.outcome == "refused" and case_result.stage is None:
        raise VectorError(f"{where}: a refusal without a stage")
    found[case_result.id] = case_result

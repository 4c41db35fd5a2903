"""The kill matrix: a row for each mutant and variant, with the failed and the expected requirements."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec

SCHEMA = "zcc-matrix/1"
Kind = Literal["mutant", "variant"]
Part = Literal["artifact", "registry", "producer", "consumer", "copier"]


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """One target.

    ``name`` is its module and function. ``expected``: the ids that must fail on it, and no others. ``failed``: the ids
    that fail. ``touched``: for a variant the ids about which it makes a choice. ``undecided``: MUSTs that could not be
    decided on a variant. ``decided`` counts the requirements that were judged.
    """

    name: str
    kind: Kind
    part: Part
    expected: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    touched: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    decided: int = 0

    @property
    def holds(self) -> bool:
        """Whether exactly the expected ids failed, and no MUST is undecided."""
        return set(self.expected) == set(self.failed) and not self.undecided


class Matrix(msgspec.Struct, frozen=True):
    """All rows; ``judged`` are the requirements that have a check.

    ``is_whole``: client mutants were judged by every requirement of their role, not only those that they break.
    ``left`` counts the mutants and variants of each part that were not judged.
    """

    revision: str
    judged: tuple[str, ...]
    rows: tuple[Row, ...]
    is_whole: bool = False
    left: dict[str, int] = {}
    schema: str = SCHEMA

    def killed_by(self, requirement_id: str) -> tuple[Row, ...]:
        """The mutants of this requirement on which it fails."""
        return tuple(
            row
            for row in self.rows
            if row.kind == "mutant" and row.expected[:1] == (requirement_id,) and requirement_id in row.failed
        )

    def failed_on(self, requirement_id: str) -> tuple[Row, ...]:
        """All mutants on which it fails."""
        return tuple(row for row in self.rows if row.kind == "mutant" and requirement_id in row.failed)

    def varied_by(self, requirement_id: str) -> tuple[Row, ...]:
        """The variants that make a choice about this requirement, and pass it."""
        return tuple(
            row for row in self.rows if row.kind == "variant" and requirement_id in (*row.touched, *row.expected)
        )


def problems(matrix: Matrix, freedoms: Iterable[str]) -> tuple[str, ...]:
    """Defects of the matrix, a sentence each: rows that do not hold, requirements without a kill or a variant.

    Missing kills and variants are not reported where mutants or variants were left out.
    """
    return (*broken_rows(matrix), *(() if matrix.left else gaps(matrix, freedoms)))


def broken_rows(matrix: Matrix) -> Iterator[str]:
    """The rows that differ from the declaration of their mutant or variant."""
    for row in matrix.rows:
        if not row.holds:
            expected, failed = (", ".join(sorted(ids)) or "nothing" for ids in (row.expected, row.failed))
            left = f", not decided: {', '.join(row.undecided)}" if row.undecided else ""
            yield f"{row.name}: expected to fail: {expected}; failed: {failed}{left}"


def gaps(matrix: Matrix, freedoms: Iterable[str]) -> Iterator[str]:
    """The requirements without a kill, and those that permit a choice and have no variant."""
    yield from (f"{name}: no mutant kills it" for name in matrix.judged if not matrix.killed_by(name))
    for name in freedoms:
        if not matrix.varied_by(name):
            yield f"{name}: it permits a choice, and no variant makes one"


def as_json(matrix: Matrix) -> dict[str, Any]:
    """The matrix for a file: rows by name."""
    rows = sorted(matrix.rows, key=lambda row: (row.kind, row.part, row.name))
    whole: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(matrix, rows=tuple(rows)))
    return whole

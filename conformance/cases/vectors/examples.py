"""A wrong and a right example of a requirement: cases with their bytes, or mutants and variants in its trial."""

import msgspec

from conformance.cases import variants
from conformance.cases.mutants import all_mutants
from conformance.cases.vectors.model import Case, VectorError
from conformance.cases.vectors.store import read_index, vectors_directory
from conformance.requirements import broken_by, find_variants, freedom_of


class Examples(msgspec.Struct, frozen=True):
    """``wrong`` and ``right`` describe the examples; ``wrong_case`` and ``right_case`` are ids of vectors, "" for
    none.
    """

    wrong: str = ""
    wrong_case: str = ""
    right: str = ""
    right_case: str = ""


def examples_of(requirement_id: str) -> Examples:
    """An example that fails the requirement and one that passes it.

    For an artifact a case and its positive control (docs/vectors.md); otherwise a mutant of the reference, and a
    conforming variant or the reference itself.
    """
    wrong = next((case for case in _cases() if case.breaks[:1] == (requirement_id,)), None)
    if wrong is not None:
        return Examples(wrong.comment, wrong.id, "the same without that one edit" if wrong.twin else "", wrong.twin)
    maker = next((maker for maker in all_mutants() if broken_by(maker)[0] == requirement_id), None)
    if maker is None:
        return Examples()
    permitted = next((choice for choice in find_variants(variants) if requirement_id in freedom_of(choice).ids), None)
    right = "the reference implementation, or the embedded registry, in the same trial"
    return Examples(_words(maker), "", right if permitted is None else f"{right}; also conforming: {_words(permitted)}")


def _cases() -> tuple[Case, ...]:
    """The vectors of this package; none where they are not installed."""
    try:
        return read_index(vectors_directory()).cases
    except VectorError:
        return ()


def _words(function: object) -> str:
    return str(getattr(function, "__name__", "")).replace("_", " ")

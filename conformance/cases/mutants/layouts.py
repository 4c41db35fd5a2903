"""Edits of the files of a conforming OCI image layout."""

from pathlib import Path

from conformance.format.layout_mark import LAYOUT_MARK
from conformance.requirements import mutant


@mutant("DOC-020")
def layout_without_a_mark(layout: Path) -> None:
    """umoci refuses it."""
    (layout / LAYOUT_MARK).unlink()


@mutant("DOC-020")
def layout_of_an_unknown_version(layout: Path) -> None:
    """umoci refuses it."""
    (layout / LAYOUT_MARK).write_bytes(b'{"imageLayoutVersion":"1.1.0"}')


@mutant("DOC-020")
def mark_that_is_an_array(layout: Path) -> None:
    """umoci refuses it."""
    (layout / LAYOUT_MARK).write_bytes(b"[]")

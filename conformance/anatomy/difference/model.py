"""Differences as values, for two images and for the two readings of one image."""

from typing import Literal

import msgspec

Mark = Literal["M", "A", "D"]
"""Modified; added: only in the second; deleted: only in the first."""


class DiffError(Exception):
    """The two cannot be compared; the message is one line for the user. Leads to exit status 2."""


class FieldChange(msgspec.Struct, frozen=True):
    """One attribute in both, as text."""

    field: str
    first: str
    second: str


class Change(msgspec.Struct, frozen=True):
    """One difference: a file, a layer, a member of a document. ``about`` describes an item that only one side has."""

    mark: Mark
    name: str
    fields: tuple[FieldChange, ...] = ()
    about: str = ""


class Section(msgspec.Struct, frozen=True):
    """A group of differences; ``same`` counts the equal items, ``said`` is a sentence on them."""

    title: str
    changes: tuple[Change, ...] = ()
    same: int = 0
    said: str = ""
    remarks: tuple[str, ...] = ()


class Difference(msgspec.Struct, frozen=True):
    """The result of a comparison. ``first`` and ``second`` name the sides."""

    first: str
    second: str
    sections: tuple[Section, ...]

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not any(section.changes for section in self.sections)

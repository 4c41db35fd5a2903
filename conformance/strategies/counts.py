"""Counts of what was tried; it imports no strategies, since a run against a registry needs none."""

from collections import Counter
from typing import Final

_STEPS: Final = (0, 1, 3, 10, 30)


class Counts:
    """The examples of one property: their number, and their shapes."""

    def __init__(self, statement: str, requirement: str = "") -> None:
        self.statement, self.requirement = statement, requirement
        self.examples = 0
        self.shapes: Counter[str] = Counter()

    def count_requests(self, number: int) -> None:
        """Count one sequence with this number of requests."""
        self.examples += 1
        self.shapes.update((number_of(number, "request"),))


def number_of(number: int, word: str, several: str = "") -> str:
    """A range that has this number of things, in words."""
    several = several or f"{word}s"
    for least, most in zip((-1, *_STEPS), _STEPS, strict=False):
        if number <= most:
            return (
                f"{most} {word if most == 1 else several}" if most - least == 1 else f"{least + 1} to {most} {several}"
            )
    return f"more than {_STEPS[-1]} {several}"

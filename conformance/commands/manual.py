"""The end of every ``--help``: examples and exit statuses."""

from collections.abc import Mapping
from typing import Final

VERDICT: Final[Mapping[int, str]] = {0: "conforms", 1: "does not conform", 2: "could not run", 8: "incomplete"}
"""Exit statuses of commands that judge (docs/verdicts.md)."""
DONE: Final[Mapping[int, str]] = {0: "done", 2: "failed"}
"""Exit statuses of commands that do not judge."""


def manual(*examples: str, status: Mapping[int, str]) -> str:
    """The end of a help text. Typer takes an empty line for the end of a line, and square brackets for markup."""
    shown = (f"zcc {example}".replace("[", r"\[") for example in examples)
    statuses = ", ".join(f"{number} {meaning}" for number, meaning in status.items())
    return "\n\n".join((f"Example{'s' * (len(examples) > 1)}:", *shown, f"Exit status: {statuses}."))

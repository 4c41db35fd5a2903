"""The command lines that README and docs show, by file and line."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parents[2]
_MADE: Final = "commands.md"
"""Made from help texts, whose examples tests/commands parses."""
_WRITTEN: Final = (path.name for path in (ROOT / "docs").glob("*.md") if path.name != _MADE)
PAGES: Final = ("README.md", "CONTRIBUTING.md", *sorted(f"docs/{name}" for name in _WRITTEN))
_PROGRAMS: Final = ("zcc", "pytest", "pip", "nox", "python", "python3", "skopeo", "uvx", "buildah", "podman", "bash")
_ALONE: Final = ("nox", "pytest")
_ASSIGNMENT: Final = re.compile(r"^[A-Z][A-Z_]*=\S*$")


class Shown(msgspec.Struct, frozen=True):
    """A command of a page: its words, and what stands before it (``NAME=VALUE``)."""

    page: str
    line: int
    text: str
    words: tuple[str, ...]

    @property
    def program(self) -> str:
        return self.words[0]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def shown_commands() -> tuple[Shown, ...]:
    """All of them."""
    return tuple(command for page in PAGES for command in _of_page(page))


def _of_page(page: str) -> Iterator[Shown]:
    """Lines of code blocks (indented by four, or between fences) that begin with a program."""
    fenced = False
    for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
            continue
        if not (fenced or line.startswith("    ")):
            continue
        for part in re.split(r" && | \| ", _without_comment(line.strip().removeprefix("$ "))):
            words = _words(part)
            while words and _ASSIGNMENT.match(words[0]):
                words.pop(0)
            if words and words[0].rpartition("/")[2] in _PROGRAMS and (len(words) > 1 or words[0] in _ALONE):
                yield Shown(page, number, part, (words[0].rpartition("/")[2], *words[1:]))


def _without_comment(line: str) -> str:
    return re.split(r"\s+#\s", line)[0]


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return []

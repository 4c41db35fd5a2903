"""Which tests run which lines, recorded once and kept between runs of ``mutation_run.py``.

A record is made of all tests. When it is used again, the tests of files that have changed since are recorded again, and
the lines of changed source files are carried over: a new line has the tests of the lines beside it. So a kept record
may miss tests of a changed file, and never names one that does not exist: a share that is measured with it can be too
low, and not too high.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple, Self

Lines = dict[str, list[int]]
"""The tests that run each line of a file, by their places in the list of names."""


class Reach(NamedTuple):
    """Which tests run a line of a file (by their places in ``names``), how many lines each test runs, and its duration.

    ``seconds`` are of a processor, with the recording's own share. ``sources`` and ``tests`` are what was recorded: the
    text of each source file, and a digest of each file of tests and of the modules beside it.
    """

    names: list[str]
    lines: dict[str, Lines]
    seconds: dict[str, float]
    sources: dict[str, str]
    tests: dict[str, str]

    def of_lines(self, file: str, lines: Iterable[int]) -> set[str]:
        """The tests that run one of these lines."""
        of_file = self.lines.get(file, {})
        return {self.names[place] for line in lines for place in of_file.get(str(line), ())}

    def of_file(self, file: str) -> set[str]:
        """The tests that run any line of a file."""
        return {self.names[place] for places in self.lines.get(file, {}).values() for place in places}

    def widths(self) -> dict[str, int]:
        """How many lines each test runs."""
        counts = [0] * len(self.names)
        for lines in self.lines.values():
            for places in lines.values():
                for place in places:
                    counts[place] += 1
        return dict(zip(self.names, counts, strict=True))

    def carried_to(self, sources: dict[str, str], tests: Iterable[str]) -> Self:
        """The same for changed sources, with the tests of these files alone."""
        left = set(tests)
        places = {place for place, name in enumerate(self.names) if name.partition("::")[0] in left}
        names = [name for place, name in enumerate(self.names) if place in places]
        moved = {old: new for new, old in enumerate(sorted(places))}
        lines = {
            file: {
                line: [moved[place] for place in found if place in places]
                for line, found in _carried(self.sources.get(file, ""), text, self.lines.get(file, {})).items()
            }
            for file, text in sources.items()
        }
        seconds = {name: self.seconds[name] for name in names}
        return self._replace(names=names, lines=lines, seconds=seconds, sources=sources)

    def with_tests(self, other: Self) -> Self:
        """The tests of both; the lines have to be of the same sources."""
        behind = len(self.names)
        lines: dict[str, Lines] = {file: dict(lines) for file, lines in self.lines.items()}
        for file, found in other.lines.items():
            for line, places in found.items():
                of_file = lines.setdefault(file, {})
                of_file[line] = [*of_file.get(line, ()), *(behind + place for place in places)]
        return self._replace(
            names=[*self.names, *other.names], lines=lines, seconds=self.seconds | other.seconds, tests=other.tests
        )


def reach_of(
    kept: Path | None, files: Sequence[str], tests: Sequence[str], record: Callable[[Sequence[str]], dict[str, Any]]
) -> Reach:
    """What is kept, brought up to date and kept again; all tests are recorded where nothing is kept.

    ``record`` runs tests and returns their ``names``, ``lines`` and ``seconds``.
    """
    sources = {file: Path(file).read_text("utf-8") for file in files}
    digests = {test: _digest(test) for test in tests}
    before = Reach([], {}, {}, {}, {})
    if kept and kept.exists():
        before = Reach(**json.loads(kept.read_text("utf-8")))
    same = [test for test, digest in digests.items() if before.tests.get(test) == digest]
    reach = before.carried_to(sources, same)._replace(tests=digests)
    if changed := sorted(set(tests) - set(same)):
        reach = reach.with_tests(Reach(**record(changed), sources=sources, tests=digests))
    if kept and (changed or sources != before.sources or digests != before.tests):
        store(kept, reach._asdict())
    return reach


def store(target: Path, value: object) -> None:
    """Write JSON; a run beside this one reads the file before or the file after."""
    fresh = target.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(value), "utf-8")
    fresh.replace(target)


def _digest(test: str) -> str:
    """Of a file of tests, and of the modules beside it that are none."""
    beside = [path for path in Path(test).parent.glob("*.py") if not path.name.startswith("test_")]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted([*beside, Path(test)]))).hexdigest()


def _carried(before: str, after: str, lines: Lines) -> Lines:
    if before == after:
        return lines
    carried: Lines = {}
    matcher = SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for tag, begin, end, new_begin, new_end in matcher.get_opcodes():
        for new in range(new_begin, new_end):
            old = (
                range(begin + new - new_begin, begin + new - new_begin + 1)
                if tag == "equal"
                else range(begin - 1, end + 1)
            )
            places = {place for line in old for place in lines.get(str(line + 1), ())}
            if places:
                carried[str(new + 1)] = sorted(places)
    return carried

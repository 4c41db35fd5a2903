"""``python tools/mutation_run.py [--sample N] [--seed N] [--out FILE]``: measures whether tests detect changed rules.

Changes a copy of the source, one place at a time (cosmic-ray's operators), and runs the tests that execute the changed
line, quickest first, until one fails. A first run records which tests execute which lines. A sample is drawn from all
changes of all files; N = 0 selects all of them. The result is Markdown.

``--files GLOB`` takes some of the files, ``--tests GLOB`` some of the tests. The tests of a change end when they have
taken ``--at-most SECONDS`` together: a few of them take most of the time. ``--part 1/3`` selects the first third of
the sample, for several runs, for which ``--kept FOLDER`` stores the recorded lines and the possible changes.
``--survivors FILE`` writes the survivors as JSON, and ``--again FILE`` tries only those again. The copy has the files
of the work tree that git tracks: new files have to be added.
"""

import argparse
import ast
import difflib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec
from mutation_changes import specs_of
from mutation_names import users_of
from mutation_reach import Reach, reach_of
from mutation_tests import WALL_SECONDS

ROOT = Path(__file__).resolve().parent.parent
FILES = ("conformance/checks/**/*.py", "conformance/format/*.py")
TESTS = (
    *("tests/checks/**/test_*.py", "tests/format/**/test_*.py"),
    *("tests/images/test_bundle.py", "tests/sources/test_pipeline.py", "tests/registry/test_ranges.py"),
    *("tests/trials/test_trial_verdicts.py", "tests/anatomy/difference/test_duality.py"),
    "tests/assurance/differential/test_kinds.py",
)
# They take minutes by themselves, or start other programs.
_LEFT_OUT = (
    *("test_hostile_layers.py", "test_hostile_sizes.py", "test_memory.py", "test_mutated_documents.py"),
    *("test_layouts.py", "test_schemas.py", "test_container_tools.py", "test_layer_properties.py"),
    "test_real_writers.py",
)


class Outcome(NamedTuple):
    """One change: its place, its difference, and its outcome: killed, survived, or not run by any test."""

    file: str
    line: int
    diff: str
    end: str


class Change(NamedTuple):
    """A file with one change, and the tests that run the changed line, quickest first.

    ``only_import``: no test runs the line; it runs when its module is imported, or not at all.
    """

    file: str
    source: str
    tests: tuple[str, ...]
    line: int
    diff: str
    only_import: bool


def main() -> int:
    """Run all changes; exit status 1 when fewer than ``--least`` percent were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=240)
    parser.add_argument("--seed", type=int, default=681)
    parser.add_argument("--least", type=float, default=95.0)
    parser.add_argument("--files", action="append", default=[], metavar="GLOB", help="take only such files")
    parser.add_argument("--tests", action="append", default=[], metavar="GLOB", help="run only such files of tests")
    parser.add_argument("--at-most", type=float, default=6.0, metavar="SECONDS", help="for the tests of one change")
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="recorded lines: read, and brought up to date")
    parser.add_argument("--part", default="1/1", metavar="K/N", help="take the K-th of N parts of the sample")
    parser.add_argument("--again", type=Path, metavar="FILE", help="take only the changes that --survivors wrote there")
    parser.add_argument("--survivors", type=Path, metavar="FILE", help="write the survivors as JSON")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the report to this file")
    given = parser.parse_args()
    again = _named(given.again) if given.again else None
    out, survivors, kept = (path and path.absolute() for path in (given.out, given.survivors, given.kept))
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="zcc-mutation-") as copy:
        _copy_source(Path(copy))
        os.chdir(copy)
        files = sorted({str(path) for pattern in FILES for path in Path().glob(pattern)})
        files = [file for file in files if not given.files or any(fnmatch(file, each) for each in given.files)]
        files = [file for file in files if again is None or file in {named for named, _ in again}]
        tests = _tests(given.tests)
        everything = sorted({str(path) for pattern in FILES for path in Path().glob(pattern)})
        reach = reach_of(kept and kept / "reach.json", everything, tests, lambda changed: _record(everything, changed))
        tests_of = _Tests(reach, given.at_most)
        specs = specs_of(files, kept and kept / "changes.json")
        random.Random(given.seed).shuffle(specs)
        part, parts = map(int, given.part.split("/"))
        tried = (change for spec in specs[part - 1 :: parts] if (change := _change(spec, tests_of, again)) is not None)
        changes = list(islice(tried, -(-given.sample // parts) or None))
        outcomes = [
            Outcome(change.file, change.line, change.diff, end)
            for change, end in zip(changes, _tried(changes, tests_of), strict=True)
        ]
    killed = sum(one.end == "killed" for one in outcomes)
    text = _report(outcomes, len(specs), given.seed)
    if out:
        out.write_text(text, "utf-8")
    if survivors:
        left = [one._asdict() for one in outcomes if one.end != "killed"]
        survivors.write_text(json.dumps(left, indent=1) + "\n", "utf-8")
    print(text)
    return int(100 * killed < given.least * len(outcomes))


def _named(survivors: Path) -> set[tuple[str, str]]:
    """File and difference of each change, because line numbers change with every edit."""
    return {(one["file"], one["diff"]) for one in json.loads(survivors.read_text("utf-8"))}


def _tests(patterns: Sequence[str]) -> list[str]:
    """The test files, all or the selected ones."""
    found = [path for pattern in TESTS for path in Path().glob(pattern) if path.name not in _LEFT_OUT]
    return sorted(str(path) for path in found if not patterns or any(fnmatch(str(path), each) for each in patterns))


def _copy_source(target: Path) -> None:
    """Copy the tracked files of the work tree."""
    changed = subprocess.run(["git", "stash", "create"], cwd=ROOT, check=True, capture_output=True, text=True)
    commit = changed.stdout.strip() or "HEAD"
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "x"], cwd=target, input=archive.stdout, check=True)
    # By hashes: a change within the same second and of the same length must not use old bytecode.
    argv = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "conformance"]
    subprocess.run(argv, cwd=target, check=True)


def _record(files: Sequence[str], tests: Sequence[str]) -> dict[str, Any]:
    """Run tests once; a test that fails without a change would kill every change, so it ends the run."""
    absolute = ":".join(str(Path(file).absolute()) for file in files)
    if _pytest(tests, {"ZCC_MUTATION_RECORD": "reach.json", "ZCC_MUTATION_OF": absolute}):
        sys.exit("the tests fail without a change")
    found: dict[str, Any] = json.loads(Path("reach.json").read_text("utf-8"))
    found["lines"] = {str(Path(file).relative_to(Path.cwd())): lines for file, lines in found["lines"].items()}
    return found


_OF_ANY_TEST = 0.005
"""Seconds that pytest takes for each test."""


class _Tests:
    """The tests of a change, those that look most closely first: they are quick and run few lines."""

    def __init__(self, reach: Reach, at_most: float) -> None:
        self._reach, self._at_most, self._widths = reach, at_most, reach.widths()
        self._of_no_line = {name for name, width in self._widths.items() if not width}
        self.seconds = reach.seconds

    def of(self, spec: MutationSpec) -> tuple[tuple[str, ...], bool]:
        """The tests that run a line of the change; and whether none does, so that it runs at import only.

        These are then those that run no line, because they inspect definitions, and those that run a line which uses
        what the change defines; then all that run the file.
        """
        file = str(spec.module_path)
        found = self._reach.of_lines(file, range(spec.start_pos[0], spec.end_pos[0] + 1))
        if found:
            return self._first(found), False
        users = users_of(file, spec.start_pos[0], self._reach.sources)
        near = {name for each, lines in users.items() for name in self._reach.of_lines(each, lines)} | self._of_no_line
        return self._first(near, self._reach.of_file(file) - near), True

    def _first(self, *sets: Iterable[str]) -> tuple[str, ...]:
        """As many as the time permits, and one in any case, of the first set first."""
        chosen: list[str] = []
        left = self._at_most
        for name in (name for names in sets for name in sorted(names, key=self._cost)):
            left -= self.seconds[name] + _OF_ANY_TEST
            if left < 0 and chosen:
                break
            chosen.append(name)
        return tuple(chosen)

    def _cost(self, name: str) -> float:
        return (self.seconds[name] + _OF_ANY_TEST) * (self._widths[name] + 10)


def _change(spec: MutationSpec, tests_of: _Tests, again: set[tuple[str, str]] | None) -> Change | None:
    """The change; None for one that is not to be tried ``again``.

    Also None for a change of an annotation, which mypy checks, for one that cosmic-ray cannot make, and for invalid
    Python (``*,`` to ``^,``).
    """
    path = Path(spec.module_path)
    original = path.read_text("utf-8")
    operator = get_operator(spec.operator_name)(**(spec.operator_args or {}))
    try:
        changed = mutate_code(original, operator, spec.occurrence)
    except AttributeError:  # cosmic-ray cannot replace an exception with a dotted name
        return None
    if changed is None:
        raise ValueError(f"{path} has no place {spec.occurrence} for {spec.operator_name}")
    try:
        if _without_annotations(original) == _without_annotations(changed):
            return None
    except SyntaxError:
        return None
    diff = _diff(original, changed)
    if again is not None and (str(path), diff) not in again:
        return None
    tests, only_import = tests_of.of(spec)
    return Change(str(path), changed, tests, spec.start_pos[0], diff, only_import)


@lru_cache(maxsize=64)
def _without_annotations(source: str) -> str:
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(0)
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    return ast.dump(tree)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


def _tried(changes: list[Change], tests_of: _Tests) -> Iterator[str]:
    """The outcome of each change. The positive control comes first: the quicker half of their tests, without one."""
    seconds = tests_of.seconds
    used = {name for one in changes for name in one.tests}
    quickest = sorted(used, key=lambda name: seconds[name])
    control = {"file": "", "source": None, "tests": quickest[: -(-len(quickest) // 2)]}
    planned = [{"file": one.file, "source": one.source, "tests": one.tests} for one in changes]
    Path("plan.json").write_text(json.dumps({"seconds": seconds, "changes": [control, *planned]}), "utf-8")
    _pytest(sorted({name.partition("::")[0] for name in used}), {"ZCC_MUTATION_PLAN": "plan.json"})
    (passed, _), *done = map(json.loads, Path("plan.json.done").read_text("utf-8").splitlines())
    if passed != "survived":
        sys.exit("the tests fail without a change, where each change is tried")
    ends = [end for end, _ in done]
    for end, count in Counter(ends).items():
        print(f"{end}: {count} in {sum(seconds for each, seconds in done if each == end):.0f} s", flush=True)
    for change, end in zip(changes, ends, strict=True):
        if end == "survived":
            print(f"{change.file}, line {change.line}\n{change.diff}", flush=True)
    for change, end in zip(changes, ends, strict=True):
        started_again = end == "at import" or (end == "survived" and change.only_import)
        yield "not run by any test" if not change.tests else _at_import(change) if started_again else end


_FIRST = 50
"""Tests, those that look most closely."""


def _at_import(change: Change) -> str:
    """The outcome of a change of code that runs at import: the file is changed, and the tests are started again.

    The test file with most of the first tests runs first, alone, because collecting all tests takes longer than running
    one.
    """
    path = Path(change.file)
    original = path.read_text("utf-8")
    by_file = Counter(name.partition("::")[0] for name in change.tests[:_FIRST])
    ((file, _),) = by_file.most_common(1)
    most = [name for name in change.tests if name.startswith(f"{file}::")]
    try:
        path.write_text(change.source, "utf-8")
        return "killed" if _fails(most) or _fails(change.tests) else "survived"
    finally:
        path.write_text(original, "utf-8")


def _fails(tests: Sequence[str]) -> bool:
    Path("only.json").write_text(json.dumps(tests), "utf-8")
    files = sorted({name.partition("::")[0] for name in tests})
    return _pytest(files, {"ZCC_MUTATION_ONLY": "only.json"}) != 0


def _pytest(tests: Sequence[str], variables: dict[str, str]) -> int:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{Path.cwd()}:{ROOT / 'tools'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **variables,
    }
    argv = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "mutation_tests", "-p", "no:cacheprovider"]
    argv += ["-p", "no:randomly", *tests]
    limit = WALL_SECONDS if "ZCC_MUTATION_ONLY" in variables else None
    try:
        return subprocess.run(argv, env=environment, timeout=limit, stdout=subprocess.DEVNULL, check=False).returncode
    except subprocess.TimeoutExpired:
        return 1


def _report(outcomes: list[Outcome], total: int, seed: int) -> str:
    drawn = Counter(one.file for one in outcomes)
    alive = [one for one in outcomes if one.end != "killed"]
    survived = Counter(one.file for one in alive)
    killed = len(outcomes) - len(alive)
    share = 100 * killed / max(len(outcomes), 1)
    lines = [
        f"{killed} of {len(outcomes)} killed ({share:.1f} %); drawn from {total} with seed {seed}, no annotations.",
        "",
        "| file | drawn | survived |",
        "|---|---|---|",
        *(f"| `{file}` | {count} | {survived[file]} |" for file, count in sorted(drawn.items())),
        "",
    ]
    for one in alive:
        lines += [f"`{one.file}`, line {one.line}, {one.end}:", "", "```diff", one.diff, "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

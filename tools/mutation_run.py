"""``python tools/mutation_run.py [--sample N] [--seed N] [--out FILE]``: measures whether tests detect changed rules.

Changes a copy of the source, one place at a time (cosmic-ray's operators), and runs the tests that execute the changed
line, quickest first, until one fails. A first run records which tests execute which lines. A sample is drawn from all
changes of all files; N = 0 selects all of them. The result is Markdown.

``--files GLOB`` takes some of the files, ``--tests GLOB`` some of the tests. ``--part 1/3`` selects the first third of
the sample, for several runs, for which ``--reach FILE`` stores the recorded lines. ``--survivors FILE`` writes the
survivors as JSON, and ``--again FILE`` tries only those again. The copy has the files of the work tree that git tracks:
new files have to be added.
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
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).resolve().parent.parent


def _modules(folder: str, names: str) -> list[str]:
    return [f"tests/{folder}/test_{name}.py" for name in names.split()]


FILES = ("conformance/checks/**/*.py", "conformance/format/*.py")
# Not those that take minutes by themselves.
TESTS = (
    *_modules("format/layer", "chunker entry_comparison frames name_rules pipeline positions"),
    *_modules("format/layer", "tarsplit toc toc_rules toc_slices writer"),
    *_modules("format", "documents document_types first_use_in_threads sentinel_format splice unpack variant"),
    *_modules("checks/artifact", "claims edges_of_checks findings_told layer_checks metadata_checks nested_indexes"),
    *_modules("checks/artifact", "partial_pulls sentinel_blob_checks tar_headers variants"),
    *("tests/checks/consumer", "tests/checks/copier", "tests/checks/judged", "tests/format/rules"),
    *("tests/images/test_bundle.py", "tests/sources/test_pipeline.py", "tests/registry/test_ranges.py"),
    *("tests/trials/test_trial_verdicts.py", "tests/anatomy/difference/test_duality.py"),
    "tests/assurance/differential/test_kinds.py",
)
_OF_IDENTITY = ("_Eq_Is", "_NotEq_IsNot", "_Is_Eq", "_IsNot_NotEq")


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


class Reach(NamedTuple):
    """Which tests run a line of a file (by their places in ``names``), how many lines and how long each test takes."""

    names: list[str]
    lines: dict[str, dict[str, list[int]]]
    seconds: dict[str, float]
    widths: dict[str, int]

    def tests(self, file: str, spec: MutationSpec) -> list[str]:
        """The tests that run a line of the change; of what is run at import all that run the file.

        First those that are quick and run few lines: they look most closely.
        """
        found = self.places(file, spec)
        if not found:
            found = {place for places in self.lines[file].values() for place in places}
        return sorted((self.names[place] for place in found), key=self._cost)

    def places(self, file: str, spec: MutationSpec) -> set[int]:
        """The tests that run a line of the change."""
        lines, of_file = range(spec.start_pos[0], spec.end_pos[0] + 1), self.lines[file]
        return {place for line in lines for place in of_file.get(str(line), ())}

    def _cost(self, name: str) -> float:
        return (self.seconds[name] + 0.005) * (self.widths[name] + 10)


def main() -> int:
    """Run all changes; exit status 1 when fewer than ``--least`` percent were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=240)
    parser.add_argument("--seed", type=int, default=681)
    parser.add_argument("--least", type=float, default=95.0)
    parser.add_argument("--files", action="append", default=[], metavar="GLOB", help="take only such files")
    parser.add_argument("--tests", action="append", default=[], metavar="GLOB", help="run only such files of tests")
    parser.add_argument(
        "--reach", type=Path, metavar="FILE", help="file of the recorded lines: read, or written if absent"
    )
    parser.add_argument("--part", default="1/1", metavar="K/N", help="take the K-th of N parts of the sample")
    parser.add_argument("--again", type=Path, metavar="FILE", help="take only the changes that --survivors wrote there")
    parser.add_argument("--survivors", type=Path, metavar="FILE", help="write the survivors as JSON")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the report to this file")
    given = parser.parse_args()
    again = _named(given.again) if given.again else None
    out, survivors, kept = (path and path.absolute() for path in (given.out, given.survivors, given.reach))
    with tempfile.TemporaryDirectory(prefix="zcc-mutation-") as copy:
        source = _copy_source(Path(copy))
        os.chdir(copy)
        files = sorted({str(path) for pattern in FILES for path in Path().glob(pattern)})
        files = [file for file in files if not given.files or any(fnmatch(file, each) for each in given.files)]
        files = [file for file in files if again is None or file in {named for named, _ in again}]
        tests = _tests(given.tests)
        reach = _reach(kept, f"{source} {files} {tests}", files, tests)
        specs = _specs(files)
        random.Random(given.seed).shuffle(specs)
        part, parts = map(int, given.part.split("/"))
        tried = (change for spec in specs[part - 1 :: parts] if (change := _change(spec, reach, again)) is not None)
        changes = list(islice(tried, -(-given.sample // parts) or None))
        outcomes = [
            Outcome(change.file, change.line, change.diff, end)
            for change, end in zip(changes, _tried(changes, reach), strict=True)
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
    found = [path for place in map(Path, TESTS) for path in ([place] if place.is_file() else place.glob("test_*.py"))]
    return sorted(str(path) for path in found if not patterns or any(fnmatch(str(path), each) for each in patterns))


def _copy_source(target: Path) -> str:
    """Copy the tracked files of the work tree; return the id of the copy."""
    changed = subprocess.run(["git", "stash", "create"], cwd=ROOT, check=True, capture_output=True, text=True)
    commit = changed.stdout.strip() or "HEAD"
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "x"], cwd=target, input=archive.stdout, check=True)
    # By hashes: a change within the same second and of the same length must not use old bytecode.
    argv = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "conformance"]
    subprocess.run(argv, cwd=target, check=True)
    argv = ["git", "rev-parse", f"{commit}^{{tree}}"]
    return subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def _reach(kept: Path | None, of: str, files: list[str], tests: list[str]) -> Reach:
    """The stored lines, if they are ``of`` this source, these files and tests; otherwise record and store them."""
    if kept and kept.exists():
        found = json.loads(kept.read_text("utf-8"))
        if found["of"] == of:
            return Reach(found["names"], found["lines"], found["seconds"], found["widths"])
    reach = _record(files, tests)
    if kept:
        kept.write_text(json.dumps({"of": of, **reach._asdict()}), "utf-8")
    return reach


def _record(files: list[str], tests: list[str]) -> Reach:
    """Run all tests once; a test that fails without a change would kill every change, so it ends the run."""
    absolute = ":".join(str(Path(file).absolute()) for file in files)
    if _pytest(tests, {"ZCC_MUTATION_RECORD": "reach.json", "ZCC_MUTATION_OF": absolute}):
        sys.exit("the tests fail without a change")
    found = json.loads(Path("reach.json").read_text("utf-8"))
    lines = {str(Path(file).relative_to(Path.cwd())): of for file, of in found["lines"].items()}
    widths = Counter(place for of in lines.values() for places in of.values() for place in places)
    by_name = {name: widths[place] for place, name in enumerate(found["names"])}
    return Reach(found["names"], lines, found["seconds"], {name: by_name.get(name, 0) for name in found["seconds"]})


def _specs(files: list[str]) -> list[MutationSpec]:
    with use_db("work.sqlite", WorkDB.Mode.create) as database:
        init([Path(file) for file in files], database, {})
        return [item.mutations[0] for item in database.work_items if not _is_of_identity(item.mutations[0])]


def _is_of_identity(spec: MutationSpec) -> bool:
    """Whether a change replaces ``==`` by ``is`` or back: whether equal values are one object depends on the
    interpreter.
    """
    return spec.operator_name.endswith(_OF_IDENTITY)


def _change(spec: MutationSpec, reach: Reach, again: set[tuple[str, str]] | None) -> Change | None:
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
    tests, only_import = reach.tests(str(path), spec), not reach.places(str(path), spec)
    return Change(str(path), changed, tuple(tests), spec.start_pos[0], diff, only_import)


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


def _tried(changes: list[Change], reach: Reach) -> Iterator[str]:
    """The outcome of each change. The positive control comes first: the quicker half of the tests, without a change."""
    quickest = sorted(reach.seconds, key=lambda name: reach.seconds[name])
    control = {"file": "", "source": None, "tests": quickest[: len(quickest) // 2]}
    planned = [{"file": one.file, "source": one.source, "tests": one.tests} for one in changes]
    plan = {"seconds": reach.seconds, "changes": [control, *planned]}
    Path("plan.json").write_text(json.dumps(plan), "utf-8")
    _pytest(sorted({name.partition("::")[0] for name in reach.seconds}), {"ZCC_MUTATION_PLAN": "plan.json"})
    passed, *ends = map(json.loads, Path("plan.json.done").read_text("utf-8").splitlines())
    if passed != "survived":
        sys.exit("the tests fail without a change, where each change is tried")
    print(Counter(ends), flush=True)
    for change, end in zip(changes, ends, strict=True):
        if end == "survived":
            print(f"{change.file}, line {change.line}\n{change.diff}", flush=True)
    for change, end in zip(changes, ends, strict=True):
        started_again = end == "at import" or (end == "survived" and change.only_import)
        yield "not run by any test" if not change.tests else _at_import(change) if started_again else end


def _at_import(change: Change) -> str:
    """The outcome of a change of code that runs at import: the file is changed, and the tests are started again.

    The test file with most of the tests runs first, alone, because collecting all tests takes longer than running one.
    """
    path = Path(change.file)
    original = path.read_text("utf-8")
    by_file: dict[str, list[str]] = {}
    for name in change.tests:
        by_file.setdefault(name.partition("::")[0], []).append(name)
    most = max(by_file.values(), key=len)
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
    limit = 1800 if "ZCC_MUTATION_ONLY" in variables else None
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

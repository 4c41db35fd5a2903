"""``python tools/mutation_run.py [--sample N] [--seed N] [--out FILE]``: whether the tests notice changes of a rule.

Changes a copy of the source, one place at a time (cosmic-ray's operators), and runs the tests that run the changed
line, quickest first, until one fails. Which tests those are is recorded in one run before. A sample is drawn from all
changes of all files; N = 0 takes them all. The result is Markdown.
"""

import argparse
import contextlib
import importlib
import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple, NoReturn

import pytest
from cosmic_ray.commands.init import init
from cosmic_ray.mutating import apply_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    *("conformance/format/entry_comparison.py", "conformance/format/tar_watch.py"),
    *("conformance/format/tar_header_rules.py", "conformance/format/pax_rules.py"),
    "conformance/format/segment_rules.py",
    *(f"conformance/checks/artifact/{part}.py" for part in ("toc_rules", "chunk_rules", "name_rules")),
    *("conformance/checks/artifact/layer_*.py", "conformance/checks/artifact/sentinel_*.py"),
    *("conformance/checks/consumer/select.py", "conformance/checks/copier/strip.py"),
)
# Not those that take minutes by themselves; checks/producer is looked at by such alone.
TESTS = (
    *(f"tests/layer/test_{part}.py" for part in ("entry_comparison", "toc_rules", "name_rules")),
    *(f"tests/layer/test_{part}.py" for part in ("tarsplit", "pipeline")),
    *(f"tests/artifact/test_{part}.py" for part in ("edges_of_checks", "findings_told", "layer_checks")),
    *(f"tests/artifact/test_{part}.py" for part in ("metadata_checks", "partial_pulls", "tar_headers", "variants")),
    *("tests/blob/test_sentinel_blob_checks.py", "tests/blob/test_sentinel_format.py"),
    *("tests/selection", "tests/copy", "tests/differential/test_kinds.py", "tests/rules"),
)
_OF_IDENTITY = ("_Eq_Is", "_NotEq_IsNot", "_Is_Eq", "_IsNot_NotEq")
CPU_SECONDS = 90
WALL_SECONDS = 900
MAX_MEMORY = 4 * 2**30
# Imported once, before the processes that run tests are forked; nothing of this project is.
_BEFOREHAND = ("aiohttp", "hypothesis", "jinja2", "msgspec", "requests", "rich", "typer", "zstandard", "pytest")


class Outcome(NamedTuple):
    """One change: where, what, and what became of it: killed, survived, or not run by any test."""

    file: str
    line: int
    diff: str
    end: str


class Reach(NamedTuple):
    """Which tests run a line of a file, and how long each test takes."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    def tests(self, file: str, spec: MutationSpec) -> list[str]:
        """The tests that run a line of the change; of what is run at import all that run the file."""
        of_file = self.lines[file]
        first, last = spec.start_pos[0], spec.end_pos[0]
        found = {name for line in range(first, last + 1) for name in of_file.get(str(line), ())}
        if not found:
            found = {name for names in of_file.values() for name in names}
        return sorted(found, key=lambda name: self.seconds[name])


def main() -> int:
    """Run; exit status 1 when fewer than ``--least`` percent were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=240)
    parser.add_argument("--seed", type=int, default=681)
    parser.add_argument("--least", type=float, default=92.0)
    parser.add_argument("--only", action="append", default=[], help="take only files whose path holds this")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zcc-mutation-") as copy:
        _copy_source(Path(copy))
        os.chdir(copy)
        sys.path.insert(0, copy)
        files = sorted({str(path) for pattern in FILES for path in Path().glob(pattern)})
        files = [file for file in files if not given.only or any(part in file for part in given.only)]
        reach = _record(files)
        for name in _BEFOREHAND:
            importlib.import_module(name)
        specs = _specs(files)
        drawn = random.Random(given.seed).sample(specs, min(given.sample or len(specs), len(specs)))
        _control(drawn, reach)
        outcomes = []
        for number, spec in enumerate(drawn, 1):
            outcomes.append(outcome := _try(spec, reach))
            if outcome.end != "killed":
                print(f"{number}: {outcome.end}\n{outcome.file}:{outcome.line}\n{outcome.diff}", flush=True)
            if number % 20 == 0:
                print(f"{number} of {len(drawn)}", flush=True)
    text = _report(outcomes, len(specs), given.seed)
    if given.out:
        given.out.write_text(text, "utf-8")
    print(text)
    return int(100 * sum(one.end == "killed" for one in outcomes) < given.least * len(outcomes))


def _copy_source(target: Path) -> None:
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "x"], cwd=target, input=archive.stdout, check=True)
    # By hashes: a change within the same second and of the same length must not meet old bytecode.
    argv = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash", "conformance"]
    subprocess.run(argv, cwd=target, check=True)


def _record(files: list[str]) -> Reach:
    """Run all tests once; what fails unchanged would kill everything, so it ends the run."""
    target = Path("reach.json")
    environment = {
        **os.environ,
        "PYTHONPATH": f"{Path.cwd()}:{ROOT / 'tools'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "ZCC_MUTATION_RECORD": str(target),
        "ZCC_MUTATION_OF": ":".join(str(Path(file).absolute()) for file in files),
    }
    argv = [sys.executable, "-m", "pytest", *_arguments(), *TESTS]
    subprocess.run(argv, check=True, env=environment)
    found = json.loads(target.read_text("utf-8"))
    return Reach({str(Path(file).relative_to(Path.cwd())): of for file, of in found["lines"].items()}, found["seconds"])


def _arguments() -> list[str]:
    # Without rewritten assertions: modules that were imported beforehand cannot have them.
    return ["-x", "-q", "-p", "mutation_tests", "-p", "no:cacheprovider", "-p", "no:randomly", "--assert=plain"]


def _specs(files: list[str]) -> list[MutationSpec]:
    with use_db("work.sqlite", WorkDB.Mode.create) as database:
        init([Path(file) for file in files], database, {})
        return [item.mutations[0] for item in database.work_items if not _is_of_identity(item.mutations[0])]


def _is_of_identity(spec: MutationSpec) -> bool:
    """``==`` to ``is`` or back: whether equal values are one object is the interpreter's affair."""
    return spec.operator_name.endswith(_OF_IDENTITY)


def _control(drawn: list[MutationSpec], reach: Reach) -> None:
    """The positive control: without a change the tests pass, in the way in which they are run with one."""
    tests = reach.tests(str(drawn[0].module_path), drawn[0])
    if _fails(tests):
        sys.exit(f"{len(tests)} tests fail without a change")


def _try(spec: MutationSpec, reach: Reach) -> Outcome:
    path, file = Path(spec.module_path), str(spec.module_path)
    tests = reach.tests(file, spec)
    original = path.read_text("utf-8")
    try:
        operator = get_operator(spec.operator_name)(**(spec.operator_args or {}))
        _, changed = apply_mutation(path, operator, spec.occurrence)
        diff = _changed_lines(original, changed or original)
        end = "not run by any test" if not tests else "killed" if _fails(tests) else "survived"
    finally:
        path.write_text(original, "utf-8")
    return Outcome(file, spec.start_pos[0], diff, end)


def _changed_lines(before: str, after: str) -> str:
    old, new = before.splitlines(), after.splitlines()
    gone = [line for line in old if line not in set(new)]
    come = [line for line in new if line not in set(old)]
    return "\n".join((*(f"-{line}" for line in gone), *(f"+{line}" for line in come)))


def _fails(tests: list[str]) -> bool:
    """Whether one of these tests fails, or takes more time or memory than any does unchanged."""
    Path("only.json").write_text(json.dumps(tests), "utf-8")
    child = os.fork()
    if child == 0:
        _run_tests(sorted({name.partition("::")[0] for name in tests}))
    until = time.monotonic() + WALL_SECONDS
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status != 0
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _run_tests(files: list[str]) -> NoReturn:
    status = 1
    with contextlib.suppress(BaseException):
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
        quiet = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(quiet, descriptor)
        sys.dont_write_bytecode = True
        sys.path.append(str(ROOT / "tools"))
        os.environ["ZCC_MUTATION_ONLY"] = "only.json"
        os.environ["PYTHONPATH"] = str(Path.cwd())
        status = int(pytest.main([*_arguments(), *files]))
    os._exit(status)


def _report(outcomes: list[Outcome], total: int, seed: int) -> str:
    drawn = Counter(one.file for one in outcomes)
    alive = [one for one in outcomes if one.end != "killed"]
    survived = Counter(one.file for one in alive)
    killed = len(outcomes) - len(alive)
    share = 100 * killed / max(len(outcomes), 1)
    lines = [
        f"{killed} of {len(outcomes)} killed ({share:.1f} %); drawn from {total} with seed {seed}.",
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

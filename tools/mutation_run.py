"""``python tools/mutation_run.py [--sample N] [--seed N] [--out FILE]``: whether the tests notice changes of a rule.

Mutates a copy of the source, one change at a time (cosmic-ray's operators), and runs the tests that look at the file.
A sample is drawn from all changes of all files; N = 0 takes them all. The result is Markdown.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from cosmic_ray.commands.init import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import TestOutcome, WorkItem, WorkResult

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 120.0
RULES = ("tests/layer/test_toc_rules.py", "tests/layer/test_entry_comparison.py")
TOLD = "tests/artifact/test_findings_told.py"
LAYERS = ("tests/artifact/test_edges_of_checks.py", TOLD, "tests/artifact/test_layer_checks.py")
IMAGES = (*LAYERS[:2], "tests/artifact/test_metadata_checks.py")
# Tests by the beginning of a file's name, quickest first.
TESTS: dict[str, tuple[str, ...]] = {
    "conformance/format/entry_comparison.py": (*RULES[::-1], *LAYERS),
    "conformance/checks/artifact/toc_rules.py": (*RULES, *LAYERS),
    "conformance/checks/artifact/chunk_rules.py": (*RULES, *LAYERS),
    "conformance/checks/layer_": LAYERS,
    "conformance/checks/sentinel_blob": ("tests/artifact/test_edges_of_checks.py", TOLD, "tests/blob"),
    "conformance/checks/sentinel_select": ("tests/selection", TOLD),
    "conformance/checks/sentinel_strip": ("tests/copy", TOLD),
    "conformance/checks/sentinel_push": ("tests/trials/test_producer_trial.py",),
    "conformance/checks/sentinel_": IMAGES,
}


def main() -> int:
    """Run; exit status 1 when fewer than ``--least`` percent were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=240)
    parser.add_argument("--seed", type=int, default=681)
    parser.add_argument("--least", type=float, default=92.0)
    parser.add_argument("--without", action="append", default=[], help="leave out files that begin so")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="zcc-mutation-") as copy:
        _copy_source(Path(copy))
        os.chdir(copy)
        items = _items(tuple(given.without))
        drawn = random.Random(given.seed).sample(items, min(given.sample or len(items), len(items)))  # noqa: S311
        for tests in {_tests(item) for item in drawn}:
            subprocess.run(_command(tests).split(), check=True)  # what fails unchanged would kill everything
        outcomes = []
        for number, item in enumerate(drawn, 1):
            result = _run(item)
            outcomes.append((item, result))
            if number % 20 == 0:
                print(f"{number} of {len(drawn)}", flush=True)  # noqa: T201
            if result.test_outcome == TestOutcome.SURVIVED:
                print(f"{number}: survived\n{result.diff}", flush=True)  # noqa: T201
    killed = sum(result.is_killed for _, result in outcomes)
    text = _report(outcomes, len(items), given.seed)
    if given.out:
        given.out.write_text(text, "utf-8")
    print(text)  # noqa: T201
    return int(100 * killed < given.least * len(outcomes))


def _copy_source(target: Path) -> None:
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True)
    subprocess.run(["tar", "x"], cwd=target, input=archive.stdout, check=True)


def _items(without: tuple[str, ...]) -> list[WorkItem]:
    paths = sorted(
        path
        for start in TESTS
        for path in Path().glob(f"{start}*" if start.endswith("_") else f"{start.removesuffix('.py')}.py")
        if not str(path).startswith(without or ("-",))
    )
    with use_db("work.sqlite", WorkDB.Mode.create) as database:
        init(dict.fromkeys(paths), database, {})
        return list(database.work_items)


def _run(item: WorkItem) -> WorkResult:
    return mutate_and_test(item.mutations, _command(_tests(item)), TIMEOUT)


def _tests(item: WorkItem) -> tuple[str, ...]:
    path = str(item.mutations[0].module_path)
    return next(tests for start, tests in TESTS.items() if path.startswith(start))


def _command(tests: tuple[str, ...]) -> str:
    return f"{sys.executable} -m pytest -x -q -p no:cacheprovider {' '.join(tests)}"


def _report(outcomes: list[tuple[WorkItem, WorkResult]], total: int, seed: int) -> str:
    by_file: Counter[str] = Counter(str(item.mutations[0].module_path) for item, _ in outcomes)
    alive = [(item, result) for item, result in outcomes if not result.is_killed]
    survived: Counter[str] = Counter(str(item.mutations[0].module_path) for item, _ in alive)
    killed = len(outcomes) - len(alive)
    share = 100 * killed / max(len(outcomes), 1)
    lines = [
        f"{killed} of {len(outcomes)} killed ({share:.1f} %); drawn from {total} with seed {seed}.",
        "",
        "| file | drawn | survived |",
        "|---|---|---|",
        *(f"| `{path}` | {count} | {survived[path]} |" for path, count in sorted(by_file.items())),
        "",
    ]
    for item, result in alive:
        changed = [line for line in (result.diff or "").splitlines() if line[:1] in "+-" and line[:3] not in "+++---"]
        lines += [f"`{item.mutations[0].module_path}`:", "", "```diff", *changed, "```", ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())

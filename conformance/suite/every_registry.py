"""``python -m conformance.suite.every_registry DIRECTORY -o RESULTS``: every installed registry program, judged twice.

Each is started on loopback and judged by the user's command, for all three registry profiles, in turns with the
conformance test of the OCI distribution-spec, where ``oci-conformance`` is in the directory or on PATH.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from conformance.registry.server.launch import LaunchedRegistry, LaunchError, launch
from conformance.registry.server.programs import PROGRAMS, RegistryProgram
from conformance.reports.model import SubjectReport, read_report

PROFILES: Final = ("registry", "registry-ranges", "registry-lifecycle")
_RUN_SECONDS: Final = 600.0
_RACES: Final = frozenset({"REG-026"})


class Judged(msgspec.Struct, frozen=True):
    """One registry: how the runs ended, and what the OCI test counted; the seconds are medians."""

    name: str
    version: str
    status: int
    seconds: float
    passed: int
    musts: int
    failed: tuple[str, ...]
    differing: tuple[str, ...]
    oci_seconds: float | None = None
    oci_result: str = ""


def judge(program: RegistryProgram, path: Path, results: Path, oci: Path | None, rounds: int = 2) -> Judged:
    """Start a registry, and run this suite and the OCI test in turns. Raises LaunchError."""
    with (
        TemporaryDirectory(prefix="zcc-registry-", ignore_cleanup_errors=True) as directory,
        launch(program, path, Path(directory)) as registry,
    ):
        runs, others = [], []
        for number in range(rounds):
            runs.append(_suite(registry, Path(directory) / "again" if number else results / program.name))
            others += [_oci(oci, registry, Path(directory))] if oci is not None else []
    status, _, first = runs[0]
    verdicts = {result.id: result for result in first.verdicts}
    others_found = [{result.id: result.verdict for result in again.verdicts} for _, _, again in runs[1:]]
    musts = Counter(result.verdict for result in verdicts.values() if result.level == "MUST")
    return Judged(
        program.name,
        program.ask_version(path),
        status,
        round(median(seconds for _, seconds, _ in runs), 1),
        musts["pass"],
        musts["pass"] + musts["fail"] + musts["not-run"],
        tuple(f"{name} ({result.level})" for name, result in verdicts.items() if result.verdict == "fail"),
        tuple(
            name
            for name, result in verdicts.items()
            if any(again.get(name) != result.verdict for again in others_found)
        ),
        round(median(seconds for seconds, _ in others), 1) if others else None,
        others[0][1] if others else "",
    )


def _suite(registry: LaunchedRegistry, report: Path) -> tuple[int, float, SubjectReport]:
    """Run the suite as a user does: its exit status, its seconds and its report."""
    claims = [part for profile in PROFILES for part in ("--profile", profile)]
    own = ["--username", registry.username, "--repository", registry.namespace] if registry.username else []
    suite = [sys.executable, "-m", "pytest", "-q", "--pyargs", "conformance.suite", "--registry", registry.url]
    environ = {**os.environ, **({"OCI_PASSWORD": registry.password} if registry.username else {})}
    start = time.monotonic()
    run = subprocess.run(
        [*suite, *claims, *own, "--report-dir", str(report)],
        capture_output=True,
        timeout=_RUN_SECONDS,
        check=False,
        text=True,
        errors="replace",
        env=environ,
    )
    written = report / "results.json"
    if not written.is_file():
        raise LaunchError(f"the suite gave no results: {(run.stdout + run.stderr).strip()[-300:]}")
    subjects = read_report(written.read_bytes()).subjects
    return run.returncode, time.monotonic() - start, next(each for each in subjects if "registry" in each.roles)


def _oci(program: Path, registry: LaunchedRegistry, directory: Path) -> tuple[float, str]:
    """Run the OCI distribution-spec's conformance test: its seconds and the counts of its JUnit file."""
    environ = {
        "PATH": os.environ.get("PATH", ""),
        "HOME": str(directory),
        "OCI_REGISTRY": registry.url.removeprefix("http://"),
        "OCI_TLS": "disabled",
        "OCI_REPO1": f"{registry.namespace or 'oci'}/one",
        "OCI_REPO2": f"{registry.namespace or 'oci'}/two",
        **({"OCI_USERNAME": registry.username, "OCI_PASSWORD": registry.password} if registry.username else {}),
        "OCI_RESULTS_DIR": str(directory / "oci"),
    }
    start = time.monotonic()
    run = subprocess.run(
        [str(program)], capture_output=True, timeout=_RUN_SECONDS, check=False, env=environ, cwd=directory
    )
    seconds = time.monotonic() - start
    return seconds, _oci_counts(directory / "oci" / "junit.xml") or f"exit status {run.returncode}"


def _oci_counts(junit: Path) -> str:
    """How many tests of its JUnit file failed, of how many; "" where there is none."""
    try:
        suites = list(ET.parse(junit).getroot().iter("testsuite"))  # noqa: S314 (written by a program that we started)
    except (OSError, ET.ParseError):
        return ""
    tests, failures = (sum(int(suite.get(name) or 0) for suite in suites) for name in ("tests", "failures"))
    return f"{failures} of {tests} fail"


def table(judged: list[Judged]) -> Iterator[str]:
    """The results as a Markdown table. A race, REG-026, may differ from run to run, and is reported as k of n
    rounds.
    """
    yield "| registry | version | MUST passed | fails | differs between the runs | seconds | OCI test, seconds |"
    yield "|---|---|---|---|---|---|---|"
    for each in judged:
        oci = "-" if each.oci_seconds is None else f"{each.oci_seconds} ({each.oci_result})"
        yield (
            f"| {each.name} | {each.version} | {each.passed} of {each.musts} | {', '.join(each.failed) or '-'} | "
            f"{', '.join(each.differing) or '-'} | {each.seconds} | {oci} |"
        )


def main() -> int:
    """Judge all that are found; exit 1 when a verdict differed between the two runs, 2 when none was found."""
    parser = argparse.ArgumentParser(description="Judge every installed registry program, twice.")
    parser.add_argument("directory", type=Path, help="where registry programs are, beside PATH")
    parser.add_argument("-o", "--output", type=Path, required=True, help="where the results go")
    parser.add_argument("--rounds", type=int, default=2, help="how many times each is judged (default: 2)")
    parser.add_argument("--only", action="append", default=[], help="only this registry; may be repeated")
    options = parser.parse_args()
    places = os.pathsep.join((str(options.directory), os.environ.get("PATH", "")))
    oci = shutil.which("oci-conformance", path=places)
    judged: list[Judged] = []
    for program in PROGRAMS:
        if options.only and program.name not in options.only:
            continue
        path = program.find(options.directory)
        if path is None:
            print(f"{program.name}: absent ({' or '.join(program.names)})", file=sys.stderr)  # noqa: T201
            continue
        try:
            judged.append(judge(program, path, options.output, Path(oci) if oci else None, options.rounds))
        except LaunchError as error:
            print(f"{program.name}: {error}", file=sys.stderr)  # noqa: T201
    print("\n".join(table(judged)))  # noqa: T201
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "registries.json").write_bytes(msgspec.json.format(msgspec.json.encode(judged)) + b"\n")
    if not judged:
        return 2
    return 1 if any(set(each.differing) - _RACES for each in judged) else 0


if __name__ == "__main__":
    sys.exit(main())

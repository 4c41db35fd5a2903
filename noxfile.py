"""The sessions of this project: ``nox`` runs the default ones, ``nox -s NAME`` one."""

import shutil
import sys
import time
from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
THIS = f"{sys.version_info.major}.{sys.version_info.minor}"

nox.options.default_venv_backend = "venv"
nox.options.sessions = ["lint", "types", f"tests-{THIS}", "conformance"]
nox.options.error_on_missing_interpreters = False


@nox.session
def quick(session: nox.Session) -> None:
    """What to run while writing code, in less than a minute: lint, and the tests that start no other program."""
    session.install("-e", ".[dev]")
    start = time.monotonic()
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports", silent=True)
    rules = ("tests/format/rules", "tests/checks/artifact/rules", "tests/checks/consumer", "tests/checks/copier")
    quickly = ("tests/core", *rules, "tests/docs/test_structure.py", "tests/docs/test_words.py")
    session.run("pytest", *quickly, "-q", "-n", "2", "-m", "not slow and not large_tool", *session.posargs)
    session.log(f"{time.monotonic() - start:.0f} seconds")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tests of the suite itself, with all mutants: nox -s tests-3.13; without a version, on each that is there."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "conformance.readers", "--install", success_codes=[0, 1])
    session.run("pytest", "tests", "-n", "2", *session.posargs)


@nox.session
def conformance(session: nox.Session) -> None:
    """The main job as a user has it: installed, on the embedded registry, or with your own options."""
    session.install(".")
    session.run("pytest", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """The same tests with coverage, which may not fall below the floor in pyproject.toml."""
    session.install("-e", ".[dev]")
    session.run("pytest", "tests", "-n", "2", "--cov", "--cov-report=term", *session.posargs)


@nox.session
def wheel(session: nox.Session) -> None:
    """Wheel and sdist: what they hold, and the tests against the wheel, not against the checkout."""
    out = Path(session.create_tmp()) / "dist"
    session.install(".[dev]")
    session.run("python", "-m", "hatchling", "build", "-d", str(out), silent=True)
    built = sorted(str(path) for path in out.iterdir())
    session.run("python", "tools/release_check.py", *built)
    session.install("--force-reinstall", "--no-deps", *(name for name in built if name.endswith(".whl")))
    # The checkout gives the tests, and must not give the package.
    session.run(
        "python", "tools/test_installed.py", *(session.posargs or ["tests/core", "tests/commands", "tests/building"])
    )


@nox.session(venv_backend="none")
def newcomer(session: nox.Session) -> None:
    """The paragraphs of the README, one role after the other, in a new environment: nox -s newcomer -- [ROLE…]."""
    session.run("bash", "tools/newcomer.sh", *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """ruff (lint, format) and the import rules of the packages."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """mypy, strict."""
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session(venv_backend="none")
def tools(session: nox.Session) -> None:
    """Build tools to judge with Go: nox -s tools -- DIRECTORY [TOOL…]."""
    session.run("tools/install-go-tools.sh", *(session.posargs or ["build/tools"]), external=True)


@nox.session
def registries(session: nox.Session) -> None:
    """Judge every registry program in a directory or on PATH, twice: nox -s registries -- DIRECTORY."""
    session.install("-e", ".[dev]")
    directory, *more = session.posargs or ["build/tools"]
    command = ["python", "-m", "conformance.suite.every_registry", directory, "-o", "build/registries", *more]
    session.run(*command)


@nox.session
def bounds(session: nox.Session) -> None:
    """The tests that take a minute or more each: memory bombs within the limits of the format."""
    session.install("-e", ".[dev]")
    session.run("pytest", "tests", "-m", "slow", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """All benchmarks; figures are retained in benchmarks/README.md."""
    session.install("-e", ".[dev]")
    for name in (
        "plugin_cost",
        "registry_role",
        "deep_check",
        "shallow_check",
        "toc",
        "report_page",
        "writer",
        "certify_skopeo",
        "audit",
        "audit_cluster",
    ):
        session.run("python", "-m", f"benchmarks.{name}", *session.posargs)


@nox.session
def publish(session: nox.Session) -> None:
    """The index of reports/published, as HTML and Markdown; conformance.reports.publishing.results cuts the results."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "conformance.reports.publishing.index", "reports/published")


@nox.session
def pictures(session: nox.Session) -> None:
    """The pictures of the README, by today's program; needs Chromium on PATH: nox -s pictures [-- DIRECTORY]."""
    session.install("-e", ".[dev]")
    session.run("python", "tools/pictures.py", *session.posargs)


@nox.session
def mutants(session: nox.Session) -> None:
    """Every mutant and variant judged: half an hour, with --whole hours; writes docs/mutants.md."""
    session.install("-e", ".[dev]")
    files = ("-o", "reports/published/mutants.json", "--page", "docs/mutants.md")
    session.run("zcc", "mutants", *(session.posargs or files))


@nox.session
def vectors(session: nox.Session) -> None:
    """The tests of the vectors, and the suite as a runner of all of them."""
    session.install("-e", ".[dev]")
    session.run("pytest", "tests/cases/vectors", *session.posargs, env={"ZCC_ALL_VECTORS": "1"})


@nox.session
def archive(session: nox.Session) -> None:
    """The vectors as one archive, a directory for each case: build/vectors.tar.gz, the same bytes each time."""
    session.install(".")
    folder = Path(session.create_tmp()).resolve() / "zstd-chunked-vectors"
    shutil.rmtree(folder, ignore_errors=True)
    session.run("zcc", "vectors", "export", str(folder))
    Path("build").mkdir(exist_ok=True)
    target = str(Path("build/vectors.tar.gz").resolve())
    options = (
        "--sort=name",
        "--mtime=@0",
        "--owner=0",
        "--group=0",
        "--numeric-owner",
        "--use-compress-program=gzip -n",
    )
    session.run("tar", *options, "-cf", target, "-C", str(folder.parent), folder.name, external=True)


@nox.session
def runners(session: nox.Session) -> None:
    """The example runners in Go, Rust and shell: built, run and compared with what is published."""
    session.install("-e", ".[dev]")
    session.run("pytest", "tests/cases/vectors/test_other_runners.py", "-rs", *session.posargs)


@nox.session(python=["3.11", "3.12", "3.13"])
def vectors_again(session: nox.Session) -> None:
    """The vectors created by several versions of Python: byte for byte those that are committed."""
    session.install(".")
    folder = Path(session.create_tmp()) / "vectors"
    session.run("zcc", "vectors", "build", str(folder))
    session.run("diff", "-r", "fixtures/vectors/blobs", str(folder / "blobs"), external=True)
    session.run("cmp", "fixtures/vectors/index.json", str(folder / "index.json"), external=True)


@nox.session
def thorough(session: nox.Session) -> None:
    """The suite on the embedded registry with many more generated examples."""
    session.install(".")
    session.run("pytest", "--effort", "thorough", "-n", "2", *session.posargs)
    session.run("python", "-m", "conformance.readers", "--install", success_codes=[0, 1])
    session.run("python", "-m", "conformance.assurance.differential", "--cases", "20000")


@nox.session
def differential(session: nox.Session) -> None:
    """Mutated archives through the judge and the real readers: nox -s differential -- --cases N [--seed S]."""
    session.install("-e", ".[dev]")
    session.run("python", "-m", "conformance.readers", "--install", success_codes=[0, 1])
    session.run("python", "-m", "conformance.assurance.differential", *(session.posargs or ["--cases", "20000"]))


@nox.session
def corpora(session: nox.Session) -> None:
    """The tars of some two hundred packages by real writers, brought from their registries: none breaks a MUST."""
    session.install("-e", ".[dev]")
    folder = session.create_tmp()
    session.run("python", "-m", "tests.format.layer.bring_packages", folder)
    session.run(
        "pytest", "tests/format/layer/test_real_writers.py", "-rs", "-s", *session.posargs, env={"ZCC_CORPORA": folder}
    )


@nox.session
def mutation(session: nox.Session) -> None:
    """Whether the tests notice a change of a rule: nox -s mutation -- --sample 240; 0 takes all changes (hours)."""
    session.install("-e", ".[dev]", "cosmic-ray>=8.3", "coverage>=7.5")
    session.run("python", "tools/mutation_run.py", *session.posargs)

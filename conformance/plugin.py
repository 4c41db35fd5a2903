"""The pytest plugin: options, markers, and the switch that turns a pytest run into a conformance run.

It is loaded in every pytest run of the environment it is installed in, so it imports nothing heavy:
all work is in ``conformance.suite.session``, imported only for a conformance run
(benchmarks/plugin_cost.py measures that an unrelated run pays less than 50 ms).
"""

import argparse
import os
from pathlib import Path
from typing import Any

import pytest

SUITE = Path(__file__).parent / "suite"
_INI = "conformance_default"
_OPTIONS = (
    *("registry", "implementation", "role", "profile", "golden", "read_only", "repository", "username", "insecure"),
    *("ca_file", "report_dir", "effort", "waivers"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "zstd:chunked conformance")
    group.addoption(
        "--registry", metavar="URL", help="judge this registry (default: OCI_REGISTRY, or the embedded one)"
    )
    group.addoption(
        "--implementation", metavar="NAME|FILE", help="judge this tool: a shipped adapter, or an adapter file (TOML)"
    )
    # Of zcc certify, which has asked the tool already: it is not asked again.
    group.addoption("--implementation-version", metavar="TEXT", help=argparse.SUPPRESS)
    group.addoption("--role", action="append", metavar="ROLE", help="judge only this role; may be repeated")
    group.addoption(
        "--profile",
        action="append",
        metavar="PROFILE",
        help="judge by this profile; may be repeated",
    )
    group.addoption("--golden", action="store_true", help="judge the golden images of the suite too")
    group.addoption(
        "--read-only", action="extend", nargs="+", metavar="REF", help="judge existing images; push nothing"
    )
    group.addoption(
        "--repository", metavar="NAME", help="create repositories below this name (default: OCI_REPO1, or zcc)"
    )
    group.addoption("--username", metavar="NAME", help="user of the registry; the password is read from OCI_PASSWORD")
    group.addoption("--insecure", action="store_true", help="do not verify TLS certificates")
    group.addoption("--ca-file", metavar="PEM", help="certificate authorities to trust")
    group.addoption("--report-dir", metavar="DIR", help="directory of the results (default: reports/latest)")
    group.addoption("--effort", metavar="PROFILE", help="quick (default), thorough or certify: how much is generated")
    group.addoption("--waivers", metavar="FILE", help="TOML file of known failures, with reason and date")
    parser.addini(_INI, "run the conformance suite when no tests are named", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(id): the requirement of the catalogue that this test decides")
    config.addinivalue_line("markers", "role(*names): the roles that this test judges; one of them is enough to run it")
    config.addinivalue_line("markers", "golden: judges the golden images of the suite, which --golden requests")
    config.addinivalue_line("markers", "read_only: needs no right to push")
    # Any option of this plugin: pytest takes the directory in `--report-dir DIR` for a test path when it searches for
    # the project's ini file, before it knows our options; then `conformance_default` is not seen.
    asked = any(config.getoption(name) not in (None, False) for name in _OPTIONS)
    if config.args_source is not pytest.Config.ArgsSource.ARGS and (asked or config.getini(_INI)):
        config.args = [str(SUITE)]
    if any(_names_suite(argument) for argument in config.args):
        from conformance.suite.session import ConformanceSession  # noqa: PLC0415 (start-up time of other runs)

        config.pluginmanager.register(ConformanceSession(config), "conformance-session")


def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> None:
    # A variable must not turn other pytest runs into conformance runs; but users may expect that.
    nothing = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
    if nothing and os.environ.get("OCI_REGISTRY") and not config.pluginmanager.has_plugin("conformance-session"):
        terminalreporter.write_line("To judge the registry of OCI_REGISTRY: pytest --pyargs conformance.suite")


def _names_suite(argument: str) -> bool:
    path = argument.partition("::")[0]
    if path.startswith("conformance.suite"):
        return True
    return Path(path).resolve().is_relative_to(SUITE.resolve())

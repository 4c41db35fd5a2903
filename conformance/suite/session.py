"""One conformance run: preflight, selection of tests, collection of verdicts, reports, exit status."""

import gc
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from conformance.implementations.runner import Version
from conformance.observed.masking import SECRETS
from conformance.registry.client.client import TransportError
from conformance.registry.client.credentials import CredentialError
from conformance.reports.bodies import write_bodies
from conformance.reports.model import Report, encode, now
from conformance.requirements import load_catalogue
from conformance.results import EXIT_COULD_NOT_RUN, EXIT_STATUS
from conformance.sources.errors import SourceError
from conformance.suite.cleaning import clean_up_after_workers, pushed_by
from conformance.suite.collected import Collected, RunEnd
from conformance.suite.fingerprint import fingerprint_of
from conformance.suite.interruption import is_silent, lacks_a_response, remove_results, unwritable
from conformance.suite.power import note_tried
from conformance.suite.preflight import preflight
from conformance.suite.recorded import end_early, reason_to_stop, record_undecided, take_back, verdicts_of
from conformance.suite.selection import BadOptionError, needless, needs_no_examples
from conformance.suite.settings import SuiteSettings, hand_to_worker, read_settings
from conformance.suite.signals import end_on_signals, end_with_starter, raise_again
from conformance.suite.wanted import is_wanted
from conformance.trials.registry.target import Pushed
from conformance.trials.under_test import ask_version

_OF_HYPOTHESIS: Final = "hypothesispytest"
_EXPECTED = (TransportError, CredentialError, SourceError)


class ConformanceSession:
    """Hooks of a conformance run; registered by the plugin only for a conformance run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._started, self._clock = now(), time.monotonic()
        self._collected = Collected()
        self._deselected = False
        self._bodies = 0
        self._stopped = self._responses = ""
        self._interrupted = self._is_silent = False
        self._session: pytest.Session | None = None
        self._report: Report | None = None
        self._left: list[str] = []
        self._pushed: list[Pushed] = []
        self._began = 0
        try:
            self.settings: SuiteSettings = read_settings(config)
        except BadOptionError as error:
            pytest.exit(str(error), returncode=EXIT_COULD_NOT_RUN)
        if self.settings.adapter or not needs_no_examples(self.settings.roles):
            self._load_profile()
        elif config.pluginmanager.has_plugin(_OF_HYPOTHESIS):
            # At its end the plugin of Hypothesis imports Hypothesis: a fifth of the time of a fast registry.
            config.pluginmanager.unregister(name=_OF_HYPOTHESIS)

    def _load_profile(self) -> None:
        from conformance.strategies.profiles import load_profile  # noqa: PLC0415

        load_profile(self.settings.effort)

    def pytest_unconfigure(self) -> None:
        # pytest collects garbage when it ends: 0.1 s of the 1.5 s that a fast registry takes, to find what leaked.
        gc.freeze()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        hand_to_worker(self.settings, node.workerinput)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        if pushed := pushed_by(node):
            self._pushed.append(pushed)

    def pytest_configure(self) -> None:
        # Not at session start: there pytest prints the reason twice.
        option = self._config.option
        if self._is_worker or option.collectonly or option.help or option.version:
            return
        if self.settings.adapter is not None:
            told = self._config.getoption("--implementation-version")
            version = Version(told) if told else ask_version(self.settings.adapter)
            if version.absent:
                name = self.settings.adapter.name
                pytest.exit(f"--implementation {name}: absent: {version.absent}", returncode=EXIT_COULD_NOT_RUN)
            self.settings = msgspec.structs.replace(self.settings, version=version.text)
        end_on_signals()
        end_with_starter()
        remove_results(self.settings.report_dir)
        problem = preflight(self.settings) or unwritable(self.settings.report_dir)
        if problem:
            pytest.exit(problem, returncode=EXIT_COULD_NOT_RUN)
        self._responses = fingerprint_of(self.settings)

    def pytest_report_header(self) -> str:
        roles = f", as {', '.join(self.settings.roles)}" if self.settings.adapter else ""
        if self.settings.read_only and not self.settings.adapter:
            return f"conformance: {', '.join(map(str, self.settings.read_only))}, read-only"
        return f"conformance: {self.settings.subject}{roles}, effort {self.settings.effort}"

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """A registry is judged without the modules of other targets, whose imports take up to half a second."""
        return True if self.settings.adapter is None and collection_path.name in needless(self.settings.roles) else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            (kept if is_wanted(item, self.settings) else dropped).append(item)
        if dropped:
            self._config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        problem = call.excinfo.value if call.excinfo else None
        if not self._is_silent and (
            isinstance(problem, TransportError) or lacks_a_response(one.result for one in verdicts_of(report))
        ):
            self._is_silent = self._end_if_silent(item)
        if self._is_silent:
            take_back(report, self.settings.subject)
        if isinstance(problem, _EXPECTED):
            report.longrepr = " ".join(str(problem).split())  # caused by the registry: one line, no traceback
        marker, role = item.get_closest_marker("requirement"), item.get_closest_marker("role")
        if report.failed and marker and role and not verdicts_of(report):
            detail = report.longrepr if isinstance(problem, _EXPECTED) else call.excinfo and call.excinfo.exconly()
            reason = f"the test could not be run: {detail or 'no reason'}"
            record_undecided(item, report, self.settings, marker.args[0], reason[:600])
        note_tried(item, report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._collected.take(report)
        if report.when == "teardown" and not self._stopped and (reason := reason_to_stop(report)):
            self._stopped = reason
            if self._session is not None:
                self._session.shouldstop = f"incomplete: {reason}"

    def _end_if_silent(self, item: pytest.Item) -> bool:
        """End the run when the registry has stopped responding; return whether it has."""
        if not self.settings.registry or not is_silent(self.settings):
            return False
        subject = getattr(item, "funcargs", {}).get("registry")
        count = f" after {subject.client.requests} requests" if subject is not None else ""
        end_early(item, f"{self.settings.subject} stopped responding{count}")
        return True

    def leave(self, text: str) -> None:
        """Report at the end what the run could not remove."""
        self._left.append(text)

    def pytest_runtest_logstart(self) -> None:
        raise_again()
        self._began += 1

    def pytest_keyboard_interrupt(self) -> None:
        self._interrupted = True
        at = f"in test {self._began}" if self._began else "before the first test"
        self._stopped = self._stopped or f"interrupted {at}"

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        if report.when != "call":
            return None
        results = [recorded.result for recorded in verdicts_of(report)]
        has_failed = any(result.verdict == "fail" for result in results)
        if report.failed and has_failed:
            # Not by pytest itself, which would print the failure twice.
            return "failed MUST", "F", ("FAILED", {"red": True})
        if report.passed and has_failed:
            return "warned (SHOULD failed)", "w", ("WARNED", {"yellow": True})
        # A test that could not be run has failed, and has no verdict.
        if (report.failed and results) or (report.skipped and any(result.breaks_conformance for result in results)):
            return "not decided", "u", ("NOT DECIDED", {"yellow": True})
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self._pushed and (told := clean_up_after_workers(self.settings, self._pushed)):
            self.leave(told)
        finished = exitstatus in (0, 1) or bool(self._stopped)
        if self._is_worker or self._config.option.collectonly or not finished:
            return
        elapsed = round(time.monotonic() - self._clock, 3)
        end = RunEnd(self._started, elapsed, self._is_partial(), self._stopped, self._interrupted, self._responses)
        self._report = self._collected.report(self.settings, end)
        self._write(self._report)
        # A failed test without a verdict is an error of the suite, which no outcome may hide.
        if not self._collected.has_broken_tests:
            session.exitstatus = EXIT_STATUS[self._report.ending or "incomplete"]

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        # The selection by mode and role leaves the run complete; the user's -k, -m and --deselect do not.
        if any(is_wanted(item, self.settings) for item in items):
            self._deselected = True

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._report is None:
            if self._deselected and self._config.option.keyword:
                named = self._config.option.keyword
                terminalreporter.write_line(f"-k {named!r} selects nothing that is judged here; ids: zcc requirements")
            return
        from conformance.suite.summary import summary_lines  # noqa: PLC0415

        terminalreporter.section("conformance")
        for line in summary_lines(self._report, colour=terminalreporter.hasmarkup):
            terminalreporter.write_line(line)
        for text in self._left:
            terminalreporter.write_line(f"left behind: {SECRETS.mask(text)}")
        bodies = "; run curl commands with a body there" if self._bodies else ""
        terminalreporter.write_line(f"results: {self.settings.report_dir}/results.json, report.html, junit.xml{bodies}")

    def _is_partial(self) -> bool:
        return self._deselected or any("::" in argument or argument.endswith(".py") for argument in self._config.args)

    def _write(self, report: Report) -> None:
        from conformance.reports.html import render_html  # noqa: PLC0415
        from conformance.reports.junit import render_junit  # noqa: PLC0415

        try:
            self.settings.report_dir.mkdir(parents=True, exist_ok=True)
            (self.settings.report_dir / "results.json").write_bytes(encode(report))
            self._bodies = write_bodies(report, self.settings.report_dir)
            (self.settings.report_dir / "report.html").write_bytes(render_html(report, load_catalogue()))
            (self.settings.report_dir / "junit.xml").write_bytes(render_junit(report, load_catalogue()))
        except OSError as error:
            pytest.exit(f"--report-dir {self.settings.report_dir}: {error.strerror}", returncode=EXIT_COULD_NOT_RUN)

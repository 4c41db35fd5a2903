"""One conformance run: preflight, selection of tests, collection of verdicts, reports, exit status."""

import time
from collections.abc import Generator
from typing import Any

import msgspec
import pytest

from conformance import checks
from conformance.checking import unchecked
from conformance.registry.client import TransportError
from conformance.registry.credentials import CredentialError
from conformance.reports.model import Report, SubjectReport, encode, now, subject_report
from conformance.requirements import ROLES, Role, find_checks, load_catalogue
from conformance.results import RequirementResult, apply_waivers, merge
from conformance.subjects.remote import explain_status
from conformance.suite.settings import BadOptionError, SuiteSettings, hand_to_worker, read_settings

_PROPERTY = "conformance.verdict"
_EXIT_CANNOT_RUN = 2
# The roles this version judges in a run against a registry.
_JUDGED_ROLES: tuple[Role, ...] = ("artifact", "registry")


class Recorded(msgspec.Struct, frozen=True):
    """A verdict on its way from a test (perhaps in a worker) to the report."""

    subject: str
    role: Role
    result: RequirementResult


def record(item: pytest.Item, recorded: Recorded) -> None:
    """Attach a verdict to the running test; user properties survive the way from an xdist worker."""
    item.user_properties.append((_PROPERTY, msgspec.json.encode(recorded).decode()))


class ConformanceSession:
    """Hooks of a conformance run; registered by the plugin only when the suite is run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._started, self._clock = now(), time.monotonic()
        self._recorded: dict[tuple[str, Role, str], RequirementResult] = {}
        self._warned: set[str] = set()
        self._deselected = False
        self._report: Report | None = None
        try:
            self.settings: SuiteSettings = read_settings(config)
        except BadOptionError as error:
            pytest.exit(str(error), returncode=_EXIT_CANNOT_RUN)
        self._load_profile()

    def _load_profile(self) -> None:
        from conformance.strategies.profiles import load_profile  # noqa: PLC0415

        load_profile(self.settings.effort)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        hand_to_worker(self.settings, node.workerinput)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        if self.settings.registry and not self._is_worker and not self._config.option.collectonly:
            problem = preflight(self.settings)
            if problem:
                pytest.exit(problem, returncode=_EXIT_CANNOT_RUN)

    def pytest_report_header(self) -> str:
        return f"conformance: {self.settings.subject}, effort {self.settings.effort}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        kept: list[pytest.Item] = []
        dropped: list[pytest.Item] = []
        for item in items:
            (kept if self._wanted(item) else dropped).append(item)
        if dropped:
            self._config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    def _wanted(self, item: pytest.Item) -> bool:
        if bool(self.settings.read_only) != (item.get_closest_marker("read_only") is not None):
            return False
        role = item.get_closest_marker("role")
        return not self.settings.roles or role is None or role.args[0] in self.settings.roles

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        marker, role = item.get_closest_marker("requirement"), item.get_closest_marker("role")
        if report.failed and marker and role and not _verdicts(report):
            requirement = load_catalogue()[marker.args[0]]
            reason = f"the test could not be carried out: {call.excinfo.exconly() if call.excinfo else 'no reason'}"
            result = RequirementResult(
                requirement.id, requirement.level, requirement.roles, "not-run", reason=reason[:600]
            )
            recorded = Recorded(self.settings.subject, role.args[0], result)
            report.user_properties.append((_PROPERTY, msgspec.json.encode(recorded).decode()))
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # user_properties grow through setup, call and teardown: each verdict is taken once.
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            for recorded in _verdicts(report):
                key = (recorded.subject, recorded.role, recorded.result.id)
                known = self._recorded.get(key)
                self._recorded[key] = merge(known, recorded.result) if known else recorded.result

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        if report.when != "call" or not report.passed:
            return None
        if any(recorded.result.verdict == "fail" for recorded in _verdicts(report)):
            return "warned (SHOULD failed)", "w", ("WARNED", {"yellow": True})
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self._is_worker or self._config.option.collectonly or exitstatus not in (0, 1):
            return
        self._report = self._build_report()
        self._write(self._report)
        if session.exitstatus == 0 and not self._report.conforms and not self._report.partial:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        # Our own selection by mode and role leaves the run whole; the user's -k, -m and --deselect do not.
        if any(self._wanted(item) for item in items):
            self._deselected = True

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._report is None:
            return
        from conformance.suite.summary import summary_lines  # noqa: PLC0415

        terminalreporter.section("conformance")
        for line in summary_lines(
            self._report, colour=terminalreporter.hasmarkup, width=terminalreporter._tw.fullwidth
        ):
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"results: {self.settings.report_dir}/results.json, junit.xml")

    def _build_report(self) -> Report:
        partial = self._deselected or self._selected_by_path()
        by_subject: dict[str, dict[Role, dict[str, RequirementResult]]] = {}
        for (subject, role, requirement_id), result in self._recorded.items():
            by_subject.setdefault(subject, {}).setdefault(role, {})[requirement_id] = result
        if not partial and not self.settings.read_only:
            self._add_missing(by_subject.setdefault(self.settings.subject, {}))
        subjects = tuple(self._subject(subject, roles) for subject, roles in by_subject.items())
        return Report(
            subjects,
            all(subject.conforms for subject in subjects),
            self._started,
            round(time.monotonic() - self._clock, 3),
            load_catalogue().revision,
            partial,
        )

    def _subject(self, name: str, by_role: dict[Role, dict[str, RequirementResult]]) -> SubjectReport:
        roles = tuple(role for role in ROLES if role in by_role)
        order = {requirement.id: place for place, requirement in enumerate(load_catalogue().requirements)}
        verdicts = sorted((result for role in roles for result in by_role[role].values()), key=lambda r: order[r.id])
        waived = apply_waivers(verdicts, self.settings.waivers, self._started.date())
        return subject_report(name, roles, waived, unchecked=unchecked(*roles))

    def _add_missing(self, by_role: dict[Role, dict[str, RequirementResult]]) -> None:
        """Requirements of the registry role that have a check and no verdict are ``not-run``, never silent."""
        if self.settings.roles and "registry" not in self.settings.roles:
            return
        results = by_role.setdefault("registry", {})
        bound = find_checks(checks)
        for requirement in load_catalogue().of_role("registry"):
            if requirement.id in bound and requirement.id not in results:
                results[requirement.id] = RequirementResult(
                    requirement.id, requirement.level, requirement.roles, "not-run", reason="no test gave a verdict"
                )

    def _selected_by_path(self) -> bool:
        return any("::" in argument or argument.endswith(".py") for argument in self._config.args)

    def _write(self, report: Report) -> None:
        from conformance.reports.junit import render_junit  # noqa: PLC0415

        try:
            self.settings.report_dir.mkdir(parents=True, exist_ok=True)
            (self.settings.report_dir / "results.json").write_bytes(encode(report))
            (self.settings.report_dir / "junit.xml").write_bytes(render_junit(report, load_catalogue()))
        except OSError as error:
            pytest.exit(f"--report-dir {self.settings.report_dir}: {error.strerror}", returncode=_EXIT_CANNOT_RUN)


def preflight(settings: SuiteSettings) -> str:
    """Why the registry cannot be judged, in one line; "" when it answers and lets us in."""
    try:
        client = settings.connection.client(settings.registry)
        answer = client.request("GET", "/v2/", max_bytes=2**20)
        if answer.status == 200 and not settings.read_only:
            refused = client.refusal_to_push(f"{settings.repository}/{settings.run_id}/preflight")
            if refused:
                return (
                    f"{settings.registry}: no pushes below {settings.repository!r} (HTTP {refused}); log in as a user "
                    "who may push there, choose another --repository, or judge existing images with --read-only REF"
                )
    except (TransportError, CredentialError) as error:
        return f"{settings.registry}: {' '.join(str(error).split())}"
    if answer.status in (401, 403):
        given = "the login was refused" if settings.connection.username else "it wants a login"
        return f"{settings.registry}: {given} (HTTP {answer.status}); give --username and OCI_PASSWORD, or docker login"
    if answer.status == 404:
        return f"{settings.registry}: no OCI registry here: GET /v2/ answered HTTP 404"
    if answer.status != 200:
        return f"{settings.registry}: GET /v2/: {explain_status(answer)}"
    return ""


def _verdicts(report: Any) -> list[Recorded]:
    return [
        msgspec.json.decode(value, type=Recorded)
        for name, value in getattr(report, "user_properties", ())
        if name == _PROPERTY
    ]

"""One conformance run: preflight, selection of tests, collection of verdicts, reports, exit status."""

import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance import checks
from conformance.checks.bound import unchecked
from conformance.observed.masking import SECRETS
from conformance.registry.client.client import TransportError
from conformance.registry.client.credentials import CredentialError
from conformance.reports.bodies import write_bodies
from conformance.reports.encoding import json_bytes
from conformance.reports.model import Report, SubjectReport, encode, now, run_report, subject_report
from conformance.reports.power import Property
from conformance.reports.provenance import Identity
from conformance.requirements import Profile, Requirement, Role, find_checks, ids_of, load_catalogue
from conformance.results import (
    EXIT_COULD_NOT_RUN,
    EXIT_STATUS,
    RequirementResult,
    apply_waivers,
    merge,
    notes_on_waivers,
    undecided,
)
from conformance.sources.errors import SourceError
from conformance.suite.fingerprint import fingerprint_of
from conformance.suite.interruption import is_silent, lacks_a_response, remove_results
from conformance.suite.power import note_tried, tried_of
from conformance.suite.preflight import preflight
from conformance.suite.provenance import attach_identity, identities_of, program_of, provenance_of
from conformance.suite.selection import OF_REGISTRIES, BadOptionError, needless
from conformance.suite.settings import SuiteSettings, hand_to_worker, read_settings
from conformance.suite.signals import end_on_sigterm
from conformance.trials.under_test import ask_version

_PROPERTY = "conformance.verdict"
_NOTE = "conformance.note"
_STOPPED = "conformance.stopped"
_NEEDS_DEEP = "conformance.needs-deep"
_EXPECTED = (TransportError, CredentialError, SourceError)


class Recorded(msgspec.Struct, frozen=True):
    """A verdict, sent from a test (possibly in a worker) to the report."""

    subject: str
    role: Role
    result: RequirementResult


def record(item: pytest.Item, recorded: Recorded) -> None:
    """Attach a verdict to the running test; user properties are transferred from an xdist worker."""
    item.user_properties.append((_PROPERTY, json_bytes(recorded).decode()))


class Noted(msgspec.Struct, frozen=True):
    """A note on an implementation in a role, for the report."""

    role: Role
    text: str


def take_note(item: pytest.Item, settings: SuiteSettings, text: str) -> None:
    """Attach a note to the running test."""
    for role in judged_roles(item, settings):
        item.user_properties.append((_NOTE, json_bytes(Noted(role, text)).decode()))


def record_image(item: pytest.Item, name: str, report: SubjectReport) -> None:
    """Attach all verdicts on an image, under ``name``, the ids that only a deep check decides, and its digest."""
    for result in report.verdicts:
        record(item, Recorded(name, "artifact", result))
    attach_identity(item, name, report.identity)
    item.user_properties.append((_NEEDS_DEEP, json_bytes((name, report.needs_deep)).decode()))


def end_early(item: pytest.Item, reason: str) -> None:
    """End the run after this test, "incomplete": requirements without a verdict are then not-run, for this ``reason``.

    ``reason`` is one sentence without a full stop, such as "registry.example stopped responding after 512 requests".
    """
    item.user_properties.append((_STOPPED, reason))


class ConformanceSession:
    """Hooks of a conformance run; registered by the plugin only for a conformance run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self._started, self._clock = now(), time.monotonic()
        self._recorded: dict[tuple[str, Role, str], RequirementResult] = {}
        self._notes: dict[Noted, None] = {}
        self._tried: list[Property] = []
        self._needs_deep: dict[str, tuple[str, ...]] = {}
        self._identities: dict[str, Identity | None] = {}
        self._deselected = False
        self._broken_tests = False
        self._bodies = 0
        self._stopped = self._responses = ""
        self._interrupted = self._is_silent = False
        self._session: pytest.Session | None = None
        self._report: Report | None = None
        self._left: list[str] = []
        self._began = 0
        try:
            self.settings: SuiteSettings = read_settings(config)
        except BadOptionError as error:
            pytest.exit(str(error), returncode=EXIT_COULD_NOT_RUN)
        self._load_profile()

    def _load_profile(self) -> None:
        from conformance.strategies.profiles import load_profile  # noqa: PLC0415

        load_profile(self.settings.effort)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        hand_to_worker(self.settings, node.workerinput)

    def pytest_configure(self) -> None:
        # Not at session start: there pytest prints the reason twice.
        option = self._config.option
        if self._is_worker or option.collectonly or option.help or option.version:
            return
        if self.settings.adapter is not None:
            version = ask_version(self.settings.adapter)
            if version.absent:
                name = self.settings.adapter.name
                pytest.exit(f"--implementation {name}: absent: {version.absent}", returncode=EXIT_COULD_NOT_RUN)
            self.settings = msgspec.structs.replace(self.settings, version=version.text)
        end_on_sigterm()
        remove_results(self.settings.report_dir)
        problem = preflight(self.settings)
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
            (kept if self._wanted(item) else dropped).append(item)
        if dropped:
            self._config.hook.pytest_deselected(items=dropped)
            items[:] = kept

    def _wanted(self, item: pytest.Item) -> bool:
        if bool(self.settings.read_only) != (item.get_closest_marker("read_only") is not None):
            return False
        if item.get_closest_marker("golden") is not None and not self.settings.golden:
            return False
        role = item.get_closest_marker("role")
        if role is None:
            return self.settings.adapter is None
        if self.settings.adapter is None and not set(OF_REGISTRIES).intersection(role.args):
            return False
        if self.settings.roles and not set(role.args) & set(self.settings.roles):
            return False
        return self._is_owed(item)

    def _is_owed(self, item: pytest.Item) -> bool:
        """Whether the requirement of this test is part of a claimed profile, or becomes a note."""
        requirement = item.get_closest_marker("requirement")
        if requirement is None or self.settings.read_only:
            return True
        name = requirement.args[0]
        roles = judged_roles(item, self.settings)
        return any(self.settings.owes(role, name) or self.settings.risks(role, name) for role in roles)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        problem = call.excinfo.value if call.excinfo else None
        if not self._is_silent and (
            isinstance(problem, TransportError) or lacks_a_response(one.result for one in _verdicts(report))
        ):
            self._is_silent = self._end_if_silent(item)
        if self._is_silent:
            _take_back(report, self.settings.subject)
        if isinstance(problem, _EXPECTED):
            report.longrepr = " ".join(str(problem).split())  # caused by the registry: one line, no traceback
        marker, role = item.get_closest_marker("requirement"), item.get_closest_marker("role")
        if report.failed and marker and role and not _verdicts(report):
            detail = report.longrepr if isinstance(problem, _EXPECTED) else call.excinfo and call.excinfo.exconly()
            reason = f"the test could not be run: {detail or 'no reason'}"
            result = undecided(load_catalogue()[marker.args[0]], reason[:600])
            for name in judged_roles(item, self.settings):
                recorded = Recorded(self.settings.subject, name, result)
                report.user_properties.append((_PROPERTY, json_bytes(recorded).decode()))
        note_tried(item, report)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # user_properties grow through setup, call and teardown: each verdict is taken once.
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            for recorded in _timed(report):
                key = (recorded.subject, recorded.role, recorded.result.id)
                known = self._recorded.get(key)
                self._recorded[key] = merge(known, recorded.result) if known else recorded.result
        if report.when == "call":
            self._tried += tried_of(report)
        if report.failed and not _verdicts(report):
            self._broken_tests = True
        if report.when == "teardown":
            self._take_stop(report)
            self._needs_deep |= _deep_ids(report)
            self._identities |= identities_of(report)
            self._notes |= dict.fromkeys(_noted(report))

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
        self._began += 1

    def pytest_keyboard_interrupt(self) -> None:
        self._interrupted = True
        self._stopped = self._stopped or f"interrupted in test {self._began}"

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session

    def _take_stop(self, report: pytest.TestReport) -> None:
        reasons = [value for name, value in report.user_properties if name == _STOPPED]
        if reasons and not self._stopped:
            self._stopped = str(reasons[0])
            if self._session is not None:
                self._session.shouldstop = f"incomplete: {self._stopped}"

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        if report.when != "call":
            return None
        results = [recorded.result for recorded in _verdicts(report)]
        if report.failed and results:
            # Not by pytest itself, which would print the failure twice.
            return "failed MUST", "F", ("FAILED", {"red": True})
        if report.passed and any(result.verdict == "fail" for result in results):
            return "warned (SHOULD failed)", "w", ("WARNED", {"yellow": True})
        if report.skipped and any(result.breaks_conformance for result in results):
            return "not decided", "u", ("NOT DECIDED", {"yellow": True})
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        finished = exitstatus in (0, 1) or bool(self._stopped)
        if self._is_worker or self._config.option.collectonly or not finished:
            return
        self._report = self._build_report()
        self._write(self._report)
        # A failed test without a verdict is an error of the suite, which no outcome may hide.
        if not self._broken_tests:
            session.exitstatus = EXIT_STATUS[self._report.ending or "incomplete"]

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        # The selection by mode and role leaves the run complete; the user's -k, -m and --deselect do not.
        if any(self._wanted(item) for item in items):
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

    def _build_report(self) -> Report:
        by_subject: dict[tuple[str, Role], dict[str, RequirementResult]] = {}
        for (subject, role, requirement_id), result in self._recorded.items():
            by_subject.setdefault((subject, role), {})[requirement_id] = result
        if not self._is_partial() and not self.settings.read_only:
            for role in self._whole_roles():
                self._add_missing(by_subject.setdefault((self.settings.subject, role), {}), role)
        subjects = tuple(self._subject(*named, results) for named, results in by_subject.items())
        return run_report(
            subjects,
            started=self._started,
            elapsed=round(time.monotonic() - self._clock, 3),
            revision=load_catalogue().revision,
            partial=self._is_partial(),
            stopped=self._stopped,
            interrupted=self._interrupted,
            provenance=provenance_of(self.settings, self._responses),
            power=tuple(sorted(self._tried, key=lambda each: (each.subject, each.statement, each.requirement))),
        )

    def _add_missing(self, results: dict[str, RequirementResult], role: Role) -> None:
        """A requirement of a claimed profile with a check and without a verdict is ``not-run``."""
        reason = f"the run ended early: {self._stopped}" if self._stopped else "no test gave a verdict"
        bound = find_checks(checks)
        for requirement in load_catalogue().requirements:
            owed = _is_of_role(requirement, role) and self.settings.owes(role, requirement.id)
            if owed and requirement.id in bound and requirement.id not in results:
                results[requirement.id] = undecided(requirement, reason)

    def _subject(self, name: str, role: Role, results: dict[str, RequirementResult]) -> SubjectReport:
        order = {requirement.id: place for place, requirement in enumerate(load_catalogue().requirements)}
        verdicts = sorted(results.values(), key=lambda result: order[result.id])
        waived = apply_waivers(verdicts, self.settings.waivers, self._started.date())
        notes = (
            *notes_on_waivers(verdicts, self.settings.waivers, self._started.date()),
            *(note.text for note in self._notes if note.role == role),
        )
        needs_deep = self._needs_deep.get(name, ())
        profiles, implied = self._profiles(role, (*results, *needs_deep))
        owed = frozenset[str]().union(*(ids_of(profile) for profile in profiles))
        return subject_report(
            name,
            (role,),
            waived,
            profiles=profiles,
            implied=implied,
            notes=notes,
            unchecked=tuple(requirement_id for requirement_id in unchecked(role) if requirement_id in owed),
            needs_deep=needs_deep,
            identity=self._identities.get(name) if role == "artifact" else program_of(self.settings),
        )

    def _profiles(self, role: Role, ids: Sequence[str]) -> tuple[tuple[Profile, ...], bool]:
        """The profiles of a target, and whether they are implied; those of an image follow from its verdicts."""
        if self._is_partial():
            return (), True
        if role == "artifact":
            of_layers = ids_of("layer").issuperset(ids)
            shown: Profile = "layer" if of_layers else "pair"
            return self.settings.profiles_of(role) or ((shown,) if ids else ()), False
        if self.settings.read_only:  # a registry of which only one existing image was read
            return (), True
        return self.settings.profiles_of(role), self.settings.implied

    def _whole_roles(self) -> tuple[Role, ...]:
        """The roles in which every requirement with a check must have a verdict."""
        if self.settings.adapter is not None:
            return self.settings.roles
        return () if self.settings.roles and "registry" not in self.settings.roles else ("registry",)

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


def _is_of_role(requirement: Requirement, role: Role) -> bool:
    """Whether the requirement applies in this role: a client that pulls by TOC has some requirements of aware
    clients.
    """
    return role in requirement.roles or (role == "consumer-unaware" and "consumer-aware" in requirement.roles)


def judged_roles(item: pytest.Item, settings: SuiteSettings) -> tuple[Role, ...]:
    """The roles of this test in this run: for an implementation those that are judged."""
    marker = item.get_closest_marker("role")
    named: tuple[Role, ...] = marker.args if marker else ("artifact",)
    return tuple(role for role in named if role in settings.roles) if settings.adapter else named[:1]


def _take_back(report: pytest.TestReport, subject: str) -> None:
    """Findings of a registry that stopped responding are not verdicts: they become not-run."""
    reason = f"{subject} stopped responding"
    for place, (name, value) in enumerate(report.user_properties):
        if name != _PROPERTY:
            continue
        recorded = msgspec.json.decode(str(value), type=Recorded)
        if recorded.result.verdict == "fail":
            instead = undecided(load_catalogue()[recorded.result.id], reason)
            taken_back = msgspec.structs.replace(recorded, result=instead)
            report.user_properties[place] = (name, json_bytes(taken_back).decode())


def _verdicts(report: Any) -> list[Recorded]:
    return [
        msgspec.json.decode(value, type=Recorded)
        for name, value in getattr(report, "user_properties", ())
        if name == _PROPERTY
    ]


def _timed(report: pytest.TestReport) -> Iterator[Recorded]:
    """The verdicts with the module of the test, and the seconds that it took, shared among them."""
    recorded = _verdicts(report)
    module = f"conformance/suite/{Path(report.location[0]).name}"
    for each in recorded:
        seconds = round(report.duration / len(recorded), 3)
        yield msgspec.structs.replace(each, result=msgspec.structs.replace(each.result, seconds=seconds, test=module))


def _noted(report: Any) -> list[Noted]:
    return [msgspec.json.decode(value, type=Noted) for name, value in report.user_properties if name == _NOTE]


def _deep_ids(report: Any) -> dict[str, tuple[str, ...]]:
    """The ids that only a deep check decides, by target."""
    recorded = [value for name, value in report.user_properties if name == _NEEDS_DEEP]
    return dict(msgspec.json.decode(value, type=tuple[str, tuple[str, ...]]) for value in recorded)

"""What the tests of a run found, and the report on it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import pytest

from conformance import checks
from conformance.checks.bound import unchecked
from conformance.reports.model import Report, SubjectReport, run_report, subject_report
from conformance.reports.power import Property
from conformance.reports.provenance import Identity
from conformance.requirements import Profile, Requirement, Role, find_checks, ids_of, load_catalogue
from conformance.results import RequirementResult, apply_waivers, merge, notes_on_waivers, undecided
from conformance.suite.power import tried_of
from conformance.suite.provenance import identities_of, program_of, provenance_of
from conformance.suite.recorded import Noted, deep_ids, notes_of, timed_verdicts, verdicts_of
from conformance.suite.settings import SuiteSettings


class RunEnd(msgspec.Struct, frozen=True):
    """How a run came to its end: ``is_partial`` where tests were selected, ``stopped`` why it ended early ("" = not).

    ``elapsed`` in seconds; ``responses`` is the registry's fingerprint (``fingerprint_of``).
    """

    started: datetime
    elapsed: float
    is_partial: bool = False
    stopped: str = ""
    interrupted: bool = False
    responses: str = ""


class Collected:
    """The verdicts, notes and examples of the tests that have ended.

    ``has_broken_tests``: a test failed without a verdict, which is an error of the suite.
    """

    def __init__(self) -> None:
        self._verdicts: dict[tuple[str, Role, str], RequirementResult] = {}
        self._notes: dict[Noted, None] = {}
        self._tried: list[Property] = []
        self._needs_deep: dict[str, tuple[str, ...]] = {}
        self._identities: dict[str, Identity | None] = {}
        self.has_broken_tests = False

    def take(self, report: pytest.TestReport) -> None:
        """Take what a phase of a test attached. Properties grow from phase to phase: each verdict is taken once."""
        if report.when == "call" or report.failed or (report.when == "setup" and report.skipped):
            for recorded in timed_verdicts(report):
                key = (recorded.subject, recorded.role, recorded.result.id)
                known = self._verdicts.get(key)
                self._verdicts[key] = merge(known, recorded.result) if known else recorded.result
        if report.when == "call":
            self._tried += tried_of(report)
        if report.failed and not verdicts_of(report):
            self.has_broken_tests = True
        if report.when == "teardown":
            self._needs_deep |= deep_ids(report)
            self._identities |= identities_of(report)
            self._notes |= dict.fromkeys(notes_of(report))

    def report(self, settings: SuiteSettings, end: RunEnd) -> Report:
        """The report of a run with these settings, which ended so."""
        by_subject: dict[tuple[str, Role], dict[str, RequirementResult]] = {}
        for (subject, role, requirement_id), result in self._verdicts.items():
            by_subject.setdefault((subject, role), {})[requirement_id] = result
        if not end.is_partial and not settings.read_only:
            for role in _whole_roles(settings):
                _add_missing(by_subject.setdefault((settings.subject, role), {}), role, settings, end)
        return run_report(
            tuple(self._subject(*named, results, settings, end) for named, results in by_subject.items()),
            started=end.started,
            elapsed=end.elapsed,
            revision=load_catalogue().revision,
            partial=end.is_partial,
            stopped=end.stopped,
            interrupted=end.interrupted,
            provenance=provenance_of(settings, end.responses),
            power=tuple(sorted(self._tried, key=lambda each: (each.subject, each.statement, each.requirement))),
        )

    def _subject(
        self, name: str, role: Role, results: dict[str, RequirementResult], settings: SuiteSettings, end: RunEnd
    ) -> SubjectReport:
        order = {requirement.id: place for place, requirement in enumerate(load_catalogue().requirements)}
        verdicts, today = sorted(results.values(), key=lambda result: order[result.id]), end.started.date()
        notes = (
            *notes_on_waivers(verdicts, settings.waivers, today),
            *(note.text for note in self._notes if note.role == role),
        )
        needs_deep = self._needs_deep.get(name, ())
        profiles, implied = _profiles(role, (*results, *needs_deep), settings, is_partial=end.is_partial)
        owed = frozenset[str]().union(*(ids_of(profile) for profile in profiles))
        return subject_report(
            name,
            (role,),
            apply_waivers(verdicts, settings.waivers, today),
            profiles=profiles,
            implied=implied,
            notes=notes,
            unchecked=tuple(requirement_id for requirement_id in unchecked(role) if requirement_id in owed),
            needs_deep=needs_deep,
            identity=self._identities.get(name) if role == "artifact" else program_of(settings),
        )


def _add_missing(results: dict[str, RequirementResult], role: Role, settings: SuiteSettings, end: RunEnd) -> None:
    """A requirement of a claimed profile with a check and without a verdict is ``not-run``."""
    reason = f"the run ended early: {end.stopped}" if end.stopped else "no test gave a verdict"
    bound = find_checks(checks)
    for requirement in load_catalogue().requirements:
        owed = _is_of_role(requirement, role) and settings.owes(role, requirement.id)
        if owed and requirement.id in bound and requirement.id not in results:
            results[requirement.id] = undecided(requirement, reason)


def _profiles(
    role: Role, ids: Sequence[str], settings: SuiteSettings, *, is_partial: bool
) -> tuple[tuple[Profile, ...], bool]:
    """The profiles of a target, and whether they are implied; those of an image follow from its verdicts."""
    if is_partial:
        return (), True
    if role == "artifact":
        of_layers = ids_of("layer").issuperset(ids)
        shown: Profile = "layer" if of_layers else "pair"
        return settings.profiles_of(role) or ((shown,) if ids else ()), False
    if settings.read_only:  # a registry of which only one existing image was read
        return (), True
    return settings.profiles_of(role), settings.implied


def _whole_roles(settings: SuiteSettings) -> tuple[Role, ...]:
    """The roles in which every requirement with a check must have a verdict."""
    if settings.adapter is not None:
        return settings.roles
    return () if settings.roles and "registry" not in settings.roles else ("registry",)


def _is_of_role(requirement: Requirement, role: Role) -> bool:
    """Whether the requirement applies in this role: a client that pulls by TOC has some requirements of aware
    clients.
    """
    return role in requirement.roles or (role == "consumer-unaware" and "consumer-aware" in requirement.roles)

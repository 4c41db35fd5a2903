"""Fixtures of the suite: the registry under test, and the fixture by which a test records its verdict."""

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from conformance.reports.words import finding_lines
from conformance.requirements import load_catalogue
from conformance.results import Judgement, RequirementResult, conclude
from conformance.suite.cleaning import clean_up, hand_to_controller
from conformance.suite.recorded import Recorded, record, take_note
from conformance.suite.session import ConformanceSession
from conformance.suite.settings import DEFAULT_REPOSITORY, SuiteSettings
from conformance.suite.wanted import judged_roles
from conformance.trials.registry.target import RegistryUnderTest
from conformance.trials.under_test import ImplementationUnderTest

Verdict = Callable[..., None]


@pytest.fixture(scope="session")
def settings(request: pytest.FixtureRequest) -> SuiteSettings:
    """The validated options of this run."""
    session = request.config.pluginmanager.get_plugin("conformance-session")
    assert isinstance(session, ConformanceSession), "the suite runs as conformance run only"
    return session.settings


@pytest.fixture(scope="session")
def registry(settings: SuiteSettings, request: pytest.FixtureRequest) -> Iterator[RegistryUnderTest]:
    """The registry to judge; everything created below its prefix is deleted at the end in any case."""
    with ExitStack() as stack:
        url, collect = settings.registry, None
        if not url:
            from conformance.registry.server.embedded import EmbeddedRegistry  # noqa: PLC0415 (start-up time)

            embedded = stack.enter_context(EmbeddedRegistry())
            url, collect = embedded.url, embedded.collect_garbage
        subject = RegistryUnderTest(
            settings.connection.client(url, settings.repository),
            f"{settings.repository}/{settings.run_id}",
            collect_garbage=collect,
            name=settings.subject,
        )
        stack.callback(_clean_up, subject, request)
        yield subject


def _clean_up(subject: RegistryUnderTest, request: pytest.FixtureRequest) -> None:
    """Delete what was pushed, or in a worker of xdist leave that to the end of the whole run."""
    session = request.config.pluginmanager.get_plugin("conformance-session")
    assert isinstance(session, ConformanceSession), "the suite runs as conformance run only"
    is_interrupted = request.session.exitstatus == pytest.ExitCode.INTERRUPTED
    if session.settings.registry and hand_to_controller(request.config, subject, is_interrupted=is_interrupted):
        return
    if told := clean_up(subject, session.settings.report_dir):
        session.leave(told)


@pytest.fixture(scope="session")
def implementation(settings: SuiteSettings) -> Iterator[ImplementationUnderTest]:
    """The implementation to judge; its sandboxes are removed at the end."""
    assert settings.adapter is not None, "only tests of the roles of implementations request one"
    with TemporaryDirectory(prefix="zcc-impl-", ignore_cleanup_errors=True) as directory:
        yield ImplementationUnderTest(settings.adapter, settings.version, Path(directory))


@pytest.fixture(autouse=True)
def _false_claims(request: pytest.FixtureRequest, settings: SuiteSettings) -> Iterator[None]:
    """Features that the adapter declares unsupported, and the tool supports in this test, become notes of the
    report.
    """
    yield
    if settings.adapter is not None and "implementation" in request.fixturenames:
        subject: ImplementationUnderTest = request.getfixturevalue("implementation")
        for claim in subject.take_false_claims():
            take_note(request.node, settings, claim)


@pytest.fixture
def verdict(request: pytest.FixtureRequest, settings: SuiteSettings) -> Verdict:
    """``verdict("REG-005", judgements)``: conclude, record for the report, and fail or skip the test."""
    roles = judged_roles(request.node, settings)

    def speak(requirement_id: str, judgements: Iterable[Judgement], *, subject: str = "") -> None:
        named = requirement_id if requirement_id in request.node.name else request.node.originalname
        replay = f"{replay_command(settings)} -k {named}"
        result = conclude(load_catalogue()[requirement_id], judgements, replay=replay)
        owing = [role for role in roles if settings.read_only or settings.owes(role, requirement_id)]
        for role in owing:
            record(request.node, Recorded(subject or settings.subject, role, result))
        if owing:
            announce(result)
        else:
            note_hazards(request.node, settings, [result])

    return speak


def note_hazards(item: pytest.Item, settings: SuiteSettings, results: Iterable[RequirementResult]) -> None:
    """Failures of requirements outside the claimed profiles become notes for users."""
    for result in results:
        if result.verdict == "fail":
            why = next(finding.message for finding in result.findings if finding.outcome == "fail")
            statement = load_catalogue()[result.id].statement
            take_note(item, settings, f"hazard, of no profile that is claimed: {result.id} {statement} {why}")


def announce(result: RequirementResult) -> None:
    """Show a verdict in pytest: a failed MUST fails the test; an undecided or not applicable one skips it."""
    if result.level == "MUST" and result.verdict == "fail":
        text = "\n".join(line for finding in result.findings for line in finding_lines(finding))
        pytest.fail(f"{result.id} {load_catalogue()[result.id].statement}\n{text}", pytrace=False)
    if result.verdict in ("not-applicable", "unsupported", "not-run"):
        reasons = "; ".join(finding.message for finding in result.findings) or "nothing to judge"
        pytest.skip(f"{result.id} {result.verdict}: {reasons}")


def replay_command(settings: SuiteSettings) -> str:
    """The command that runs this conformance run again, with the options that were given."""
    if settings.adapter is not None:
        claimed = [profile for profile in settings.profiles if profile not in settings.adapter.profiles]
        given = ["--implementation", settings.implementation]
    elif settings.registry:
        claimed = [] if settings.implied else list(settings.profiles)
        given = ["--registry", settings.registry, *settings.connection.arguments()]
        if settings.repository != DEFAULT_REPOSITORY:
            given += ["--repository", settings.repository]
    else:
        claimed = [] if settings.implied else list(settings.profiles)
        given = ["--pyargs", "conformance.suite"]
    return shlex.join(["pytest", *given, *(f"--profile={profile}" for profile in claimed)])


def announce_all(results: Iterable[RequirementResult]) -> None:
    """Fail the test when a MUST of these failed, and skip it when one was not decided, naming each."""
    broken = [result for result in results if result.breaks_conformance]
    lines = [f"{result.id} {load_catalogue()[result.id].statement}" for result in broken]
    if any(result.verdict == "fail" for result in broken):
        pytest.fail("\n".join(lines), pytrace=False)
    if broken:
        pytest.skip("; ".join(f"{result.id} {result.verdict}" for result in broken))

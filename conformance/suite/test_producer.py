"""The producer role: one test for each requirement on pushes, over real ones, and the artifacts that were pushed."""

import zlib
from collections.abc import Callable, Iterable, Iterator

import pytest

from conformance.results import RequirementResult
from conformance.strategies.shapes import Tally
from conformance.suite.conftest import announce_all, note_hazards, replay_command
from conformance.suite.parameters import one_test_each
from conformance.suite.power import note_power
from conformance.suite.recorded import Recorded, record, take_note
from conformance.suite.settings import SuiteSettings
from conformance.trials.producer.judging import judge_requirement
from conformance.trials.producer.pushed_artifacts import GeneratedPushes, judged_artifacts, remark_on
from conformance.trials.producer.trial import JOBS_OF, ProducerTrial
from conformance.trials.under_test import ImplementationUnderTest

pytestmark = pytest.mark.role("producer")
_GENERATED = {"quick": 4, "thorough": 20, "certify": 60}


@pytest.fixture(scope="module")
def pushes(implementation: ImplementationUnderTest) -> Iterator[ProducerTrial]:
    """The pushes of this tool; each is created once, by the first test that needs it."""
    with ProducerTrial(implementation) as trial:
        yield trial


@pytest.mark.parametrize("requirement_id", one_test_each(JOBS_OF))
def test_push(requirement_id: str, pushes: ProducerTrial, verdict: Callable[..., None]) -> None:
    """Expected: the statement of the requirement (docs/requirements.md)."""
    verdict(requirement_id, judge_requirement(pushes, requirement_id))


@pytest.mark.requirement("SENT-PUSH-014")
def test_no_second_sentinel_by_pushing(pushes: ProducerTrial, verdict: Callable[..., None]) -> None:
    """Expected: an image that has sentinels already gets no second one."""
    verdict("SENT-PUSH-014", judge_requirement(pushes, "SENT-PUSH-014"))


@pytest.mark.parametrize(
    "requirement_id",
    [
        pytest.param("SENT-PUSH-024", marks=pytest.mark.requirement("SENT-PUSH-024")),
        pytest.param("SENT-PUSH-025", marks=pytest.mark.requirement("SENT-PUSH-025")),
    ],
)
def test_every_request_fails_in_turn(requirement_id: str, pushes: ProducerTrial, verdict: Callable[..., None]) -> None:
    """Expected: when any request of a push fails, the tag names its previous target, or the new image."""
    verdict(requirement_id, judge_requirement(pushes, requirement_id))


@pytest.mark.requirement("SENT-PUSH-017")
def test_another_place_than_a_registry(pushes: ProducerTrial, verdict: Callable[..., None]) -> None:
    """Expected: an image written to an OCI layout is complete, with its sentinel variant."""
    verdict("SENT-PUSH-017", judge_requirement(pushes, "SENT-PUSH-017"))


@pytest.mark.requirement("SENT-PUSH-026")
def test_contents_of_pushed_images(pushes: ProducerTrial, verdict: Callable[..., None]) -> None:
    """Expected: every image that was given is there, with its files and links."""
    verdict("SENT-PUSH-026", judge_requirement(pushes, "SENT-PUSH-026"))


@pytest.mark.requirement("LAYER-011")
def test_input_that_breaks_off(pushes: ProducerTrial, verdict: Callable[..., None]) -> None:
    """Expected: a layer that ends early is refused, and the tag names nothing."""
    verdict("LAYER-011", judge_requirement(pushes, "LAYER-011"))


@pytest.mark.requirement("TOC-016")
def test_tars_that_no_toc_can_represent(pushes: ProducerTrial, verdict: Callable[..., None]) -> None:
    """Expected: the writer refuses them, or writes a layer without TOC with the same tar."""
    verdict("TOC-016", judge_requirement(pushes, "TOC-016"))


@pytest.mark.parametrize("name", ["single", "platforms", "padded", "holes"])
def test_pushed_image(
    name: str, pushes: ProducerTrial, settings: SuiteSettings, request: pytest.FixtureRequest
) -> None:
    """Expected: the pushed artifacts break no requirement that binds producers."""
    results = judged_artifacts(pushes, name, replay=f"{replay_command(settings)} -k test_pushed_image")
    remark = remark_on(pushes, name)
    if remark:
        take_note(request.node, settings, remark)
    _record_pushed(results, settings, request.node)


def test_pushed_generated_images(
    pushes: ProducerTrial, settings: SuiteSettings, request: pytest.FixtureRequest
) -> None:
    """For any tree of an image. Expected: what the tool pushed breaks no requirement on artifacts."""
    replay = f"{replay_command(settings)} -k test_pushed_generated_images"
    tally = Tally("what the tool pushes of a generated image breaks no requirement on artifacts")
    generated = GeneratedPushes(pushes, replay=replay, keep=settings.report_dir / "counterexamples", tally=tally)
    number = zlib.crc32(settings.run_id.encode())
    results = list(generated.explore(_GENERATED[settings.effort], number))
    note_power(request.node, settings, tally, number, failed=generated.found)
    for reason in generated.refused:
        take_note(request.node, settings, reason)
    if not results:
        pytest.skip("nothing was pushed as zstd:chunked")
    _record_pushed(results, settings, request.node)


def _record_pushed(results: Iterable[RequirementResult], settings: SuiteSettings, item: pytest.Item) -> None:
    """The verdicts on pushed images for the claimed profiles; other failures become notes."""
    listed = list(results)
    owed = [result for result in listed if settings.owes("producer", result.id)]
    others = [result for result in listed if result not in owed]
    for result in owed:
        record(item, Recorded(settings.subject, "producer", result))
    note_hazards(item, settings, others)
    announce_all(owed)

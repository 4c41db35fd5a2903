"""Checks found by what they inspect, and scenarios that observe it first."""

from collections.abc import Iterator

from conformance.checks.artifact.layer_blob import frames_only
from conformance.checks.bound import Scenario, checks_of, deciding, judge_all, judged, unchecked
from conformance.observed.image import ImageSeen, SentinelBlob
from conformance.observed.layer import LayersSeen
from conformance.requirements import load_catalogue
from conformance.results import Judgement, not_run, passed


def numbers(seen: int) -> Iterator[Judgement]:
    yield passed(f"{seen}")
    yield passed(f"{seen + 1}")


def test_a_judgement_among_what_was_seen_is_used_as_it_is() -> None:
    left = not_run("no response", where="3")
    seen: list[int | Judgement] = [1, left, 5]
    assert [each.where for each in judged(numbers, seen)] == ["1", "2", "3", "5", "6"]
    assert list(judged(numbers, [left])) == [left]
    assert list(judged(numbers, [])) == []


def test_a_scenario_judges_what_it_observes() -> None:
    assert [each.where for each in Scenario(numbers, str.__len__).judge("abc")] == ["3", "4"]
    assert list(Scenario(numbers, _observes_nothing).judge("abc")) == []


def _observes_nothing(_probe: str) -> int | None:
    return None


def _observes_no_layer(_probe: str) -> LayersSeen:
    return LayersSeen()


def test_a_scenario_has_the_id_of_its_check() -> None:
    name, scenario = deciding(frames_only, _observes_no_layer)
    assert checks_of(LayersSeen)[name] is frames_only
    assert scenario.check is frames_only
    assert list(scenario.judge("probe")) == []


def test_each_observation_has_its_own_checks() -> None:
    assert checks_of(int) == {}
    of_blobs, of_images, of_layers = (set(checks_of(each)) for each in (SentinelBlob, ImageSeen, LayersSeen))
    assert of_blobs
    assert not of_blobs & of_images
    assert not of_layers & of_images
    assert {name[:10] for name in of_blobs} == {"SENT-BLOB-"}


def test_results_are_in_the_order_of_the_catalogue() -> None:
    blobs = (SentinelBlob("one", b"x"), SentinelBlob("two", b"y" * 512))
    results = judge_all(SentinelBlob, blobs)
    ids = [result.id for result in results]
    order = [requirement.id for requirement in load_catalogue().requirements]
    assert ids == [name for name in order if name in checks_of(SentinelBlob)]
    places = {finding.where[:3] for result in results for finding in result.findings}
    assert {"one", "two"} <= places


def test_every_requirement_of_these_roles_has_a_check() -> None:
    assert unchecked("artifact", "producer", "consumer-aware", "consumer-unaware", "copier", "registry") == ()


def test_every_requirement_on_artifacts_has_a_check_of_an_observation_or_none() -> None:
    bound = {name for each in (SentinelBlob, ImageSeen, LayersSeen) for name in checks_of(each)}
    due = {requirement.id for requirement in load_catalogue().of_role("artifact")}
    assert due - bound == set()

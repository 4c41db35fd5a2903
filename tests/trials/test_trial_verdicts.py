"""What a trial shows: a refusal only beside a positive control, a crash or hang never, and nothing without work."""

from collections.abc import Iterable

import msgspec
import pytest

from conformance.checks.consumer.pull import unaware_gets_nothing, unaware_says_so_by_its_status
from conformance.checks.trial_verdicts import (
    acceptance,
    bounded,
    difference,
    fetched_whole,
    harmless,
    refusal,
    toc_refusal,
)
from conformance.format.digest import Digest
from conformance.images.composed import index
from conformance.observed.consumer import SelectionSeen
from conformance.observed.evidence import Exchange
from conformance.observed.trials import EntrySeen, LayerFacts, RunSeen, TrialSeen
from conformance.results import Judgement
from conformance.trials.consumer.select import Choice, asked_positions, observed, plain, sentinel, unpacked_positions

TREE = {"a": EntrySeen("reg", 0o644, "sha256:1")}
OTHER = {"a": EntrySeen("reg", 0o644, "sha256:2")}
RIGHT = RunSeen("unpack", "succeeded", tree=TREE)
WRONG = RunSeen("unpack", "succeeded", tree=OTHER)
NOTHING = RunSeen("unpack", "succeeded", tree={})
REFUSED = RunSeen("unpack", "refused", "error: no", tree={})
CRASHED = RunSeen("unpack", "crashed", "it was ended by SIGSEGV", tree={})
HUNG = RunSeen("unpack", "timed-out", tree={})
ABSENT = RunSeen("unpack", "absent", "it is not installed")
BLOB = Exchange("GET", "http://x/v2/a/blobs/sha256:1", status=200)
UNABLE = RunSeen("unpack", "unsupported", "it has no operation unpack")


def trial(run: RunSeen, twin: RunSeen | None = RIGHT, **more: object) -> TrialSeen:
    return TrialSeen("case", "A bad image", ("X-001",), run, twin=twin, twin_expected=TREE, **more)  # type: ignore[arg-type]


def only(judgements: Iterable[Judgement]) -> Judgement:
    (judgement,) = judgements
    return judgement


@pytest.mark.parametrize(
    ("run", "twin", "outcome"),
    [
        (REFUSED, RIGHT, "pass"),
        (RIGHT, RIGHT, "fail"),
        (WRONG, RIGHT, "fail"),
        (NOTHING, RIGHT, "fail"),
        (CRASHED, RIGHT, "fail"),
        (HUNG, RIGHT, "fail"),
        (msgspec.structs.replace(REFUSED, tree=TREE), RIGHT, "fail"),
        *((run, twin, "not-run") for run in (REFUSED, RIGHT, CRASHED) for twin in (REFUSED, WRONG, NOTHING, CRASHED)),
        (ABSENT, RIGHT, "not-run"),
        (UNABLE, RIGHT, "unsupported"),
        (REFUSED, UNABLE, "unsupported"),
    ],
)
def test_what_must_be_refused(run: RunSeen, twin: RunSeen, outcome: str) -> None:
    assert only(refusal("X-001", trial(run, twin))).outcome == outcome


@pytest.mark.parametrize(
    ("run", "outcome"),
    [
        (RIGHT, "pass"),
        (WRONG, "fail"),
        (NOTHING, "fail"),
        (REFUSED, "fail"),
        (CRASHED, "fail"),
        (UNABLE, "unsupported"),
    ],
)
def test_what_must_work(run: RunSeen, outcome: str) -> None:
    assert only(acceptance("X-001", trial(run, None, expected=TREE))).outcome == outcome


@pytest.mark.parametrize(
    ("run", "outcome"), [(RIGHT, "pass"), (REFUSED, "pass"), (WRONG, "fail"), (CRASHED, "fail"), (HUNG, "fail")]
)
def test_what_may_not_go_wrong(run: RunSeen, outcome: str) -> None:
    assert only(harmless("X-001", trial(run, expected=TREE))).outcome == outcome
    assert only(harmless("X-001", trial(run, CRASHED, expected=TREE))).outcome == "not-run"


def test_cases_of_other_requirements_are_skipped() -> None:
    for judge in (refusal, acceptance, harmless):
        assert not list(judge("X-002", trial(REFUSED)))


def test_a_scan_must_list_the_package_of_the_control() -> None:
    fetch = (Exchange("GET", "http://x/v2/a/blobs/sha256:1", status=200),)
    told = RunSeen("scan", "succeeded", output="found zcc-marker", exchanges=fetch)
    silent = msgspec.structs.replace(told, output="nothing found")
    refused = RunSeen("scan", "refused", "error: bad tar")
    assert only(refusal("X-001", trial(refused, told, marker="zcc-marker"))).outcome == "pass"
    assert only(refusal("X-001", trial(refused, silent, marker="zcc-marker"))).outcome == "not-run"
    assert only(refusal("X-001", trial(silent, told, marker="zcc-marker"))).outcome == "fail"


def test_work_without_a_tree_shows_in_requests() -> None:
    idle = RunSeen("scan", "succeeded")
    assert only(acceptance("X-001", trial(idle, None))).outcome == "fail"


def test_a_pull_that_shows_no_tree_shows_nothing() -> None:
    fetch = (Exchange("GET", "http://x/v2/a/blobs/sha256:1", status=200),)
    pulled = RunSeen("pull", "succeeded", exchanges=fetch)
    assert only(acceptance("X-001", trial(pulled, pulled, expected=TREE))).outcome == "not-run"
    assert only(refusal("X-001", trial(RunSeen("pull", "refused", "no"), pulled))).outcome == "not-run"


def test_a_pull_that_shows_no_tree_fails_nothing_either() -> None:
    pulled = RunSeen("pull", "succeeded", exchanges=(Exchange("GET", "http://x/v2/a/blobs/sha256:1", status=200),))
    for judge in (acceptance, harmless):
        assert only(judge("X-001", trial(pulled, None, expected=TREE))).outcome == "not-run"
    assert only(refusal("X-001", trial(pulled, None))).outcome == "fail"


def test_which_reading_came_out_states_how_a_layer_was_read() -> None:
    by_tar = trial(WRONG, expected=TREE, forbidden=OTHER)
    assert "its tar was read" in only(harmless("X-001", by_tar)).message
    for run in (RIGHT, REFUSED):
        assert only(harmless("X-001", trial(run, expected=TREE, forbidden=OTHER))).outcome == "pass"


def test_a_lost_bit_makes_nothing_inconclusive() -> None:
    loose = msgspec.structs.replace(RIGHT, tree={"a": EntrySeen("reg", 0o755, "sha256:1"), "own": TREE["a"]})
    assert only(refusal("X-001", trial(REFUSED, loose))).outcome == "pass"
    assert only(acceptance("X-001", trial(loose, loose, expected=TREE))).outcome == "pass"


@pytest.mark.parametrize("expected", [None, TREE], ids=["a sentinel image", "a plain image"])
@pytest.mark.parametrize(("peak", "outcome"), [(101 << 20, "fail"), (99 << 20, "pass")])
def test_a_refused_toc_that_took_too_much_memory_is_a_failure(
    expected: dict[str, EntrySeen] | None, peak: int, outcome: str
) -> None:
    """Also of a client that may read the tar instead."""
    seen = trial(msgspec.structs.replace(REFUSED, peak_memory=peak), memory_limit=100 << 20, expected=expected)
    assert only(toc_refusal("X-001", seen, also=bounded(seen))).outcome == outcome


def test_memory_is_bounded() -> None:
    for peak, wrong in ((0, False), (100 << 20, False), (101 << 20, True)):
        run = msgspec.structs.replace(REFUSED, peak_memory=peak)
        assert bool(bounded(trial(run, memory_limit=100 << 20))) is wrong
    assert bounded(trial(msgspec.structs.replace(REFUSED, peak_memory=1 << 40))) == ""


@pytest.mark.parametrize(
    ("method", "range_", "status", "whole"),
    [
        ("GET", None, 200, True),
        ("GET", None, None, True),
        ("GET", "bytes=0-1", 206, False),
        ("GET", "bytes=0-", 206, True),
        ("GET", "bytes=0-9", 206, True),
        ("GET", "bytes=0-8", 206, False),
        ("GET", "bytes=0-4,5-9", 206, False),
        ("GET", "bytes=0-1", 200, False),
        ("GET", None, 404, False),
        ("HEAD", None, 200, False),
    ],
)
def test_whole_fetches_are_seen(method: str, range_: str | None, status: int | None, whole: bool) -> None:
    headers = (("Range", range_),) if range_ else ()
    made = Exchange(method, "http://x/v2/a/blobs/sha256:1", request_headers=headers, status=status)
    run = msgspec.structs.replace(RIGHT, exchanges=(made,))
    assert bool(fetched_whole(trial(run, layers=(LayerFacts("sha256:1", 10),)))) is whole
    assert not fetched_whole(trial(run, layers=(LayerFacts("sha256:2", 10),)))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, "lacks 'a'"),
        ({**TREE, "b": TREE["a"]}, "in addition 'b'"),
        ({"a": EntrySeen("reg", 0o755, "sha256:1")}, "mode 0o755 instead of 0o644"),
        ({"a": EntrySeen("symlink", 0o644, "sha256:1")}, "kind"),
        ({"a": EntrySeen("reg", 0o644, "sha256:1", links=2)}, "links"),
    ],
)
def test_differences_are_named(found: dict[str, EntrySeen], words: str) -> None:
    assert words in difference(TREE, found)
    assert difference(TREE, TREE) == ""


@pytest.mark.parametrize(("fetched", "chosen"), [((0,), 0), ((1,), 1), ((0, 1), None)])
def test_a_client_that_takes_every_entry_of_an_index_has_selected_none(
    fetched: tuple[int, ...], chosen: int | None
) -> None:
    choice = Choice("a pair", (plain(), sentinel()))
    asked = tuple(
        Exchange.record("GET", f"http://host/v2/image/manifests/{choice.entries[place].image.root}", status=200)
        for place in fetched
    )
    run = RunSeen("pull", "succeeded", exchanges=asked)
    seen = observed("pull", choice, index(choice.entries), run, "", positions=asked_positions(choice, run), aware=False)
    if chosen is None:
        assert isinstance(seen, Judgement)
        assert seen.outcome == "unsupported"
    else:
        assert isinstance(seen, SelectionSeen)
        assert seen.chosen == chosen


@pytest.mark.parametrize(("content", "expected"), [(b"plain", [0]), (b"sentinel", [1]), (b"other", []), (None, [])])
def test_which_entry_of_a_layout_was_read_shows_in_the_tree(content: bytes | None, expected: list[int]) -> None:
    choice = Choice("a pair", (plain(), sentinel()))
    tree = {} if content is None else {"number": EntrySeen("reg", 0o644, str(Digest.of(content)))}
    assert unpacked_positions(choice, RunSeen("unpack", "succeeded", tree=tree)) == expected
    assert unpacked_positions(choice, RunSeen("unpack", "succeeded")) is None
    assert unpacked_positions(choice, RunSeen("unpack", "refused")) == []


@pytest.mark.parametrize(
    ("output", "nothing", "status"),
    [
        ('{"artifacts": [], "error": "unsupported media type"}', "pass", "fail"),
        ("ERROR could not read layer 0", "pass", "fail"),
        ('{"artifacts": [], "errors": []}', "fail", "fail"),
        ("no packages found", "fail", "fail"),
        ("error: layer 0; found zcc-marker", "fail", "fail"),
    ],
)
def test_a_scanner_that_ends_with_zero_and_reports_the_error_has_processed_nothing(
    output: str, nothing: str, status: str
) -> None:
    sound_run = RunSeen("scan", "succeeded", output="zcc-marker 1.2.3", exchanges=(BLOB,))
    run = RunSeen("scan", "succeeded", output=output, exchanges=(BLOB,))
    about = ("SENT-PULL-031", "SENT-PULL-032")
    seen = TrialSeen("scan", "The sentinel manifest", about, run, twin=sound_run, marker="zcc-marker")
    assert only(unaware_gets_nothing(seen)).outcome == nothing
    assert only(unaware_says_so_by_its_status(seen)).outcome == status

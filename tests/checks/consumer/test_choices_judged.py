"""Each check of a choice by itself: when it states anything, which entries it allows, and what it states was chosen."""

from typing import Any

import pytest

from conformance.checks.consumer import select
from conformance.format.names import SENTINEL_ANNOTATION, ZSTD_ANNOTATION
from conformance.format.oci import Descriptor, Index, Platform
from conformance.observed.consumer import SelectionSeen
from conformance.observed.evidence import CommandEvidence
from conformance.observed.trials import RunSeen, TrialSeen
from tests.checks.consumer.clients import AMD64, index_of

ARM64 = Platform("arm64", "linux")
V8 = Platform("arm64", "linux", "v8")
EVIDENCE = (CommandEvidence(("pull", "image"), 0),)


def entries(spelling: str) -> tuple[Descriptor, ...]:
    """``Z S`` for amd64, ``a:Z`` for arm64, ``v:Z`` for arm64/v8, ``-:Z`` for no platform."""
    platforms = {"a": ARM64, "v": V8, "-": None, "": AMD64}
    parts = [word.rpartition(":") for word in spelling.split()]
    return tuple(index_of(letter, platforms[who])[0] for who, _, letter in parts)


def seen_of(spelling: str, chosen: int | None, platform: Platform = AMD64, **facts: Any) -> SelectionSeen:
    index = Index(schema_version=2, manifests=entries(spelling))
    return SelectionSeen("choice", index, platform, chosen, evidence=EVIDENCE, **facts)


CHECKS = {
    1: select.aware_takes_the_sentinel,
    2: select.unaware_takes_the_plain_variant,
    3: select.platform_comes_first,
    4: select.plain_where_there_is_no_sentinel,
    5: select.other_annotation_values_are_ignored,
    7: select.gzip_where_it_is_preferred,
    8: select.plain_where_there_is_no_partial_pull,
    9: select.entries_without_platform_come_last,
    10: select.sentinel_where_gzip_is_preferred_in_vain,
}


def allows(number: int, seen: SelectionSeen, expected: list[int] | None) -> None:
    """Holds that a check allows these positions and no others; None: that it states nothing."""
    judgements = list(CHECKS[number](seen))
    if expected is None:
        assert judgements == []
        return
    (judgement,) = judgements
    assert judgement.where == "choice"
    assert judgement.found == ("refused" if seen.chosen is None else f"manifests[{seen.chosen}]")
    if seen.chosen in expected:
        assert judgement.outcome == "pass"
    else:
        assert judgement.outcome == "fail"
        assert judgement.message
        assert judgement.expected == " or ".join(f"manifests[{position}]" for position in expected)
        assert judgement.evidence == EVIDENCE


@pytest.mark.parametrize("chosen", [None, 0, 1])
@pytest.mark.parametrize(
    ("number", "spelling", "facts", "expected"),
    [
        (1, "Z S", {}, [1]),
        (1, "S Z", {}, [0]),
        (1, "G Z S S", {}, [2, 3]),
        (1, "Z S", {"aware": False}, None),
        (1, "Z S", {"toc_capable": False}, None),
        (1, "Z S", {"prefer_gzip": True}, None),
        (1, "G S", {}, None),  # no plain entry states zstd
        (1, "Z s", {}, None),
        (1, "Z X", {}, None),
        (1, "S S", {}, None),
        (1, "a:Z S", {}, None),
        (1, "Z a:S", {}, None),
        (2, "Z S", {"aware": False}, [0]),
        (2, "G Z S", {"aware": False}, [0, 1]),
        (2, "Z S", {}, None),
        (2, "S Z", {"aware": False}, None),
        (2, "Z S Z", {"aware": False}, None),
        (2, "S Z S", {"aware": False}, None),
        (2, "Z s", {"aware": False}, None),
        (2, "Z S s", {"aware": False}, None),
        (2, "G S", {"aware": False}, None),
        (2, "Z Z", {"aware": False}, None),
        (2, "S S", {"aware": False}, None),
        (2, "a:Z Z S", {"aware": False}, [1]),
        (3, "Z a:Z", {}, None),
        (3, "Z -:Z", {}, [0]),
        (3, "Z Z", {}, None),
        (3, "a:Z a:Z", {}, None),
        (4, "Z a:S", {}, [0]),
        (4, "Z Z a:S", {}, [0, 1]),
        (4, "Z a:Z", {}, None),
        (4, "Z a:X", {}, None),
        (4, "Z S", {}, None),
        (4, "Z a:S", {"aware": False}, None),
        (4, "a:Z a:S", {}, None),
        (5, "Z X", {}, [0]),
        (5, "Z Z X", {}, [0, 1]),
        (5, "G Z X X", {}, [0, 1]),
        (5, "X Z", {}, None),
        (5, "Z X Z", {}, None),
        (5, "X Z X", {}, None),
        (5, "G X", {}, None),
        (5, "Z Z", {}, None),
        (5, "Z X S", {}, None),
        (5, "X X", {}, None),
        (5, "Z X", {"aware": False}, None),
        (5, "Z X", {"prefer_gzip": True}, None),
        (7, "G Z S", {"prefer_gzip": True}, [0]),
        (7, "Z G G S", {"prefer_gzip": True}, [1, 2]),
        (7, "Z S", {"prefer_gzip": True}, None),
        (7, "Z s", {"prefer_gzip": True}, None),
        (7, "G Z S", {}, None),
        (7, "G Z S", {"prefer_gzip": True, "aware": False}, None),
        (8, "Z S", {"toc_capable": False}, [0]),
        (8, "S Z G", {"toc_capable": False}, [1, 2]),
        (8, "Z S", {"toc_capable": False, "read_whole_by_toc": True}, [0, 1]),
        (8, "Z S", {}, None),
        (8, "Z S", {"toc_capable": False, "aware": False}, None),
        (8, "Z Z", {"toc_capable": False}, None),
        (8, "S S", {"toc_capable": False}, None),
        (9, "-:S Z", {}, [1]),
        (9, "-:S a:Z Z", {}, [1, 2]),
        (9, "-:Z -:Z a:Z", {}, [0, 1]),
        (9, "-:Z", {}, [0]),
        (9, "Z S", {}, None),
        (10, "Z S", {"prefer_gzip": True}, [1]),
        (10, "S Z S", {"prefer_gzip": True}, [0, 2]),
        (10, "Z S", {}, None),
        (10, "G Z S", {"prefer_gzip": True}, None),
        (10, "Z s", {"prefer_gzip": True}, None),
        (10, "Z Z", {"prefer_gzip": True}, None),
        (10, "Z S", {"prefer_gzip": True, "aware": False}, None),
        (10, "Z S", {"prefer_gzip": True, "toc_capable": False}, None),
    ],
)
def test_what_a_check_allows(
    number: int, spelling: str, facts: dict[str, Any], expected: list[int] | None, chosen: int | None
) -> None:
    if chosen is not None and chosen >= len(entries(spelling)):
        chosen = 0
    # An entry without platform is SENT-SELECT-009 alone.
    of_003 = number == 3 and chosen is not None and entries(spelling)[chosen].platform is None
    allows(number, seen_of(spelling, chosen, **facts), None if of_003 else expected)


@pytest.mark.parametrize(
    ("spelling", "chosen", "expected"),
    [
        ("a:Z v:Z", 0, [1]),
        ("a:Z v:Z v:S", 2, [1, 2]),
        ("v:Z a:Z", None, [0]),
        ("a:Z v:Z", 1, [1]),
        ("a:Z a:S", 0, None),
        ("Z a:Z v:Z", 0, [2]),
        ("-:Z v:Z", 0, None),
        ("-:Z v:Z", None, [1]),
        ("-:Z v:Z", 1, [1]),
    ],
)
def test_the_better_platform_comes_first(spelling: str, chosen: int | None, expected: list[int] | None) -> None:
    allows(3, seen_of(spelling, chosen, V8), expected)


def test_the_sentinel_of_a_worse_variant_is_not_that_of_the_platform() -> None:
    allows(4, seen_of("v:Z a:S", 0, V8), [0])
    allows(4, seen_of("v:Z a:S", 1, V8), [0])
    allows(1, seen_of("v:Z v:S a:S", 2, V8), [1])


@pytest.mark.parametrize("value", ["True", "false", "", "1", "truer", "tru", "zz", "a"])
def test_every_value_but_true_is_another(value: str) -> None:
    other = Descriptor("", "", 1, annotations={ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: value}, platform=AMD64)
    index = Index(schema_version=2, manifests=(*entries("Z"), other))
    seen = SelectionSeen("choice", index, AMD64, 1, evidence=EVIDENCE)
    allows(5, seen, [0])


@pytest.mark.parametrize(
    ("spelling", "chosen", "facts", "outcome"),
    [
        ("Z S", 1, {"has_sentinel_layer": False, "relaxed": False}, "pass"),
        ("Z S", 1, {"has_sentinel_layer": False, "relaxed": True}, "fail"),
        ("Z S", 1, {"has_sentinel_layer": False, "relaxed": None}, "not-run"),
        ("Z S", 1, {"has_sentinel_layer": True, "relaxed": True}, None),
        ("Z S", 1, {"has_sentinel_layer": None, "relaxed": True}, None),
        ("Z S", 0, {"has_sentinel_layer": False, "relaxed": True}, None),
        ("Z S", None, {"has_sentinel_layer": False, "relaxed": True}, None),
    ],
)
def test_what_is_annotated_only_is_verified_whole(
    spelling: str, chosen: int | None, facts: dict[str, Any], outcome: str | None
) -> None:
    found = list(select.no_relaxation_without_a_sentinel_layer(seen_of(spelling, chosen, **facts)))
    assert [each.outcome for each in found] == ([outcome] if outcome else [])
    assert [each.where for each in found] == ["manifests[1]"] * len(found)
    assert [each.evidence for each in found if each.outcome == "fail"] == [EVIDENCE] * (outcome == "fail")


def test_by_digest_there_is_nothing_to_choose() -> None:
    assert list(select.no_toc_pull_no_sentinel(seen_of("Z S", 0))) == []


@pytest.mark.parametrize(
    ("ending", "expected", "outcome"),
    [("refused", None, "pass"), ("succeeded", None, "fail"), ("succeeded", {}, "pass"), ("refused", {}, "fail")],
)
def test_by_digest_a_client_without_partial_pulls_refuses(ending: Any, expected: Any, outcome: str) -> None:
    twin = RunSeen("pull", "succeeded", tree={})
    run = RunSeen("pull", ending, "no", tree={} if ending == "succeeded" else None)
    seen = TrialSeen("case", "a sentinel", ("SENT-SELECT-011",), run, expected, twin, {})
    assert [each.outcome for each in select.no_toc_pull_no_sentinel(seen)] == [outcome]

"""TAR-056, TAR-057 and TAR-059: what layers state of names that only lower layers have."""

import time
from collections.abc import Sequence

import pytest

from conformance.checks.artifact import stack_rules
from conformance.checks.artifact.stack_rules import (
    Budget,
    entries_below_others,
    links_to_nothing,
    outer_links,
    stands_alone,
)
from conformance.format.toc import Entry
from conformance.format.toc_outline import Outline, outline


def layer(*entries: tuple[str, str] | tuple[str, str, str]) -> Outline:
    """Entries as type and name, and the target of a link."""
    return outline([Entry(each[0], each[1], "".join(each[2:])) for each in entries])


LINK = layer(("dir", "etc"), ("reg", "etc/f"), ("symlink", "l", "etc"))


def below(*stack: Outline | None) -> list[str]:
    return [each.problem.found for each in entries_below_others(stack, Budget())]


def lost(*stack: Outline | None) -> list[str]:
    return [each.problem.found for each in links_to_nothing(stack, Budget())]


def test_an_entry_below_a_link_of_any_lower_layer_is_found_once() -> None:
    found = below(LINK, layer(("reg", "other")), layer(("reg", "l/f"), ("reg", "./l/g/h")))
    assert found == ["the symlink 'l' of a lower layer"]


@pytest.mark.parametrize(
    "upper",
    [
        layer(("dir", "l"), ("reg", "l/f")),
        layer(("dir", "l/"), ("reg", "l/f")),
        layer(("reg", ".wh.l"), ("reg", "l/f")),
        layer(("reg", ".wh..wh..opq"), ("reg", "l/f")),
        layer(("reg", "etc/g")),
        layer(("reg", "lx/f")),
    ],
)
def test_a_directory_a_whiteout_and_other_names_are_permitted(upper: Outline) -> None:
    assert below(LINK, upper) == []


@pytest.mark.parametrize(
    "middle",
    [
        layer(("dir", "l")),
        layer(("reg", ".wh.l")),
        layer(("reg", ".wh..wh..opq")),
        None,
    ],
)
def test_what_a_layer_between_replaces_removes_or_may_have_is_not_reported(middle: Outline | None) -> None:
    assert below(LINK, middle, layer(("reg", "l/f"))) == []


def test_a_name_below_a_replaced_directory_is_not_reported() -> None:
    lower = layer(("dir", "a"), ("symlink", "a/b", "x"))
    assert below(lower, layer(("symlink", "a", "y")), layer(("dir", "a"), ("reg", "a/b/c"))) == []


def test_the_lowest_layer_and_whole_layers_stand_alone() -> None:
    assert stands_alone(LINK)
    assert not stands_alone(layer(("reg", "l/f")))
    assert not stands_alone(layer(("hardlink", "h", "f")))
    assert below(layer(("reg", "l/f"))) == []


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("etc/f", []),
        ("./etc//f", []),
        ("l", []),
        ("l/f", []),
        ("etc", ["the directory 'etc'"]),
        ("etc/g", ["'etc/g', which no layer has"]),
    ],
)
def test_a_hard_link_needs_a_file_of_a_lower_layer(target: str, found: Sequence[str]) -> None:
    upper = layer(("hardlink", "h", target))
    assert lost(LINK, layer(("reg", "between")), upper) == found
    assert lost(LINK, None, upper) == []
    assert lost(upper) == []  # TOC-021


@pytest.mark.parametrize(
    ("beside", "found"),
    [
        (("reg", "etc/.wh.f"), "'etc/f', which a whiteout of the same layer removes"),
        (("reg", "./.wh.etc"), "'etc/f', which a whiteout of the same layer removes"),
        (("reg", "etc/.wh..wh..opq"), "'etc/f', which a whiteout of the same layer removes"),
        (("reg", ".wh..wh..opq"), "'etc/f', which a whiteout of the same layer removes"),
        (("reg", "etc"), "'etc/f', below an entry of the same layer that is no directory"),
        (("fifo", "./etc"), "'etc/f', below an entry of the same layer that is no directory"),
    ],
)
def test_a_hard_link_to_a_file_that_its_layer_removes(beside: tuple[str, str], found: str) -> None:
    link = ("hardlink", "h", "etc/f")
    assert lost(LINK, layer(beside, link)) == [found]
    assert lost(LINK, layer(link, beside)) == [found]
    assert lost(None, layer(link, beside)) == [found]


@pytest.mark.parametrize("beside", [("reg", "etc/.wh.g"), ("symlink", "etc", "l"), ("dir", "etc"), ("reg", "et/.wh.f")])
def test_a_hard_link_beside_whiteouts_of_other_names(beside: tuple[str, str] | tuple[str, str, str]) -> None:
    assert lost(LINK, layer(("hardlink", "h", "etc/f"), beside)) == []


def test_a_hard_link_to_a_file_that_a_lower_layer_removes_is_not_decided() -> None:
    assert lost(LINK, layer(("reg", "etc/.wh.f")), layer(("hardlink", "h", "etc/f"))) == []


def test_an_opaque_whiteout_below_a_link_of_a_lower_layer() -> None:
    found = ["the symlink 'l' of a lower layer"]
    assert below(LINK, layer(("reg", "l/.wh..wh..opq"))) == found
    assert below(LINK, layer(("reg", "l/.wh..wh..opq"), ("reg", "l/f"))) == found
    assert below(LINK, layer(("dir", "l"), ("reg", "l/.wh..wh..opq"))) == []
    assert below(LINK, layer(("reg", "etc/.wh..wh..opq"))) == []
    assert below(LINK, layer(("reg", "l/m/.wh..wh..opq"))) == found


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([("hardlink", "h", "etc/f")], ["'etc/f'"]),
        ([("reg", "etc/f"), ("hardlink", "h", "./etc/f")], []),
        ([("symlink", "l", "etc"), ("hardlink", "h", "l/f")], []),
        ([("symlink", "l", "etc"), ("hardlink", "h", "lx/f")], ["'lx/f'"]),
    ],
)
def test_links_to_lower_layers(entries: list[tuple[str, str]], found: Sequence[str]) -> None:
    assert [each.found for each in outer_links(layer(*entries))] == found


def test_names_without_end_are_left_out_in_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "/".join(["d"] * 4000)
    upper = layer(*(("hardlink", f"h{n}", f"{deep}/{n}") for n in range(500)))
    budget, begun = Budget(), time.process_time()
    assert list(links_to_nothing((LINK, upper), budget)) == []
    assert budget.is_spent
    assert list(outer_links(upper))
    assert time.process_time() - begun < 5
    monkeypatch.setattr(stack_rules, "MAX_COMPARED", 2)
    small = Budget()
    assert list(links_to_nothing((LINK, layer(("hardlink", "h", "none"))), small)) == []
    assert small.is_spent


@pytest.mark.parametrize("kind", ["block", "char", "fifo", "hardlink", "reg", "symlink"])
def test_an_entry_that_is_not_a_directory_holds_no_entry(kind: str) -> None:
    assert below(layer((kind, "l", "x")), layer(("reg", "l/f"))) == [f"the {kind} 'l' of a lower layer"]
    nested = layer(("dir", "l"), ("symlink", "l/d", "x"))
    assert below(nested, layer(("dir", "l"), ("reg", "l/d/f"))) == ["the symlink 'l/d' of a lower layer"]
    assert below(nested, layer((kind, "l", "x"), ("reg", "l/d/f"))) == []


def test_targets_in_the_layer_itself_need_no_other() -> None:
    own = layer(("reg", "f"), ("reg", "g"), ("hardlink", "h", "./f"), ("hardlink", "i", "g"))
    assert stands_alone(own)
    assert lost(LINK, own) == []


@pytest.mark.parametrize(("limit", "spent"), [(3, False), (2, True)])
def test_entries_are_compared_up_to_a_limit(limit: int, spent: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers below the one that decides are not compared."""
    monkeypatch.setattr(stack_rules, "MAX_COMPARED", limit)
    budget = Budget()
    found = list(entries_below_others((LINK, LINK, layer(("reg", "l/f"))), budget))
    assert (len(found), budget.is_spent) == (0 if spent else 1, spent)


@pytest.mark.parametrize(("limit", "kept"), [(5, 0), (6, 1), (20, 1), (21, 2)])
def test_names_cost_their_characters_with_all_above_them(
    limit: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stack_rules, "MAX_CHARACTERS", limit)
    budget = Budget()
    assert len(budget.kept({1: "a/b", 2: "c/d/e"})) == kept
    assert budget.is_spent == (kept < 2)


def test_every_layer_below_is_searched() -> None:
    others = [layer(("reg", name)) for name in "uvwxyz"]
    upper = layer(("reg", "l/f"), ("hardlink", "h", "none"))
    for place in range(6):
        stack = (*others[:place], LINK, *others[place:], upper)
        assert below(*stack) == ["the symlink 'l' of a lower layer"]
        assert lost(*stack) == ["'none', which no layer has"]

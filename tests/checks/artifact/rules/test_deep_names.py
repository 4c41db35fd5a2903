"""The rules of names: what real trees have passes, and hostile depth costs bounded time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.artifact import name_rules
from conformance.format import toc_names
from conformance.format.toc import Entry
from conformance.format.toc_outline import Outline

NAMES = st.lists(st.sampled_from(("a", "b", ".", "", "c.d", "..e")), min_size=1, max_size=5).map("/".join)


def outline_of(*entries: tuple[str, str]) -> Outline:
    return Outline([Entry(type=kind, name=name) for name, kind in entries])


@pytest.mark.parametrize("name", ["..a", "a..", "a/..b/c", "...", "/etc/f", "./etc/f", "etc//f", ".wh..wh..opq"])
def test_names_that_do_not_climb_pass(name: str) -> None:
    assert not list(name_rules.climbing_names(outline_of((name, "reg"))))


@pytest.mark.parametrize("name", ["..", "../a", "a/..", "/..", "a/../b", "./../a"])
def test_names_that_climb_are_found(name: str) -> None:
    assert list(name_rules.climbing_names(outline_of((name, "reg"))))


@pytest.mark.parametrize("other", ["./a", "/a", "a/", "a/.", ".//a", "//a"])
def test_two_spellings_of_one_name_are_found(other: str) -> None:
    (found,) = name_rules.names_twice(outline_of(("a", "dir"), (other, "dir")))
    assert found.index == 1


def test_one_name_written_alike_twice_is_another_rule() -> None:
    assert not list(name_rules.names_twice(outline_of(("./a", "reg"), ("./a", "reg"))))


@pytest.mark.parametrize("parent", ["a", "./a", "/a", "a/b", "a/b/c"])
@pytest.mark.parametrize("kind", ["reg", "symlink", "hardlink", "char", "fifo"])
def test_an_entry_below_another_type_is_found(parent: str, kind: str) -> None:
    entries = ((parent, kind), ("a/b/c/d", "reg"))
    assert [each.index for each in name_rules.wrong_parents(outline_of(*entries))] == [0]
    assert [each.index for each in name_rules.wrong_parents(outline_of(*entries[::-1]))] == [1]
    assert not list(name_rules.wrong_parents(outline_of((parent, "dir"), ("a/b/c/d", "reg"))))


@pytest.mark.parametrize("kind", ["block", "char", "fifo", "hardlink", "reg", "symlink"])
def test_below_deep_names_another_type_is_found_too(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toc_names.Names, "parents", None)
    toc = outline_of(("a/b", kind), ("a/b/c", "reg"))
    assert [each.found for each in name_rules.wrong_parents(toc)] == [f"type {kind}"]
    assert not list(name_rules.wrong_parents(outline_of(("a/b", "dir"), ("a/b/c", kind))))


@given(st.lists(st.tuples(NAMES, st.sampled_from(("block", "char", "dir", "fifo", "reg", "symlink"))), max_size=8))
def test_looking_up_and_sorting_find_the_same(entries: list[tuple[str, str]]) -> None:
    unique = {toc_names.cleaned(name): (name, kind) for name, kind in entries}
    toc = outline_of(*unique.values())
    looked_up = {each.index for each in name_rules.wrong_parents(toc)}
    assert looked_up == {each.index for each in name_rules._wrong_parents_sorted(toc.entries) if each.name != "''"}


def test_deep_names_without_common_parents_cost_bounded_time() -> None:
    deep = [(f"{number}/" + "x/" * 2000 + "f", "reg") for number in range(3000)]
    start = time.monotonic()
    assert [each.index for each in name_rules.wrong_parents(outline_of(("7/x", "reg"), *deep))] == [0]
    assert time.monotonic() - start < 10

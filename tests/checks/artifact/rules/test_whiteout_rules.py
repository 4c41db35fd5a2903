"""Rules on whiteouts: names in other spellings, and TOCs that are made to take long."""

import time
from collections.abc import Sequence

import pytest

from conformance.checks.artifact.hard_links import differing_hard_links
from conformance.checks.artifact.toc_rules import wrong_whiteouts
from conformance.checks.artifact.whiteout_rules import (
    contradicted_whiteouts,
    is_opaque,
    is_whiteout,
    nameless_whiteouts,
    opaque_root,
)
from conformance.format import toc_names
from conformance.format.toc import Entry
from conformance.format.toc_outline import Outline, outline


def toc_of(names: Sequence[str]) -> Outline:
    return outline([Entry(type="reg", name=name) for name in names])


@pytest.mark.parametrize(
    "names",
    [
        ("a", ".wh.a"),
        ("./d//x", "d/.wh.x"),
        ("/.wh.d", "d/e/f/g"),
        (".wh.d", "d/.wh.x"),
        ("d/.wh..wh", "d/.wh"),
    ],
)
def test_a_whiteout_and_an_entry_at_or_below_its_name(names: Sequence[str]) -> None:
    assert list(contradicted_whiteouts(toc_of(names)))
    assert list(contradicted_whiteouts(toc_of(names[::-1])))


@pytest.mark.parametrize(
    "names",
    [
        (".wh.a", "ab", "b/a", "a.b"),
        ("d/.wh.x", "x", "e/x"),
        ("d/.wh..wh..opq", "d/opq", "d/.opq", "d/x"),
        (".wh..wh.plnk", "plnk", ".plnk"),
        ("d/.wh.", "d/.wh..", "d/x"),
        (".wh.a",),
    ],
)
def test_a_whiteout_beside_other_names(names: Sequence[str]) -> None:
    assert not list(contradicted_whiteouts(toc_of(names)))


@pytest.mark.parametrize("name", [".wh.", "d/.wh..", "d/e/.wh..."])
def test_a_whiteout_of_no_name(name: str) -> None:
    assert list(nameless_whiteouts(toc_of([name])))


@pytest.mark.parametrize("name", [".wh....", ".wh..a", ".wh..wh..opq", "a.wh.", "d.wh./x"])
def test_a_name_that_is_none_of_these(name: str) -> None:
    assert not list(nameless_whiteouts(toc_of([name])))


@pytest.mark.parametrize(("name", "size"), [(".wh.a", 1), ("d/.wh..wh..opq", 9), (".wh.a/b", 0), ("./d/.wh../b/c", 1)])
def test_what_is_named_as_a_whiteout_and_is_none(name: str, size: int) -> None:
    assert list(wrong_whiteouts(outline([Entry(type="reg", name=name, size=size)])))


@pytest.mark.parametrize(("name", "size"), [(".wh.a", 0), ("a.wh./b", 1), (".wh", 1), (".wha/b", 1), ("d/a.wh.b", 1)])
def test_a_whiteout_without_content_and_names_that_resemble_it(name: str, size: int) -> None:
    assert not list(wrong_whiteouts(outline([Entry(type="reg", name=name, size=size)])))


@pytest.mark.parametrize("name", [".wh..wh..opq", "./.wh..wh..opq", "/.wh..wh..opq", "d/../.wh..wh..opq"])
def test_an_opaque_root(name: str) -> None:
    assert list(opaque_root(toc_of([name])))
    assert not list(opaque_root(toc_of(["d/.wh..wh..opq", ".wh..wh..opq.a", ".wh.a"])))


def test_what_is_a_whiteout() -> None:
    assert is_whiteout("d/.wh.x")
    assert is_whiteout(".wh..wh..opq")
    assert not is_whiteout("d/x.wh.y")
    assert not is_whiteout(".wh.d/x")


@pytest.mark.parametrize("kind", ["block", "char", "dir", "fifo", "hardlink", "reg", "symlink"])
def test_an_entry_of_any_type_at_the_name_of_a_whiteout(kind: str) -> None:
    found = contradicted_whiteouts(outline([Entry(type="reg", name=".wh.a"), Entry(type=kind, name="a")]))
    assert [each.index for each in found] == [1]
    chunk = outline([Entry(type="reg", name=".wh.a"), Entry(type="chunk", name="a"), Entry(type="chunk", name="a/b")])
    assert not list(contradicted_whiteouts(chunk))


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ((".wh.d", "d/f"), 1),
        ((".wh.d", "d/a/b", "c", "e"), 1),
        ((".wh.d", "d!", "d0", "dd/f"), 0),
        ((".wh.z", "a", "b"), 0),
        ((".wh.d", "./d//f"), 1),
        (("x/.wh.d", "d/f", "x/dd/f"), 0),
        (("x/.wh.d", "x/d/f"), 1),
    ],
)
def test_names_so_deep_that_they_are_sorted(names: Sequence[str], wrong: int, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = [(each.index, each.found) for each in contradicted_whiteouts(toc_of(names))]
    monkeypatch.setattr(toc_names.Names, "parents", None)
    assert [(each.index, each.found) for each in contradicted_whiteouts(toc_of(names))] == looked_up
    assert len(looked_up) == wrong


def test_deep_names_do_not_take_long() -> None:
    """So deep that their parents are not looked up one by one."""
    deep = "/".join(["a" * 50] * 80)
    toc = toc_of([*(f"{deep}/{number}/.wh.x" for number in range(3000)), *(f"{deep}/{n}/y" for n in range(20_000))])
    assert toc.names.parents is None
    began = time.monotonic()
    assert not list(contradicted_whiteouts(toc))
    assert time.monotonic() - began < 20
    found = toc_of([*(f"{deep}/{number}/.wh.x" for number in range(20_000)), f"{deep}/7/x/y"])
    assert found.names.parents is None
    assert len(list(contradicted_whiteouts(found))) == 1


def test_a_hard_link_whose_file_is_in_another_layer_is_not_compared() -> None:
    link = Entry(type="hardlink", name="h", link_name="below", mode=0o4755)
    assert not list(differing_hard_links(outline([link])))


@pytest.mark.parametrize(
    ("name", "whiteout", "opaque"),
    [
        (".wh..wh..opq", True, True),
        ("d/.wh..wh..opq", True, True),
        (".wh..wh..opq/", True, True),
        (".wh..wh..opp", True, False),
        (".wh..wh..opr", True, False),
        (".wh..wh.", True, False),
        (".wh.x", True, False),
        (".wh", False, False),
        ("-", False, False),
        ("x", False, False),
        (".wh..wh..opq/x", False, False),
    ],
)
def test_a_whiteout_is_known_by_its_last_component(name: str, whiteout: bool, opaque: bool) -> None:
    assert (is_whiteout(name), is_opaque(name)) == (whiteout, opaque)

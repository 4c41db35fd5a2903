"""Rules over names: clean spellings, the reported values, and the quick passes."""

import builtins

import pytest

from conformance.checks.artifact import name_rules, toc_rules
from conformance.format import toc_names
from conformance.format.toc import Entry
from conformance.format.toc_outline import MAX_PROBLEMS, EntryProblem, Outline, outline
from tests.checks.artifact.rules.entries import told


def entries(*names: str, kind: str = "reg") -> list[Entry]:
    """``d:name`` is a directory, ``c:name`` a chunk."""
    kinds = {"d": "dir", "c": "chunk", "b": "block"}
    parts = [name.rpartition(":") for name in names]
    return [Entry(type=kinds.get(what, kind), name=name) for what, _, name in parts]


def toc(*names: str) -> Outline:
    return Outline(entries(*names))


@pytest.mark.parametrize(
    ("name", "clean", "cleaned"),
    [
        ("a", True, "a"),
        ("a/b", True, "a/b"),
        ("a.b/c..", True, "a.b/c.."),
        ("a\n", True, "a\n"),
        ("", False, ""),
        ("/", False, ""),
        (".", False, ""),
        ("./", False, ""),
        ("..", False, ""),
        ("/a", False, "a"),
        ("./a", False, "a"),
        (".a", False, ".a"),
        ("..a", False, "..a"),
        ("a/", False, "a"),
        ("ab/", False, "ab"),
        ("a/b/", False, "a/b"),
        ("a//", False, "a"),
        ("a//b", False, "a/b"),
        ("//a", False, "a"),
        ("///a", False, "a"),
        ("a/./b", False, "a/b"),
        ("a/.b", False, "a/.b"),
        ("a/..", False, ""),
        ("a/../b", False, "b"),
        ("a/../../b", False, "b"),
        ("a/.", False, "a"),
    ],
)
def test_which_names_cleaning_leaves_as_they_are(name: str, clean: bool, cleaned: str) -> None:
    assert toc_names.is_clean(name) == clean
    assert toc_names.cleaned(name) == cleaned


@pytest.mark.parametrize("name", ["a/", "ab/"])
def test_a_slash_at_the_end_costs_no_cleaning(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posixpath.normpath", None)
    assert toc_names.cleaned(name) == name[:-1]
    assert toc_names.cleaned("a/b") == "a/b"


@pytest.mark.parametrize(
    ("names", "index", "found"),
    [
        (("a", "./a"), 1, "'a' of entries[0], cleaned"),
        (("x", "./a", "a"), 2, "'./a' of entries[1], cleaned"),
        (("d:a/", "a"), 1, "'a/' of entries[0], cleaned"),
        (("b:a", "b:./a"), 1, "'a' of entries[0], cleaned"),
        (("c:./a", "a", "./a"), 2, "'a' of entries[1], cleaned"),
    ],
)
def test_a_name_in_two_spellings_is_reported(names: tuple[str, ...], index: int, found: str) -> None:
    assert told(name_rules.names_twice(toc(*names))) == [(index, "a unique name", found)]


@pytest.mark.parametrize("names", [("a", "c:./a"), ("c:./a", "c:a"), ("./a", "./b"), ("a", "b"), ("./a", "./a"), ()])
def test_names_in_one_spelling(names: tuple[str, ...]) -> None:
    assert told(name_rules.names_twice(toc(*names))) == []


@pytest.mark.parametrize("names", [("a", "b", "./c"), ("c", "b", "./a"), ("b", "./c", "./a", "./b/")])
def test_two_names_of_one_hash_are_two(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toc_names, "hash", lambda _: 0, raising=False)
    monkeypatch.setattr(name_rules, "hash", lambda _: 0, raising=False)
    problems: list[EntryProblem] = list(name_rules.names_twice(toc(*names)))
    assert [each.index for each in problems] == ([3] if len(names) > 3 else [])


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a"), ("b", "a", "b")])
def test_two_repeated_names_of_one_hash_are_two(names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toc_names, "hash", lambda _: 0, raising=False)
    monkeypatch.setattr(toc_rules, "hash", lambda _: 0, raising=False)
    found = told(toc_rules.repeated_names(outline(entries(*names))))
    assert found == [(2, "a unique name", "the name of entries[0]")] * (len(names) > 2)


@pytest.mark.parametrize(
    ("names", "times"),
    [
        (("a", "b", "d:c"), 0),
        (("a", "c:a", "c:a", "b"), 0),
        (("c:x", "a"), 0),
        ((), 0),
        (("a", "a"), 2),
        (("a", "c:a", "./a"), 2),
    ],
)
def test_names_are_compared_one_by_one_only_where_some_are_equal(
    names: tuple[str, ...], times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[object] = []

    def counting(value: object) -> int:
        hashed.append(value)
        return builtins.hash(value)

    monkeypatch.setattr(toc_rules, "hash", counting, raising=False)
    monkeypatch.setattr(name_rules, "hash", counting, raising=False)
    list(toc_rules.repeated_names(toc(*names)))
    assert len(hashed) == times
    list(name_rules.names_twice(toc(*names)))
    assert len(hashed) == 2 * times


def test_repeated_names_are_reported_with_the_first() -> None:
    found = told(toc_rules.repeated_names(outline(entries("x", "a", "c:a", "a", "b", "d:a"))))
    assert found == [(index, "a unique name", "the name of entries[1]") for index in (3, 5)]


@pytest.mark.parametrize("kind", ["reg", "block", "char", "dir", "symlink"])
def test_names_of_all_types_may_climb(kind: str) -> None:
    assert len(told(name_rules.climbing_names(Outline(entries("..", kind=kind))))) == 1


@pytest.mark.parametrize("name", ["..", "../a", "a/..", "a/../b", "/.."])
def test_a_name_that_climbs_is_reported(name: str) -> None:
    assert told(name_rules.climbing_names(toc("a", name, f"c:{name}", "b..", "..b", "a..b"))) == [
        (1, "a name without the component ..", repr(name))
    ]


@pytest.mark.parametrize(
    ("names", "indices"),
    [
        (("a", "a/b"), [0]),
        (("a/b", "a"), [1]),
        (("d:a", "a/b"), []),
        (("a", "ab/c", "a.b", "ab"), [3]),
        (("a", "ab"), []),
        (("ab", "a"), []),
        (("z/y/x", "z", "a/b", "a"), [1, 3]),
        (("a/b", "a", "z/y/x", "z", "d:z/y"), [1, 3]),
        (("a/b", "a/c", "z/b", "z/c", "a/d", "a", "z"), [5, 6]),
        (("b", "b/c", "a", "a/c"), [0, 2]),
        (("a/b/c/d", "a/b", "a"), [1, 2]),
        (("c:a", "a/b"), []),
        (("a", "c:a/b"), []),
        (("./a", "a/b"), [0]),
        (("a", "./a/b"), [0]),
        (("a", "/b"), []),
        (("/", "a"), []),
        (("a/", "a/b"), [0]),
    ],
)
def test_what_has_others_below_it_is_a_directory(names: tuple[str, ...], indices: list[int]) -> None:
    found = told(name_rules.wrong_parents(toc(*names)))
    assert found == [(index, "type dir, for other entries lie below it", "type reg") for index in indices]


@pytest.mark.parametrize(("most", "sorted_by_name"), [(2, True), (3, True), (4, False), (5, False)])
def test_parents_are_looked_up_as_long_as_they_are_few(
    most: int, sorted_by_name: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names are sorted instead where all parents together have more characters than the limit."""
    monkeypatch.setattr(toc_names, "_MAX_CLIMBED", most)
    found = told(name_rules.wrong_parents(toc("bb", "bb/x", "aa", "aa/x", "aa/y", "c:bb/x")))
    assert [index for index, _, _ in found] == ([2, 0] if sorted_by_name else [0, 2])
    assert {(expected, value) for _, expected, value in found} == {
        ("type dir, for other entries lie below it", "type reg")
    }


def test_names_are_sorted_without_those_of_directories_and_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toc_names, "_MAX_CLIMBED", 0)
    names = ("d:d", "d/x", "a", "a.b", "a/x", "a/y", "f", "c:f/x", "g", "g-/x")
    assert [each.index for each in name_rules.wrong_parents(toc(*names))] == [2]
    others = ("a", "a/x", "a.b", "./b", "b/y", "d:d", "d/x", "ab")
    assert [each.index for each in name_rules.wrong_parents(toc(*others))] == [0, 3]


def test_the_first_problems_of_names_are_reported() -> None:
    many = [f"../{number}" for number in range(MAX_PROBLEMS + 5)]
    assert len(list(name_rules.climbing_names(toc(*many)))) == MAX_PROBLEMS
    twice = [name for number in range(MAX_PROBLEMS + 5) for name in (str(number), f"./{number}")]
    assert len(list(name_rules.names_twice(toc(*twice)))) == MAX_PROBLEMS
    below = [name for number in range(MAX_PROBLEMS + 5) for name in (str(number), f"{number}/x")]
    assert len(list(name_rules.wrong_parents(toc(*below)))) == MAX_PROBLEMS
    same = ["a"] * (MAX_PROBLEMS + 5)
    assert len(list(toc_rules.repeated_names(outline(entries(*same))))) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("names", "distinct", "plain"),
    [
        (("a", "a/b"), True, True),
        (("d:a/", "a/b"), True, True),
        (("d:ab/c/",), True, True),
        (("a/",), True, False),
        (("d:/",), True, False),
        (("d:a//",), True, False),
        (("./a",), True, False),
        (("a", "d:a/"), False, True),
        (("a", "./a"), False, False),
        (("c:./a", "a", "c:a"), True, True),
    ],
)
def test_a_slash_after_a_directory_is_plain(names: tuple[str, ...], distinct: bool, plain: bool) -> None:
    found = toc_names.names_of(entries(*names))
    assert (found.distinct, found.plain) == (distinct, plain)

"""The rules over TOC entries: the one quick pass never lets through what inspecting each entry finds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.artifact import chunk_rules, toc_rules
from conformance.checks.artifact.hard_links import wrong_hard_links
from conformance.format.toc import Entry
from conformance.format.toc_outline import Outline, outline
from tests.checks.artifact.rules.entries import DIGEST, FILE, OTHER, SECOND, THIRD, changed


def test_conforming_chunks_break_no_rule() -> None:
    found = outline([FILE, SECOND, THIRD, OTHER])
    assert found.tiled
    for rule in (chunk_rules.untiled, chunk_rules.stray_chunks, toc_rules.repeated_names, toc_rules.wrong_shapes):
        assert list(rule(found)) == []


@pytest.mark.parametrize(
    "entries",
    [
        [changed(FILE, chunk_size=0), changed(SECOND, chunk_offset=0, chunk_size=30)],
        [changed(FILE, chunk_offset=5), SECOND, THIRD],
        [FILE, SECOND],
        [FILE, SECOND, changed(THIRD, chunk_size=11)],
    ],
    ids=["the file has no first chunk", "the first chunk is elsewhere", "one is missing", "one is too long"],
)
def test_chunks_that_do_not_tile_their_file_are_found(entries: list[Entry]) -> None:
    assert list(chunk_rules.untiled(outline(entries)))


def test_a_stray_chunk_does_not_hide_a_name_that_is_there_twice() -> None:
    found = outline([OTHER, changed(OTHER, offset=60, end_offset=70), changed(SECOND, name="of no file")])
    assert [problem.index for problem in toc_rules.repeated_names(found)] == [1]


@pytest.mark.parametrize("kind", ["block", "char", "dir", "fifo", "hardlink", "reg", "symlink"])
def test_a_name_is_there_twice_whatever_the_types(kind: str) -> None:
    other = changed(OTHER, name="z")
    for first, second in ((kind, "reg"), ("reg", kind), (kind, kind)):
        found = outline([changed(OTHER, type=first, name="z"), SECOND, changed(other, type=second)])
        assert [problem.index for problem in toc_rules.repeated_names(found)] == [2]
    chunks = outline([other, changed(other, type="chunk"), changed(other, type="chunk")])
    assert not list(toc_rules.repeated_names(chunks))


@pytest.mark.parametrize(
    "field", [{"chunk_size": 1}, {"chunk_offset": 1}, {"chunk_digest": DIGEST}, {"chunk_type": "zeros"}]
)
@pytest.mark.parametrize("kind", ["dir", "fifo"])
def test_only_files_have_chunk_fields(kind: str, field: dict[str, object]) -> None:
    assert list(toc_rules.wrong_shapes(outline([changed(Entry(type=kind, name="a"), **field)])))


NUMBERS = st.integers(0, 4).map(lambda number: number * 10)
ENTRIES = st.lists(
    st.builds(
        Entry,
        type=st.sampled_from(["reg", "chunk", "chunk", "dir"]),
        name=st.sampled_from(["a", "a", "b"]),
        size=NUMBERS,
        offset=NUMBERS,
        end_offset=NUMBERS,
        chunk_size=NUMBERS,
        chunk_offset=NUMBERS,
    ),
    max_size=5,
)


@given(ENTRIES)
def test_what_passes_by_the_quick_pass_passes_entry_by_entry(entries: list[Entry]) -> None:
    quick = outline(entries)
    slow: Outline = msgspec.structs.replace(quick, tiled=False)
    rules = (
        chunk_rules.untiled,
        chunk_rules.stray_chunks,
        chunk_rules.disordered_chunks,
        chunk_rules.overloaded_chunks,
        chunk_rules.wrong_chunk_types,
        toc_rules.repeated_names,
    )
    for rule in rules:
        assert list(rule(quick)) == list(rule(slow)), rule.__name__
    everything = msgspec.structs.replace(quick, odd=list(range(len(entries))))
    seen = {problem.index for problem in toc_rules.wrong_shapes(everything) if entries[problem.index].type != "chunk"}
    assert seen <= {problem.index for problem in toc_rules.wrong_shapes(quick)}


def problems(rule: object, *entries: Entry, **options: object) -> list[int]:
    """The indices of the entries that a rule finds, by the quick pass and without it."""
    assert callable(rule)
    quick = outline(list(entries))
    found = [each.index for each in rule(quick, **options)]
    slow = [each.index for each in rule(msgspec.structs.replace(quick, tiled=False), **options)]
    assert found == slow
    return found


@pytest.mark.parametrize(
    "digest",
    ["", "sha256:", "sha256:" + "AB" * 32, "sha256:" + "ab" * 31, DIGEST + "ab", "sha512:" + "ab" * 64, f" {DIGEST}"],
)
def test_a_digest_that_is_none_is_found(digest: str) -> None:
    assert problems(toc_rules.wrong_shapes, changed(OTHER, digest=digest)) == [0]
    assert problems(toc_rules.wrong_shapes, OTHER) == []


EMPTY = Entry(type="reg", name="e")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, False),
        ({"digest": toc_rules.EMPTY_DIGEST}, False),
        ({"digest": DIGEST}, True),
        ({"offset": 5}, True),
        ({"end_offset": 5}, True),
        ({"size": -1}, True),
        ({"name": ""}, True),
        ({"link_name": "a"}, True),
        ({"dev_major": 1}, True),
        ({"dev_minor": 1}, True),
    ],
    ids=str,
)
def test_what_an_empty_file_may_have(fields: dict[str, object], wrong: bool) -> None:
    assert bool(problems(toc_rules.wrong_shapes, changed(EMPTY, **fields))) == wrong


@pytest.mark.parametrize(("offset", "end"), [(0, 60), (50, 0), (-1, 60), (50, -1)])
def test_a_file_with_content_has_both_offsets(offset: int, end: int) -> None:
    assert problems(toc_rules.wrong_shapes, changed(OTHER, offset=offset, end_offset=end)) == [0]


@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_a_link_has_a_target_and_nothing_of_a_file(kind: str) -> None:
    link = Entry(type=kind, name="l", link_name="b")
    assert problems(toc_rules.wrong_shapes, link) == []
    for fields in ({"link_name": ""}, {"size": 1}, {"digest": DIGEST}, {"offset": 1}, {"end_offset": 1}):
        assert problems(toc_rules.wrong_shapes, changed(link, **fields)) == [0], fields


@pytest.mark.parametrize(
    ("spans", "wrong"),
    [
        (((10, 20), (20, 30)), []),
        (((20, 30), (10, 20)), []),
        (((10, 21), (20, 30)), [1]),
        (((20, 30), (10, 21)), [0]),
        (((10, 30), (15, 20)), [1]),
        (((10, 20), (10, 20)), [1]),
        (((10, 10), (20, 30)), [0]),
        (((20, 10), (20, 30)), [0]),
        (((10, 20), (20, 101)), [1]),
        (((10, 20), (20, 100)), []),
    ],
)
def test_ranges_are_apart_and_before_the_toc(spans: tuple[tuple[int, int], ...], wrong: list[int]) -> None:
    files = [changed(OTHER, name=str(n), offset=start, end_offset=end) for n, (start, end) in enumerate(spans)]
    assert problems(toc_rules.overlapping, *files, toc_start=100) == wrong


@pytest.mark.parametrize(
    ("value", "wrong"), [("", False), ("AAEC", False), ("AA==", False), ("AA", True), ("A-_=", True), ("AA==\n", True)]
)
def test_values_of_attributes_are_padded_standard_base64(value: str, wrong: bool) -> None:
    assert bool(problems(toc_rules.wrong_xattrs, changed(OTHER, xattrs={"user.a": value}))) == wrong


@pytest.mark.parametrize(
    ("target", "has_lower", "wrong"),
    [
        ("b", False, []),
        ("/b", False, []),
        ("./x/../b", False, []),
        ("../b", True, [1]),
        ("x/../../b", True, [1]),
        ("x/..", True, []),
        ("c", False, [1]),
        ("c", True, []),
        ("l", True, [1]),
        ("z", True, [1]),
        ("z", False, [1]),
    ],
)
def test_hard_links_stay_below_the_root_and_point_back(target: str, has_lower: bool, wrong: list[int]) -> None:
    link = Entry(type="hardlink", name="l", link_name=target)
    later = changed(OTHER, name="z", offset=60, end_offset=70)
    found = problems(wrong_hard_links, OTHER, link, later, ranks=range(3), has_lower=has_lower)
    assert found == wrong


@pytest.mark.parametrize(
    ("name", "kind", "wrong"),
    [
        (".wh.a", "reg", False),
        ("d/.wh.a", "fifo", True),
        ("d/.wh.a/", "dir", True),
        ("d/.wh.a/b", "fifo", True),
        ("a.wh.", "fifo", False),
    ],
)
def test_whiteouts_are_regular(name: str, kind: str, wrong: bool) -> None:
    assert bool(problems(toc_rules.wrong_whiteouts, Entry(type=kind, name=name))) == wrong


@pytest.mark.parametrize("text", ["2024-13-01T00:00:00Z", "0001-01-01T00:00:00Z", "2024-01-01", "x"])
@pytest.mark.parametrize("field", ["modtime", "accesstime", "changetime"])
def test_times_that_are_none_are_found(text: str, field: str) -> None:
    fine = changed(OTHER, **{field: "2024-02-29T23:59:59.5+01:00"})
    assert problems(toc_rules.wrong_times, fine) == []
    assert problems(toc_rules.wrong_times, fine, changed(OTHER, **{field: text})) == [1]


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ([FILE, SECOND, THIRD], []),
        ([SECOND], [0]),
        ([OTHER, SECOND], [1]),
        ([FILE, changed(SECOND, name="b")], [1]),
        ([Entry(type="dir", name="a"), SECOND], [1]),
        ([changed(EMPTY, name="a"), SECOND], [1]),
        ([FILE, SECOND, OTHER, THIRD], [3]),
    ],
)
def test_chunks_stand_right_behind_their_file(entries: list[Entry], wrong: list[int]) -> None:
    assert problems(chunk_rules.stray_chunks, *entries) == wrong


@pytest.mark.parametrize(
    ("second", "third", "wrong"),
    [
        (20, 30, []),
        (10, 30, [1]),
        (9, 30, [1]),
        (20, 20, [2]),
        (20, 19, [2]),
        (20, 40, [2]),
        (20, 39, []),
        (40, 30, [1]),
    ],
)
def test_offsets_of_chunks_increase_within_their_file(second: int, third: int, wrong: list[int]) -> None:
    chunks = (changed(SECOND, offset=second), changed(THIRD, offset=third))
    assert problems(chunk_rules.disordered_chunks, FILE, *chunks, OTHER) == wrong
    assert problems(chunk_rules.disordered_chunks, OTHER, FILE, *chunks) == [index + 1 for index in wrong]


@pytest.mark.parametrize("fields", [{"mode": 1}, {"size": 1}, {"uid": 1}, {"digest": DIGEST}, {"xattrs": {"a": ""}}])
def test_chunks_have_nothing_of_their_file(fields: dict[str, object]) -> None:
    assert problems(chunk_rules.overloaded_chunks, FILE, changed(SECOND, **fields), THIRD) == [1]


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ([FILE], [0]),
        ([OTHER], []),
        ([OTHER, FILE], [1]),
        ([FILE, OTHER], [0]),
        ([FILE, SECOND, THIRD], []),
        ([OTHER, FILE, SECOND, THIRD, changed(FILE, name="c")], [4]),
    ],
)
def test_a_file_of_one_chunk_has_no_chunk_fields_also_as_the_last_entry(entries: list[Entry], wrong: list[int]) -> None:
    assert problems(chunk_rules.needless_chunk_fields, *entries) == wrong


@pytest.mark.parametrize(("kind", "wrong"), [("", []), ("zeros", []), ("data", [1]), ("Zeros", [1])])
def test_chunk_types_are_two(kind: str, wrong: list[int]) -> None:
    assert problems(chunk_rules.wrong_chunk_types, FILE, changed(SECOND, chunk_type=kind), THIRD) == wrong


def test_each_rule_reports_ten_problems_at_most() -> None:
    files = [changed(OTHER, name="same", digest="x", modtime="x", xattrs={"a": "?"}, offset=5, end_offset=4)] * 12
    for rule in (toc_rules.repeated_names, toc_rules.wrong_shapes, toc_rules.wrong_times, toc_rules.wrong_xattrs):
        assert len(problems(rule, *files)) == 10, rule.__name__
    assert len(problems(toc_rules.overlapping, *files, toc_start=100)) == 10

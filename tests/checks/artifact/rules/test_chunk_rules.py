"""Chunk rules at their edges: the reported entry, and the expected value."""

from collections.abc import Callable

import pytest

from conformance.checks.artifact import chunk_rules
from conformance.format.toc import Entry
from conformance.format.toc_outline import MAX_PROBLEMS, Outline, Problems, outline
from tests.checks.artifact.rules.entries import DIGEST, FILE, OTHER, SECOND, THIRD, changed


def places(problems: Problems) -> list[int]:
    return [problem.index for problem in problems]


@pytest.mark.parametrize(
    ("entries", "stray"),
    [
        ([FILE, SECOND, THIRD], []),
        ([SECOND], [0]),
        ([changed(FILE, type="dir"), SECOND], [1]),
        ([changed(FILE, type="symlink"), SECOND], [1]),
        ([changed(FILE, type=""), SECOND], [1]),
        ([changed(FILE, size=0), SECOND], [1]),
        ([changed(FILE, size=1), SECOND], []),
        ([changed(FILE, size=-1), SECOND], [1]),
        ([changed(FILE, name="0"), SECOND], [1]),
        ([changed(FILE, name="z"), SECOND], [1]),
        ([FILE, SECOND, changed(THIRD, name="0")], [2]),
        ([FILE, SECOND, changed(THIRD, name="z")], [2]),
        ([FILE, OTHER, SECOND], [2]),
        ([FILE, SECOND, OTHER, THIRD], [3]),
        ([SECOND, FILE, SECOND, SECOND], [0]),
    ],
)
def test_chunks_stand_right_behind_their_file(entries: list[Entry], stray: list[int]) -> None:
    assert places(chunk_rules.stray_chunks(outline(entries))) == stray


@pytest.mark.parametrize(
    ("entries", "spans"),
    [
        ([FILE], []),
        ([FILE, SECOND], [(0, 2)]),
        ([FILE, SECOND, THIRD], [(0, 3)]),
        ([OTHER, FILE, SECOND, THIRD, OTHER], [(1, 4)]),
        ([FILE, SECOND, changed(FILE, name="b"), changed(SECOND, name="b")], [(0, 2), (2, 4)]),
        ([FILE, SECOND, changed(THIRD, name="b")], [(0, 2)]),
        ([SECOND, FILE, SECOND], [(1, 3)]),
        ([FILE, OTHER, SECOND], []),
        ([changed(FILE, name="0"), SECOND], []),
        ([changed(FILE, name="z"), SECOND], []),
        ([changed(FILE, type="dir"), SECOND], []),
        ([OTHER, changed(SECOND, name="b"), FILE], [(0, 2)]),
        ([FILE, SECOND, OTHER, changed(SECOND, name="b")], [(0, 2), (2, 4)]),
    ],
)
def test_files_that_are_split(entries: list[Entry], spans: list[tuple[int, int]]) -> None:
    assert list(chunk_rules.split_files(outline(entries))) == spans


@pytest.mark.parametrize(
    ("entries", "wrong"),
    [
        ([FILE, SECOND, THIRD], []),
        ([FILE, SECOND, changed(THIRD, chunk_size=9)], [(0, "chunks of 30 bytes together", "29")]),
        ([FILE, SECOND, changed(THIRD, chunk_size=11)], [(0, "chunks of 30 bytes together", "31")]),
        ([FILE, SECOND], [(0, "chunks of 30 bytes together", "20")]),
        ([FILE, changed(SECOND, chunk_offset=9), THIRD], [(1, "begins at 10", "chunkOffset 9, chunkSize 10")]),
        ([FILE, changed(SECOND, chunk_offset=11), THIRD], [(1, "begins at 10", "chunkOffset 11, chunkSize 10")]),
        ([FILE, changed(SECOND, chunk_size=0), THIRD], [(1, "begins at 10", "chunkOffset 10, chunkSize 0")]),
        ([FILE, changed(SECOND, chunk_size=-1), THIRD], [(1, "begins at 10", "chunkSize -1")]),
        ([changed(FILE, chunk_offset=1), SECOND, THIRD], [(0, "begins at 0", "chunkOffset 1, chunkSize 10")]),
        ([changed(FILE, chunk_size=0), SECOND, THIRD], [(0, "begins at 0", "chunkOffset 0, chunkSize 0")]),
        ([changed(FILE, size=2, chunk_size=1), changed(SECOND, chunk_offset=1, chunk_size=1)], []),
        (
            [changed(FILE, size=2, chunk_size=1), changed(SECOND, chunk_offset=1, chunk_size=1), OTHER, SECOND, FILE],
            [(4, "one chunk of 30 bytes", "chunkOffset 0, chunkSize 10")],
        ),
        ([FILE, SECOND, THIRD, changed(OTHER, chunk_size=4)], [(3, "one chunk of 5 bytes", "chunkSize 4")]),
        ([changed(OTHER, chunk_size=4), FILE, SECOND, THIRD], [(0, "one chunk of 5 bytes", "chunkSize 4")]),
        ([changed(OTHER, chunk_size=5)], []),
        ([changed(OTHER, chunk_size=6)], []),
        ([changed(OTHER, chunk_size=4)], [(0, "one chunk of 5 bytes", "chunkOffset 0, chunkSize 4")]),
        ([changed(OTHER, chunk_size=-1)], [(0, "one chunk of 5 bytes", "chunkOffset 0, chunkSize -1")]),
        ([changed(OTHER, chunk_offset=1)], [(0, "one chunk of 5 bytes", "chunkOffset 1, chunkSize 0")]),
    ],
)
def test_chunks_tile_their_file(entries: list[Entry], wrong: list[tuple[int, str, str]]) -> None:
    found = list(chunk_rules.untiled(outline(entries)))
    assert [problem.index for problem in found] == [index for index, _, _ in wrong]
    for problem, (_, expected, value) in zip(found, wrong, strict=True):
        assert expected in problem.expected
        assert value in problem.found


@pytest.mark.parametrize(
    ("offsets", "wrong"),
    [
        ((10, 20, 30, 40), []),
        ((10, 11, 12, 13), []),
        ((10, 10, 30, 40), [1]),
        ((10, 9, 30, 40), [1]),
        ((10, 20, 20, 40), [2]),
        ((10, 20, 19, 40), [2]),
        ((10, 20, 40, 40), [2]),
        ((10, 20, 41, 40), [2]),
        ((10, 40, 45, 40), [1]),
    ],
)
def test_offsets_increase_and_stay_below_the_end(offsets: tuple[int, int, int, int], wrong: list[int]) -> None:
    first, second, third, end = offsets
    entries = [
        changed(FILE, offset=first, end_offset=end),
        changed(SECOND, offset=second),
        changed(THIRD, offset=third),
    ]
    assert places(chunk_rules.disordered_chunks(outline(entries))) == wrong


@pytest.mark.parametrize("kind", ["zeros", ""])
def test_chunk_types(kind: str) -> None:
    entries = [changed(FILE, chunk_type=kind), changed(SECOND, chunk_type=kind), THIRD]
    assert places(chunk_rules.wrong_chunk_types(outline(entries))) == []


@pytest.mark.parametrize("kind", ["data", "Zeros", "zeros ", "z", "a", "zeros\u200b"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_other_chunk_types(kind: str, place: int) -> None:
    entries = [FILE, SECOND, THIRD, OTHER]
    entries[place] = changed(entries[place], chunk_type=kind)
    assert places(chunk_rules.wrong_chunk_types(outline(entries))) == [place]


@pytest.mark.parametrize(
    ("field", "value", "key"),
    [
        ("mode", 0o644, "mode"),
        ("size", 1, "size"),
        ("digest", DIGEST, "digest"),
        ("end_offset", 40, "endOffset"),
        ("modtime", "1970-01-01T00:00:00Z", "modtime"),
        ("accesstime", "1970-01-01T00:00:00Z", "accesstime"),
        ("changetime", "1970-01-01T00:00:00Z", "changetime"),
        ("link_name", "x", "linkName"),
        ("uid", 1, "uid"),
        ("gid", 1, "gid"),
        ("dev_major", 1, "devMajor"),
        ("dev_minor", 1, "devMinor"),
        ("xattrs", {"a": "eA=="}, "xattrs"),
    ],
)
def test_chunk_entries_have_nothing_of_their_file(field: str, value: object, key: str) -> None:
    found = list(chunk_rules.overloaded_chunks(outline([FILE, SECOND, changed(THIRD, **{field: value})])))
    assert [(problem.index, problem.expected) for problem in found] == [(2, f"no {key} in a chunk entry")]


def test_chunk_fields_on_a_file_of_one_chunk_are_needless() -> None:
    alone = changed(FILE, chunk_size=30)
    assert places(chunk_rules.needless_chunk_fields(outline([alone]))) == [0]
    assert places(chunk_rules.needless_chunk_fields(outline([alone, OTHER]))) == [0]
    assert places(chunk_rules.needless_chunk_fields(outline([OTHER, alone]))) == [1]
    assert places(chunk_rules.needless_chunk_fields(outline([alone, Entry(type="block", name="b")]))) == [0]
    assert places(chunk_rules.needless_chunk_fields(outline([FILE, SECOND, THIRD]))) == []
    assert places(chunk_rules.needless_chunk_fields(outline([OTHER, OTHER]))) == []


@pytest.mark.parametrize(
    ("rule", "entries"),
    [
        (chunk_rules.stray_chunks, [OTHER, changed(SECOND, name="of no file")]),
        (chunk_rules.wrong_chunk_types, [FILE, changed(SECOND, chunk_type="x")]),
        (chunk_rules.overloaded_chunks, [FILE, changed(SECOND, mode=1)]),
        (chunk_rules.untiled, [FILE, SECOND]),
        (chunk_rules.disordered_chunks, [FILE, changed(SECOND, offset=5)]),
        (chunk_rules.needless_chunk_fields, [FILE, OTHER]),
    ],
)
def test_the_first_problems_are_reported(rule: Callable[[Outline], Problems], entries: list[Entry]) -> None:
    found = list(rule(outline(entries * (MAX_PROBLEMS + 5))))
    assert len(found) == MAX_PROBLEMS
    assert found[0].index in (0, 1)

"""The rules over TOC entries: the one quick pass never lets through what looking at each entry finds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.format import chunk_rules, toc_rules
from conformance.format.toc import Entry
from conformance.format.toc_outline import Outline, outline

DIGEST = "sha256:" + "ab" * 32
FILE = Entry(type="reg", name="a", size=30, digest=DIGEST, offset=10, end_offset=40, chunk_size=10, chunk_digest=DIGEST)
SECOND = Entry(type="chunk", name="a", offset=20, chunk_size=10, chunk_offset=10, chunk_digest=DIGEST)
THIRD = msgspec.structs.replace(SECOND, offset=30, chunk_offset=20)
OTHER = Entry(type="reg", name="b", size=5, digest=DIGEST, offset=50, end_offset=60)


def changed(entry: Entry, **fields: object) -> Entry:
    return msgspec.structs.replace(entry, **fields)


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
    found = outline([OTHER, changed(OTHER, offset=60, end_offset=70), changed(SECOND, name="of nobody")])
    assert [problem.index for problem in toc_rules.repeated_names(found)] == [1]


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

"""Both ways to find the ends of chunks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.format.splits import WINDOW, SplitFinder, splits_by_integers, splits_by_numpy


@given(st.binary(max_size=3000).map(lambda raw: raw * 20))
def test_both_ways_to_find_the_ends_of_chunks_agree(content: bytes) -> None:
    numpy = pytest.importorskip("numpy")
    known = bytes(WINDOW - 1) + content + b"x"
    assert splits_by_numpy(known, numpy) == splits_by_integers(known)


@pytest.mark.parametrize("byte", range(256))
def test_both_ways_agree_on_one_byte_repeated(byte: int) -> None:
    """Its sums are even, and that of a split is odd."""
    numpy = pytest.importorskip("numpy")
    known = bytes(WINDOW - 1) + bytes([byte]) * 300
    assert splits_by_numpy(known, numpy) == splits_by_integers(known) == []


@pytest.mark.parametrize(("pattern", "first"), [((5, 72, 27), 64), ((27, 5, 72), 65), ((72, 27, 5), 66)])
@pytest.mark.parametrize("times", [22, 23, 100])
def test_content_with_a_split_at_every_third_byte(pattern: tuple[int, ...], first: int, times: int) -> None:
    """So many places have the low byte of a split that all sums are computed in full."""
    known = bytes(WINDOW - 1) + bytes(pattern) * times
    due = list(range(first, 3 * times + 1, 3))
    assert splits_by_integers(known) == due
    assert splits_by_numpy(known, pytest.importorskip("numpy")) == due


@given(st.lists(st.binary(min_size=1, max_size=400).map(lambda raw: raw * 30), min_size=1, max_size=6))
def test_a_finder_finds_the_same_in_pieces_of_any_order(pieces: list[bytes]) -> None:
    """Its arrays still have the sums of other pieces, some of them longer."""
    finder = SplitFinder()
    for piece in pieces:
        known = bytes(WINDOW - 1) + piece
        assert finder.ends(known) == splits_by_integers(known)


@pytest.mark.parametrize("before", [0, 1, 2, 3, 100])
def test_a_split_may_be_at_the_first_byte_and_the_last(before: int) -> None:
    """51 * 29 + 50 * 92 is the sum of a split, in a window of which the other bytes are zeros."""
    known = bytes(WINDOW - 51 + before) + bytes([29, 92]) + bytes(49)
    for more in (0, 1, 60):
        assert splits_by_integers(known + bytes(more)) == [before + 1]
        assert splits_by_numpy(known + bytes(more), pytest.importorskip("numpy")) == [before + 1]

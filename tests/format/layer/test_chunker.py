"""The chunker and the CRC against the vectors of docs/format.md (sections 9.5 and 12) and the golden layers."""

import hashlib
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.format.chunker import Chunk, Chunker, chunks
from conformance.format.crc64 import Crc64, crc64
from conformance.format.decompress import decompress
from conformance.format.splits import WINDOW, splits_by_integers, splits_by_numpy
from conformance.format.toc import Entry
from conformance.strategies.trees import contents
from tests.format.layer import golden

# A failure that shows a large file is still a separate failure.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")

D = b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(12_500))[:400_000]
E = D[:1000] + bytes(1023) + D[1000:2000] + bytes(1024) + D[2000:2500] + bytes(5000)


def slow_chunks(content: bytes) -> list[Chunk]:
    """The algorithm of section 9.5, word for word."""
    s1, s2, window, position = 64 * 31, 64 * 63 * 31, [0] * 64, 0
    found: list[Chunk] = []
    start = index = 0

    def roll(byte: int) -> None:
        nonlocal s1, s2, position
        drop = window[position]
        s1 = (s1 + byte - drop) & 0xFFFFFFFF
        s2 = (s2 + s1 - 64 * (drop + 31)) & 0xFFFFFFFF
        window[position] = byte
        position = (position + 1) & 63

    while index < len(content):
        run = 0 if content[index] else len(content) - index - len(content[index:].lstrip(b"\x00"))
        if run >= 1024:
            if index > start:
                found.append(Chunk(start, index - start))
            found.append(Chunk(index, run, zeros=True))
            for _ in range(run):
                roll(0)
            index += run
            start = index
            continue
        for byte in content[index : index + max(run, 1)]:
            roll(byte)
            index += 1
            if s2 & 0xFFFF == 0xFFFF:
                found.append(Chunk(start, index - start))
                start = index
    if index > start:
        found.append(Chunk(start, index - start))
    return found


def slow_crc64(content: bytes) -> int:
    """Bit by bit."""
    state = 2**64 - 1
    for byte in content:
        state ^= byte
        for _ in range(8):
            state = state >> 1 ^ (0xD800000000000000 if state & 1 else 0)
    return state ^ (2**64 - 1)


def test_the_vectors_of_the_format_document() -> None:
    assert hashlib.sha256(D).hexdigest().startswith("7d858699")
    assert hashlib.sha256(E).hexdigest().startswith("34f9c953")
    assert [chunk.size for chunk in chunks(D)] == [16094, 29445, 39648, 5693, 20024, 143229, 145867]
    assert chunks(E) == (Chunk(0, 3023), Chunk(3023, 1024, True), Chunk(4047, 500), Chunk(4547, 5000, True))
    assert chunks(b"") == ()


def test_golden_files_are_split_as_the_chunker_says() -> None:
    files = 0
    for layer in golden.layers(golden.CURRENT):
        groups: list[list[Entry]] = []
        for entry in layer.toc.entries:
            if entry.is_chunk:
                groups[-1].append(entry)
            elif entry.type == "reg" and entry.size:
                groups.append([entry])
        for group in groups:
            first = group[0]
            content = decompress(layer.blob[first.offset : first.end_offset], limit=first.size)
            wanted = [Chunk(part.chunk_offset, part.chunk_size, part.chunk_type == "zeros") for part in group]
            assert list(chunks(content)) == (
                wanted if len(group) > 1 else [Chunk(0, first.size, chunks(content)[0].zeros)]
            )
            files += 1
    assert files == 668, "docs/format.md section 9.5 counts so many non-empty files"


@given(contents(max_size=20_000))
def test_the_fast_chunker_is_the_slow_one(content: bytes) -> None:
    assert list(chunks(content)) == slow_chunks(content)


def test_the_fast_chunker_is_the_slow_one_over_many_splits() -> None:
    content = D + bytes(70_000) + D[:100_000]
    assert list(chunks(content)) == slow_chunks(content)


@given(contents(), st.lists(st.integers(0, 300_000), max_size=5))
def test_the_pieces_in_which_a_file_comes_do_not_matter(content: bytes, cuts: list[int]) -> None:
    chunker = Chunker()
    edges = [0, *sorted(cuts), len(content)]
    parts = [part for start, end in pairwise(edges) for part in chunker.feed(content[start:end])]
    parts += chunker.finish()
    assert b"".join(part.content for part in parts) == content
    assert sum(part.starts for part in parts) == len(chunks(content))
    assert all(part.zeros <= (not any(part.content)) for part in parts)


@pytest.mark.parametrize(
    ("content", "value"),
    [(b"a", "3420000000000000"), (b"hello\n", "614c3eeee2d81000"), (b"123456789", "b90956c775a41001"), (b"", "0" * 16)],
)
def test_crc_vectors(content: bytes, value: str) -> None:
    running = Crc64()
    running.update(content)
    assert running.digest().hex() == value


@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_the_fast_crc_is_the_slow_one_in_any_pieces(content: bytes, cut: int) -> None:
    running = Crc64()
    running.update(content[:cut])
    running.update(content[cut:])
    assert running.value == crc64(content) == slow_crc64(content)


def test_the_crc_of_much_data_does_not_depend_on_its_steps() -> None:
    running = Crc64()
    for start in range(0, len(D), 7919):
        running.update(D[start : start + 7919])
    assert running.value == crc64(D)


@pytest.mark.parametrize("count", [64, 65, 100, 8192, 2**15, 2**15 + 63, 200_000])
def test_numpy_and_integers_find_the_same_splits(count: int) -> None:
    numpy = pytest.importorskip("numpy")
    given_contents = (
        Random(count).randbytes(count),
        bytes(count),
        b"\xff" * count,
        bytes(range(256)) * (count // 256 + 1),
    )
    for content in given_contents:
        known = bytes(WINDOW - 1) + content[:count]
        assert splits_by_numpy(known, numpy) == splits_by_integers(known)


def test_a_window_that_is_not_full_splits_nothing() -> None:
    known = bytes([29, 92]) + bytes(98)  # the sum over the first 51 bytes alone is that of a split
    assert 51 * 29 + 50 * 92 == 6079 == (0xFFFF - WINDOW * (WINDOW - 1) * 31) & 0xFFFF
    assert splits_by_integers(known) == []
    assert splits_by_numpy(known, pytest.importorskip("numpy")) == []

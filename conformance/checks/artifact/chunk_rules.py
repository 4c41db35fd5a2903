"""How the files of a TOC are split (docs/format.md section 11.2; CHUNK-001 to CHUNK-009).

Every rule yields its first MAX_PROBLEMS problems.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from conformance.format.discrepancy import shown
from conformance.format.toc import CHUNK_ZEROS, Entry
from conformance.format.toc_outline import CHUNK_FIELDS, KEYS, MAX_PROBLEMS, Outline, Problems, has_more, problem

_FORBIDDEN_IN_CHUNKS: Final = tuple(
    field for field in Entry.__struct_fields__ if field not in ("type", "name", "offset", *CHUNK_FIELDS)
)


def stray_chunks(toc: Outline) -> Problems:
    """Chunk entries that do not follow their file (CHUNK-001)."""
    if toc.tiled:
        return
    entries = toc.entries

    def problems() -> Problems:
        for index in toc.chunks:
            before = entries[index - 1] if index else None
            if before is None or (before.type != "chunk" and (before.type != "reg" or before.size <= 0)):
                yield problem(entries, index, "a regular file with content directly before its chunks", "none")
            elif before.name != entries[index].name:
                found = shown(entries[index].name)
                yield problem(entries, index, f"the name of its file, {shown(before.name)}", found)

    yield from islice(problems(), MAX_PROBLEMS)


def split_files(toc: Outline) -> Iterator[tuple[int, int]]:
    """First index and the one after the last of each file with chunk entries after it."""
    entries = toc.entries
    start = end = -1
    for index in toc.chunks:
        if index == end and entries[index].name == entries[start].name:
            end += 1
            continue
        if start >= 0:
            yield start, end
        start = end = -1
        if index and entries[index - 1].type == "reg" and entries[index - 1].name == entries[index].name:
            start, end = index - 1, index + 1
    if start >= 0:
        yield start, end


def untiled(toc: Outline) -> Problems:
    """Files whose chunks do not tile them (CHUNK-002)."""
    entries = toc.entries

    def problems() -> Problems:
        for index in _alone(toc):
            file = entries[index]
            # A longer one harms no client: they read as much as the file has (docs/decisions.md).
            if file.chunk_offset or (file.chunk_size or file.size) < file.size:
                found = f"chunkOffset {file.chunk_offset}, chunkSize {file.chunk_size}"
                yield problem(entries, index, f"one chunk of {file.size} bytes, for no other follows", found)
        if toc.tiled:
            return
        for start, end in split_files(toc):
            position = 0
            for index in range(start, end):
                part = entries[index]
                if part.chunk_offset != position or part.chunk_size <= 0:
                    found = f"chunkOffset {part.chunk_offset}, chunkSize {part.chunk_size}"
                    yield problem(entries, index, f"a chunk that begins at {position} and is not empty", found)
                    break
                position += part.chunk_size
            else:
                if position != entries[start].size:
                    yield problem(entries, start, f"chunks of {entries[start].size} bytes together", str(position))

    yield from islice(problems(), MAX_PROBLEMS)


def wrong_chunk_types(toc: Outline) -> Problems:
    """Chunk types other than data and zeros (CHUNK-005)."""
    candidates = toc.owners if toc.tiled else (*toc.owners, *toc.chunks)
    problems = (
        problem(toc.entries, index, "no chunkType, or zeros", shown(toc.entries[index].chunk_type))
        for index in candidates
        if toc.entries[index].chunk_type not in ("", CHUNK_ZEROS)
    )
    yield from islice(problems, MAX_PROBLEMS)


def overloaded_chunks(toc: Outline) -> Problems:
    """Chunk entries with fields that belong to their file (CHUNK-007)."""
    if toc.tiled:
        return
    entries = toc.entries

    def problems() -> Problems:
        for index in toc.chunks:
            chunk = entries[index]
            if chunk.mode or chunk.size or chunk.digest or chunk.end_offset or chunk.modtime or has_more(chunk):
                for field in _FORBIDDEN_IN_CHUNKS:
                    if value := getattr(chunk, field):
                        yield problem(entries, index, f"no {KEYS[field]} in a chunk entry", shown(str(value)))

    yield from islice(problems(), MAX_PROBLEMS)


def disordered_chunks(toc: Outline) -> Problems:
    """Chunk offsets that do not increase, or reach the end of their file (CHUNK-008)."""
    if toc.tiled:
        return
    entries = toc.entries

    def problems() -> Problems:
        for start, end in split_files(toc):
            limit = entries[start].end_offset
            before = entries[start].offset
            for index in range(start + 1, end):
                offset = entries[index].offset
                if not before < offset < limit:
                    yield problem(entries, index, f"an offset between {before} and {limit}", str(offset))
                    break
                before = offset

    yield from islice(problems(), MAX_PROBLEMS)


def needless_chunk_fields(toc: Outline) -> Problems:
    """Files of one chunk that have chunk fields (CHUNK-009)."""
    fields = (problem(toc.entries, index, "no chunk fields on a file of one chunk", "some") for index in _alone(toc))
    yield from islice(fields, MAX_PROBLEMS)


def _alone(toc: Outline) -> Iterator[int]:
    """Regular entries with chunk fields that no chunk entry follows."""
    entries = toc.entries
    return (index for index in toc.owners if index + 1 == len(entries) or entries[index + 1].type != "chunk")

"""CHUNK: how files are split, by the TOC alone and against their content."""

from collections.abc import Callable, Iterator
from itertools import islice

from conformance.checks.artifact import chunk_rules
from conformance.checks.artifact.layers import by_discrepancies, by_toc, problems_of, read_to_its_end
from conformance.format.discrepancy import Kind
from conformance.format.toc_outline import Outline, Problems, problem
from conformance.observed.layer import LayerSeen, LayersSeen
from conformance.requirements import decides
from conformance.results import Judgement, passed

_MAX = 10


def _by_rule(seen: LayersSeen, rule: Callable[[Outline], Problems], message: str) -> Iterator[Judgement]:
    """Only layers with chunks are judged: without any the requirement states nothing."""

    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        if toc.has_chunks:
            yield from problems_of(layer, rule(toc), message) or [passed(layer.name)]

    return by_toc(seen, one)


@decides("CHUNK-001")
def after_their_file(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, chunk_rules.stray_chunks, "A chunk entry does not follow its regular file.")


@decides("CHUNK-002")
def tile_their_file(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, chunk_rules.untiled, "The chunks of a file do not tile it.")


@decides("CHUNK-003")
def digests(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_content(seen, Kind.CHUNK_DIGEST, "The digest of a chunk is not that of its content.")


@decides("CHUNK-004")
def zeros(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_content(seen, Kind.NOT_ZEROS, "A chunk of type zeros holds other bytes: clients never fetch them.")


def _by_content(seen: LayersSeen, kind: Kind, message: str) -> Iterator[Judgement]:
    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        if not toc.has_chunks:
            return
        whole = read_to_its_end(layer)
        if isinstance(whole, Judgement):
            yield whole
        elif whole.examined.chunks:
            looked_at = f"{whole.examined.chunks} chunks"
            yield from by_discrepancies(layer, message, whole.examined.discrepancies, kind, looked_at=looked_at)

    return by_toc(seen, one)


@decides("CHUNK-005")
def types(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, chunk_rules.wrong_chunk_types, "A chunk has an unknown type.")


@decides("CHUNK-007")
def own_keys_only(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(
        seen, chunk_rules.overloaded_chunks, "A chunk entry has a field that belongs to the entry of its file."
    )


@decides("CHUNK-008")
def offsets(seen: LayersSeen) -> Iterator[Judgement]:
    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        if not toc.has_chunks:
            return
        message = "The offsets of the chunks of a file do not increase up to its end."
        problems = problems_of(layer, chunk_rules.disordered_chunks(toc), message)
        yield from problems
        whole = read_to_its_end(layer)
        if isinstance(whole, Judgement):
            yield whole
            return
        entries, frames = toc.entries, whole.frames
        beside = (
            problem(entries, index, "offset where a frame begins", str(entries[index].offset))
            for index in toc.chunks
            if frames.index_of(entries[index].offset) is None
        )
        between = problems_of(
            layer, islice(beside, _MAX), "A chunk does not begin with a frame, so it cannot be fetched alone."
        )
        yield from between
        if not problems and not between:
            yield passed(layer.name)

    return by_toc(seen, one)


@decides("CHUNK-009")
def none_on_whole_files(seen: LayersSeen) -> Iterator[Judgement]:
    return _by_rule(seen, chunk_rules.needless_chunk_fields, "A file of one chunk has chunk fields.")

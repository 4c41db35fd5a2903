"""What the checks on zstd:chunked layers share: which layers are judged, and how many problems become findings."""

from collections.abc import Callable, Iterable, Iterator

from conformance.format.discrepancy import Discrepancies, Kind
from conformance.format.toc import Toc
from conformance.format.toc_outline import Outline, Problems, where
from conformance.observed.layer import LayerSeen, LayersSeen, OtherLayerSeen, WholeLayer
from conformance.results import Judgement, failed, informed, not_run, passed, unread


def current(seen: LayersSeen) -> Iterator[LayerSeen]:
    """The layers that claim this revision of the format."""
    return (layer for layer in seen.layers if layer.is_current)


def needs_deep(layer: LayerSeen | OtherLayerSeen) -> Judgement:
    """This layer was not read whole, so the requirement was not inspected."""
    return unread(layer.name)


def by_whole(
    seen: LayersSeen, judge_one: Callable[[LayerSeen, WholeLayer], Iterable[Judgement]]
) -> Iterator[Judgement]:
    """Judge the layers that were read whole, be it not to the end of their tar; state about the others why they were
    not.
    """
    for layer in current(seen):
        if layer.whole is not None:
            yield from judge_one(layer, layer.whole)
        else:
            yield _unread(layer)


def by_tar(
    seen: LayersSeen, judge_one: Callable[[LayerSeen, WholeLayer, Toc], Iterable[Judgement]]
) -> Iterator[Judgement]:
    """Judge the layers whose TOC and whole tar were read; the others fail LAYER-001, LAYER-002 or TOC-001."""
    for layer in current(seen):
        whole = read_to_its_end(layer)
        if isinstance(whole, Judgement):
            yield whole
        elif layer.toc.toc is None:
            yield no_toc(layer)
        else:
            yield from judge_one(layer, whole, layer.toc.toc)


def read_to_its_end(layer: LayerSeen) -> WholeLayer | Judgement:
    """All that a layer holds, or the judgement on what needs it and could not be inspected."""
    if layer.whole is None:
        return _unread(layer)
    return layer.whole if layer.whole.is_complete else broken_off(layer)


def _unread(layer: LayerSeen) -> Judgement:
    if layer.whole_problem:
        return not_run(f"The blob could not be read: {layer.whole_problem}.", where=layer.name)
    return needs_deep(layer)


def by_toc(seen: LayersSeen, judge_one: Callable[[LayerSeen, Outline], Iterable[Judgement]]) -> Iterator[Judgement]:
    """Judge the layers whose TOC was read. A TOC that could not be fetched is not-run; an invalid one is TOC-001."""
    for layer in current(seen):
        if layer.toc.outline is not None:
            yield from judge_one(layer, layer.toc.outline)
        elif layer.toc.unreadable:
            yield unread_toc(layer)


def no_toc(layer: LayerSeen) -> Judgement:
    """There is no TOC to compare the tar with."""
    return not_run("The layer has no TOC that can be read (ANNOT-001, TOC-001).", where=layer.name)


def not_compared(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    """Contents of which the TOC has no digest that is known."""
    count = whole.examined.discrepancies.count(Kind.UNKNOWN_DIGEST)
    if count:
        message = f"The content of {count} files was not compared: the TOC has no sha256 of it (TOC-006)."
        yield not_run(message, where=layer.name)


def broken_off(layer: LayerSeen) -> Judgement:
    """The frames, or the tar in them, could not be read to their end: nothing is known of the rest."""
    return not_run("The layer could not be read to its end (LAYER-001, LAYER-002).", where=layer.name)


def unread_toc(layer: LayerSeen) -> Judgement:
    """The TOC could not be fetched."""
    return not_run(f"The TOC could not be read: {layer.toc.problem}.", where=layer.name, evidence=layer.evidence)


def problems_of(layer: LayerSeen, problems: Problems, message: str) -> list[Judgement]:
    """A failure for each entry that breaks a rule."""
    return [
        failed(message, where=f"{layer.name}, {where(problem)}", expected=problem.expected, found=problem.found)
        for problem in problems
    ]


def by_rule(seen: LayersSeen, rule: Callable[[Outline], Problems], message: str) -> Iterator[Judgement]:
    """Judge each TOC by a rule over its entries."""

    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        yield from problems_of(layer, rule(toc), message) or [passed(layer.name, found=f"{len(toc.entries)} entries")]

    return by_toc(seen, one)


def by_discrepancies(
    layer: LayerSeen, message: str, found: Discrepancies, *kinds: Kind, looked_at: str
) -> Iterator[Judgement]:
    """A finding for each discrepancy of these kinds that was retained; the last states how many there are in all."""
    kept, count = list(found.of(*kinds)), found.count(*kinds)
    for discrepancy in kept:
        at = "" if discrepancy.offset < 0 else f", tar byte {discrepancy.offset}"
        name = f", {discrepancy.name}" if discrepancy.name else ""
        yield failed(
            message,
            where=f"{layer.name}{name}: {discrepancy.what}{at}",
            expected=discrepancy.expected,
            found=discrepancy.found,
        )
    if count > len(kept):
        yield informed(f"{count} in all; the first {len(kept)} are shown", where=layer.name)
    if not kept:
        yield passed(layer.name, found=looked_at)

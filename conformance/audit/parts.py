"""Judges one layer by itself, in a form that every image with the layer can use."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from conformance.anatomy.difference.pull import LayerContent, layer_content
from conformance.checks.artifact.judge import judge_layer
from conformance.checks.artifact.stack_rules import stands_alone
from conformance.format.positions import ChunkedAnnotations
from conformance.format.toc import Toc
from conformance.observed.evidence import Evidence, Exchange
from conformance.observed.layer import LayerSeen, OtherLayerSeen, TocSeen
from conformance.results import Judgement, passed, unread
from conformance.sources.layers import LayerReading, WantedLayer, chunk_key, observe_layer
from conformance.sources.other_layers import observe_other
from conformance.sources.source import ImageSource

# A placeholder for the name of the layer, which differs by image. No name of the suite has a private-use character.
_NAME: Final = "\ue000"
_FOUND: Final = frozenset({200, 206})


class LayerJudgements(msgspec.Struct, frozen=True):
    """The judgements on one layer by requirement; for those that passed or need a deep check, only the ids."""

    passed: frozenset[str]
    needs_deep: frozenset[str]
    others: dict[str, tuple[Judgement, ...]]


class LayerPart(msgspec.Struct, frozen=True, tag="chunked"):
    """The parts of a zstd:chunked layer that an image needs: the judgements on it, and the facts about its TOC.

    ``lowest`` are the judgements on the layer as the lowest one; ``above``, where they differ, those with a layer
    below. ``toc_size`` and ``toc_compressed`` are bytes, 0 where not known. ``reusable``: everything that was needed
    could be read, so that another image with the layer need not read it again. ``stands_alone``: nothing in it depends
    on lower layers.
    """

    lowest: LayerJudgements
    above: LayerJudgements | None
    has_toc: bool
    tar_split_digest: str
    toc_problem: str
    is_unreadable: bool
    toc_size: int
    toc_compressed: int
    stored_size: int | None
    notes: tuple[str, ...]
    reusable: bool
    content: LayerContent | None = None
    stands_alone: bool = False


class OtherPart(msgspec.Struct, frozen=True, tag="other"):
    """The observation of a layer that is not zstd:chunked: small enough to be stored and judged with each image."""

    seen: OtherLayerSeen
    reusable: bool

    @property
    def stored_size(self) -> int | None:
        """The number of bytes in the store, where known."""
        return self.seen.stored_size


Part = LayerPart | OtherPart
Wanted = WantedLayer | OtherLayerSeen


def judge_part(source: ImageSource, wanted: Wanted, *, deep: bool, with_content: bool = False) -> Part:
    """Read and judge one layer; ``with_content``: return the content of its TOC too."""
    reading = LayerReading(deep)
    if isinstance(wanted, OtherLayerSeen):
        other = observe_other(source, wanted, reading)
        known = other.is_foreign or not (other.stored_problem or other.unreadable)
        whole = not other.whole_problem or other.damaged or other.compression is None
        reusable = known and whole and _all_succeeded(other.evidence)
        return OtherPart(msgspec.structs.replace(other, evidence=()), reusable)
    seen = observe_layer(source, msgspec.structs.replace(wanted, name=_NAME), reading)
    lowest = _judgements(seen, deep=deep, has_lower=False)
    above = _judgements(seen, deep=deep, has_lower=True)
    toc = seen.toc
    return LayerPart(
        lowest,
        None if above == lowest else above,
        toc.toc is not None,
        "" if toc.toc is None else toc.toc.tar_split_digest,
        toc.problem,
        toc.unreadable,
        toc.document_size or 0,
        toc.payload.length if toc.payload else 0,
        seen.stored_size,
        seen.notes,
        _is_reusable(seen),
        layer_content(seen) if with_content else None,
        toc.outline is not None and stands_alone(toc.outline),
    )


def _is_reusable(seen: LayerSeen) -> bool:
    unread = seen.toc.unreadable or seen.split.unreadable or seen.unread or seen.whole_problem
    return bool(seen.footer_raw) and not unread and _all_succeeded(seen.evidence)


def _all_succeeded(evidence: Iterable[Evidence]) -> bool:
    """Whether every request succeeded."""
    return all(not isinstance(each, Exchange) or (each.status in _FOUND and not each.error) for each in evidence)


def _judgements(seen: LayerSeen, *, deep: bool, has_lower: bool) -> LayerJudgements:
    """The judgements without evidence, because the exchanges of one image do not apply to another."""
    found = judge_layer(msgspec.structs.replace(seen, has_lower=has_lower), deep=deep)
    others = {
        name: kept
        for name, judgements in found.items()
        if (kept := tuple(msgspec.structs.replace(each, evidence=()) for each in judgements if not _is_plain(each)))
    }
    said = {name: {each.outcome for each in judgements} for name, judgements in found.items()}
    return LayerJudgements(
        frozenset(name for name, outcomes in said.items() if "pass" in outcomes),
        frozenset(name for name, outcomes in said.items() if "needs-deep" in outcomes),
        others,
    )


def _is_plain(judgement: Judgement) -> bool:
    return judgement.outcome in ("pass", "needs-deep")


def part_key(wanted: Wanted) -> str:
    """The key by which images share the judgement on a layer: its descriptor, and the DiffIDs in their configs."""
    kind = "chunked" if isinstance(wanted, WantedLayer) else f"other {wanted.is_foreign}"
    return f"{kind} {' '.join(wanted.diff_ids)} {chunk_key(wanted.descriptor)}"


def layer_seen(wanted: WantedLayer, part: LayerPart) -> LayerSeen:
    """The layer for the checks of the whole image; the checks of the layer itself were run before."""
    toc = Toc(tar_split_digest=part.tar_split_digest) if part.has_toc else None
    alone = part.stands_alone
    return LayerSeen(
        wanted.name,
        wanted.descriptor,
        ChunkedAnnotations.of(wanted.descriptor.annotations),
        tuple(wanted.diff_ids),
        wanted.has_lower,
        part.stored_size,
        toc=TocSeen(toc=toc, problem=part.toc_problem, unreadable=part.is_unreadable, stands_alone=alone),
        notes=part.notes,
    )


def other_seen(wanted: OtherLayerSeen, part: OtherPart) -> OtherLayerSeen:
    """The layer with its name in this image."""
    return msgspec.structs.replace(part.seen, name=wanted.name)


def together(parts: Sequence[tuple[WantedLayer, LayerPart]]) -> Mapping[str, Sequence[Judgement]]:
    """The judgements on the layers of one image, by requirement, with the names of the layers in it.

    Layers that pass a requirement, or need a deep check, share one judgement.
    """
    found: dict[str, list[Judgement]] = {}
    told = [part.above if part.above and layer.has_lower else part.lowest for layer, part in parts]
    for name in frozenset[str]().union(*(each.passed for each in told)):
        found.setdefault(name, []).append(passed(""))
    for name in frozenset[str]().union(*(each.needs_deep for each in told)):
        found.setdefault(name, []).append(unread(""))
    for (layer, _), each in zip(parts, told, strict=True):
        for name, judgements in each.others.items():
            found.setdefault(name, []).extend(_named(judgement, layer.name) for judgement in judgements)
    return found


def _named(judgement: Judgement, name: str) -> Judgement:
    where, message = (text.replace(_NAME, name, 1) for text in (judgement.where, judgement.message))
    return msgspec.structs.replace(judgement, where=where, message=message)

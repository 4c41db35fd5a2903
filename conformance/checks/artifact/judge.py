"""All checks of the artifact role over one observed image."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from conformance.checks.artifact.media_types import set_aside
from conformance.checks.artifact.partial_pulls import notes_on_pulls
from conformance.checks.bound import checks_of, judge_all
from conformance.format.names import SENTINEL_TYPE
from conformance.observed.image import ImageSeen, SentinelBlob
from conformance.observed.layer import LayerSeen, LayersSeen
from conformance.requirements import Catalogue, load_catalogue
from conformance.results import Judgement, RequirementResult, conclude, not_run


def judge_image(
    seen: ImageSeen,
    *,
    replay: str = "",
    catalogue: Catalogue | None = None,
    of_layers: Mapping[str, Sequence[Judgement]] | None = None,
) -> tuple[RequirementResult, ...]:
    """One result for every artifact requirement that has a check, in catalogue order.

    ``of_layers``: the zstd:chunked layers were judged before (``judge_layer``), each by itself; these are the
    judgements on them by requirement.
    """
    layers = seen.layers if of_layers is None else msgspec.structs.replace(seen.layers, layers=())
    on_blobs, on_images, on_layers = checks_of(SentinelBlob), checks_of(ImageSeen), checks_of(LayersSeen)
    results = []
    for requirement in (catalogue or load_catalogue()).of_role("artifact"):
        name = requirement.id
        judgements: Iterable[Judgement]
        if name in on_blobs:
            judgements = (
                judgement
                for blob in _blobs(seen)
                for judgement in (on_blobs[name](blob) if isinstance(blob, SentinelBlob) else [blob])
            )
        elif name in on_images:
            judgements = chain(on_images[name](seen), *(on_images[name](inner) for inner in seen.nested))
        elif name in on_layers:
            before = () if of_layers is None else of_layers.get(name, ())
            judgements = chain(before, on_layers[name](layers), _layers_not_seen(seen))
        else:
            continue
        results.append(conclude(requirement, judgements, replay=replay))
    return tuple(results)


def judge_layer(layer: LayerSeen, *, deep: bool) -> dict[str, tuple[Judgement, ...]]:
    """The judgements of all requirements on layers over one zstd:chunked layer, by requirement; none where empty."""
    bound, seen = checks_of(LayersSeen), LayersSeen((layer,), deep)
    artifact = load_catalogue().of_role("artifact")
    found = {requirement.id: tuple(bound[requirement.id](seen)) for requirement in artifact if requirement.id in bound}
    return {name: judgements for name, judgements in found.items() if judgements}


def needs_deep(result: RequirementResult) -> bool:
    """Whether a requirement was not, or not wholly, inspected because the layers were not read whole.

    Failures remain; everything else then has no verdict.
    """
    return result.verdict in ("pass", "not-applicable") and any(
        finding.outcome == "needs-deep" for finding in result.findings
    )


def judge_blob(blob: SentinelBlob, *, replay: str = "") -> tuple[RequirementResult, ...]:
    """The SENT-BLOB requirements over one sentinel blob."""
    return judge_all(SentinelBlob, (blob,), replay=replay)


def judge_content(content: bytes) -> tuple[RequirementResult, ...]:
    """The same over the bytes alone, which no reader was given."""
    return judge_blob(SentinelBlob("blob", content))


def notes_on(seen: ImageSeen, *, needs_sentinel: bool = False, needs_chunked: bool = False) -> tuple[str, ...]:
    """Notes for the user in addition to the verdicts: no sentinel at all, legacy layers, unreadable parts.

    ``needs_sentinel``: it is an error, and not a note, that there is none; ``needs_chunked``: every layer that is
    pulled whole is named.
    """
    notes = []
    if not needs_sentinel and not has_sentinel(seen):
        notes.append(_without_sentinel(seen))
    if seen.index is not None and not seen.index.view.manifests:
        notes.append("the index lists no manifest")
    notes.extend(notes_on_pulls(seen, each_layer=needs_chunked))
    notes.extend(set_aside(seen))
    notes.extend(f"{layer.name}: {note}" for layer in seen.layers.layers for note in layer.notes)
    if seen.index_problem:
        notes.append(f"index: {seen.index_problem}")
    notes.extend(
        f"{manifest.name}: {manifest.stored.detail}"
        for manifest in seen.every_manifest
        if manifest.stored.problem == "size-mismatch" and not manifest.problem
    )
    notes.extend(f"{manifest.name}: {manifest.problem}" for manifest in seen.every_manifest if manifest.problem)
    notes.extend(
        f"{manifest.name}: config: {manifest.config_problem}"
        for manifest in seen.every_manifest
        if manifest.config_problem
    )
    return tuple(notes)


def unreadable(seen: ImageSeen) -> tuple[str, ...]:
    """Why this image could not be judged as a whole; empty when every document in it was read."""
    problems = [f"index: {seen.index_problem}"] if seen.index_problem else []
    problems += [
        f"{manifest.name}: {manifest.problem}"
        for manifest in seen.every_manifest
        if manifest.problem and manifest.stored.problem != "not-fetched"
    ]
    return tuple(problems)


def _layers_not_seen(seen: ImageSeen) -> Iterator[Judgement]:
    """A manifest that could not be read: its layers were not inspected."""
    for problem in unreadable(seen):
        yield not_run(f"The layers of a manifest were not inspected: {problem}.")


def has_sentinel(seen: ImageSeen) -> bool:
    """Whether any manifest of the image has a sentinel layer, in any place."""
    return any(
        layer.media_type == SENTINEL_TYPE
        for manifest in seen.every_manifest
        if manifest.document is not None
        for layer in manifest.document.view.layers
    )


def _without_sentinel(seen: ImageSeen) -> str:
    """Why there is nothing to judge a sentinel variant by: the image has none, or none that could be read."""
    unread = ", ".join(manifest.name for manifest in seen.every_manifest if manifest.problem)
    if unread:
        return f"no sentinel variant was found, but {unread} could not be read"
    return "no sentinel variant: the requirements on sentinel variants do not apply to this image"


def _blobs(seen: ImageSeen) -> Iterator[SentinelBlob | Judgement]:
    """Every sentinel blob of the image, each content once; those that could not be read as ``not_run``."""
    done: set[bytes] = set()
    for manifest in seen.every_manifest:
        for position, stored in manifest.sentinels:
            where = f"{manifest.name}.layers[{position}]"
            if stored.content is None:
                yield not_run(
                    f"the sentinel blob could not be read: {stored.detail}", where=where, evidence=stored.evidence
                )
            elif stored.content not in done:
                done.add(stored.content)
                yield SentinelBlob(where, stored.content, manifest.panel if position == 0 else ())

"""All checks of the artifact role over one image that was seen."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import msgspec

from conformance import checks
from conformance.checks.artifact.layers import NEEDS_DEEP
from conformance.checks.artifact.media_types import set_aside
from conformance.checks.artifact.partial_pulls import notes_on_pulls
from conformance.checks.groups import judge_groups
from conformance.format.names import SENTINEL_TYPE
from conformance.observed.image import ImageSeen, SentinelBlob
from conformance.observed.layer import LayerSeen, LayersSeen
from conformance.requirements import Catalogue, find_checks, load_catalogue
from conformance.results import Judgement, RequirementResult, conclude, not_run

BLOB_GROUPS = ("SENT-BLOB",)
IMAGE_GROUPS = ("DOC", "SENT-DESC", "SENT-MANIFEST", "SENT-CONFIG", "SENT-INDEX")
OF_THE_IMAGE = ("LAYER-012",)
LAYER_GROUPS = ("LAYER", "FOOTER", "ANNOT", "TOC", "CHUNK", "TARSPLIT", "TAR", "SEC")


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
    bound = find_checks(checks)
    results = []
    for requirement in (catalogue or load_catalogue()).of_role("artifact"):
        check = bound.get(requirement.id)
        if check is None:
            continue
        judgements: Iterator[Judgement]
        if requirement.group in BLOB_GROUPS:
            judgements = (
                judgement
                for blob in _blobs(seen)
                for judgement in (check(blob) if isinstance(blob, SentinelBlob) else [blob])
            )
        elif requirement.group in IMAGE_GROUPS or requirement.id in OF_THE_IMAGE:
            judgements = chain(check(seen), *(check(inner) for inner in seen.nested))
        elif requirement.group in LAYER_GROUPS:
            before = () if of_layers is None else of_layers.get(requirement.id, ())
            judgements = chain(before, check(layers), _layers_not_seen(seen))
        else:
            continue
        results.append(conclude(requirement, judgements, replay=replay))
    return tuple(results)


def judge_layer(layer: LayerSeen, *, deep: bool) -> dict[str, tuple[Judgement, ...]]:
    """The judgements of all requirements on layers over one zstd:chunked layer, by requirement; none where empty."""
    bound, seen = find_checks(checks), LayersSeen((layer,), deep)
    found = {
        requirement.id: tuple(bound[requirement.id](seen))
        for requirement in load_catalogue().of_role("artifact")
        if requirement.group in LAYER_GROUPS and requirement.id in bound and requirement.id not in OF_THE_IMAGE
    }
    return {name: judgements for name, judgements in found.items() if judgements}


def needs_deep(result: RequirementResult) -> bool:
    """Whether a requirement was not, or not wholly, looked at because the layers were not read whole.

    What fails already fails; everything else is then no verdict.
    """
    return result.verdict in ("pass", "not-applicable") and any(
        finding.message == NEEDS_DEEP for finding in result.findings
    )


def judge_blob(blob: SentinelBlob, *, replay: str = "") -> tuple[RequirementResult, ...]:
    """The SENT-BLOB requirements over one sentinel blob."""
    return judge_groups(BLOB_GROUPS, (blob,), replay=replay)


def notes_on(seen: ImageSeen) -> tuple[str, ...]:
    """What the user should know beside the verdicts: no sentinel at all, legacy layers, unreadable parts."""
    notes = []
    if not has_sentinel(seen):
        notes.append("no sentinel variant: the requirements on sentinel variants do not apply to this image")
    notes.extend(notes_on_pulls(seen))
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
    """Whatever the layers of a manifest are that could not be read: nobody looked at them."""
    for problem in unreadable(seen):
        yield not_run(f"The layers of a manifest were not looked at: {problem}.")


def has_sentinel(seen: ImageSeen) -> bool:
    """Whether any manifest of the image has a sentinel layer, in any place."""
    return any(
        layer.media_type == SENTINEL_TYPE
        for manifest in seen.every_manifest
        if manifest.document is not None
        for layer in manifest.document.view.layers
    )


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

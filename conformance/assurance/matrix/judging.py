"""What fails on a mutant or variant of an artifact, a copy or a selection: judged in memory."""

from collections.abc import Callable, Iterable
from typing import Any

from conformance.cases.mutants import documents
from conformance.cases.mutants.copies import JOBS, SIGNATURE, Copied, Job, plain_twin, right_copy, source_of
from conformance.cases.mutants.selection import SITUATIONS, Client
from conformance.checks.artifact.judge import judge_blob, judge_image
from conformance.checks.bound import judge_all
from conformance.format.sentinel import canonical_sentinel
from conformance.images.draft import Draft, Drafted, conforming_draft, finish
from conformance.images.layer_draft import LayerDraft, finish_layer
from conformance.observed.consumer import SelectionSeen
from conformance.observed.image import CopySeen, ImageSeen, SentinelBlob
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource

Results = tuple[RequirementResult, ...]
Maker = Callable[..., Any]


def judge_metadata(maker: Callable[[Draft], None]) -> Results:
    """An edit of a conforming image. Its layers are read where the edit is of a document's bytes only."""
    draft = conforming_draft()
    maker(draft)
    return judge_drafted(finish(draft), deep=maker.__module__ == documents.__name__)


def judge_drafted(image: Drafted, *, deep: bool = True) -> Results:
    """A whole image."""
    return judge_image(observe_image(MemorySource(image.blobs, image.root), reading=LayerReading(deep)))


def judge_layer(maker: Callable[[], LayerDraft]) -> Results:
    """A layer, the last one of a conforming image."""
    layer, image = finish_layer(maker()), conforming_draft()
    image.blobs[layer.descriptor["digest"]] = layer.blob
    for manifest, config in ((image.plain, image.plain_config), (image.sentinel, image.sentinel_config)):
        manifest["layers"][-1] = layer.descriptor
        config["rootfs"]["diff_ids"][-1] = layer.diff_id
    return judge_drafted(finish(image))


def judge_sentinel(maker: Callable[[], bytes] = canonical_sentinel) -> Results:
    """A sentinel blob by itself."""
    return judge_blob(SentinelBlob("blob", maker()))


def judge_selection(client: Client) -> Results:
    """A client that chooses among the entries of an index."""
    return judge_all(SelectionSeen, [client(one) for one in SITUATIONS])


def judge_copied(defect: Callable[[Job, Copied], None]) -> Results:
    """All copies that are asked for, each with the defect."""
    seen = []
    for job in JOBS:
        copied = right_copy(job)
        defect(job, copied)
        seen.append(copy_seen(job, copied))
    return judge_all(CopySeen, seen)


def copy_seen(job: Job, copied: Copied) -> CopySeen:
    """What is seen of one copy: source and result, and what was asked for."""
    before = _observed(source_of(job))
    if before is None:
        raise ValueError(f"the source of {job.name} cannot be seen")
    return CopySeen(
        job.name,
        before,
        _observed(copied.finish()),
        requested=job.requested,
        preserve_digests=job.preserve_digests,
        to_docker=job.to_docker,
        refused=copied.refused,
        wrote=copied.wrote,
        plain_twin=_observed(plain_twin(job)),
        data_diff_ids=copied.diff_ids,
        from_storage=job.from_storage,
        damaged=job.damaged,
        partial=job.partial,
        referrers_before=(SIGNATURE,),
        referrers_after=copied.referrers,
    )


def failing(results: Iterable[RequirementResult]) -> tuple[str, ...]:
    """The ids that failed."""
    return tuple(sorted(result.id for result in results if result.verdict == "fail"))


def _observed(image: Drafted | None) -> ImageSeen | None:
    return observe_image(MemorySource(image.blobs, image.root)) if image else None

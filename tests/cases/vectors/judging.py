"""The suite as a runner of vectors: the requirements that it finds violated in one case."""

import msgspec

from conformance.cases.vectors.model import Case, Vectors
from conformance.cases.vectors.small import small_material
from conformance.checks.artifact.judge import judge_image
from conformance.images.draft import Drafted, conforming_draft, finish
from conformance.images.drafted import image_with_sentinel
from conformance.images.layer_draft import DraftedLayer
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource


def judge_case(vectors: Vectors, case: Case) -> tuple[RequirementResult, ...]:
    """Judge every byte; a layer or a sentinel blob is put into an otherwise conforming image."""
    blobs = {digest: vectors.blobs[stored] for digest, stored in case.input.files.items()}
    root = vectors.blobs[case.input.root]
    if case.kind == "image":
        image = Drafted(blobs, root)
    else:
        with small_material():
            image = _around_layer(case, root) if case.kind == "layer" else image_with_sentinel(root)
    return judge_image(observe_image(MemorySource(image.blobs, image.root), reading=LayerReading(deep=True)))


def failed_of(results: tuple[RequirementResult, ...]) -> frozenset[str]:
    """The ids that failed."""
    return frozenset(result.id for result in results if result.verdict == "fail")


def _around_layer(case: Case, content: bytes) -> Drafted:
    layer = DraftedLayer(content, msgspec.to_builtins(case.input.descriptor), case.input.diff_id)
    draft = conforming_draft()
    draft.blobs[layer.descriptor["digest"]] = layer.blob
    for manifest, config in ((draft.plain, draft.plain_config), (draft.sentinel, draft.sentinel_config)):
        # Alone, as the case is: what is permitted in the lowest layer need not be so in one above another.
        first = 1 if manifest is draft.sentinel else 0
        manifest["layers"][first:] = [layer.descriptor]
        config["rootfs"]["diff_ids"][first:] = [layer.diff_id]
    return finish(draft)

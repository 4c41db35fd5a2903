"""Judges a mutant or variant of an artifact, in memory."""

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from conformance.cases.mutants import documents
from conformance.checks.artifact.judge import judge_content, judge_image
from conformance.format.digest import Digest
from conformance.format.names import INDEX_TYPE
from conformance.format.oci import Descriptor
from conformance.format.sentinel import canonical_sentinel
from conformance.images.draft import Draft, Drafted, conforming_draft, finish
from conformance.images.layer_draft import LayerDraft, finish_layer
from conformance.requirements import module_of
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.layout import LayoutSource, write_layout
from conformance.sources.memory import MemorySource
from conformance.sources.reference import LayoutReference

Results = tuple[RequirementResult, ...]
Maker = Callable[..., Any]


def judge_metadata(maker: Callable[[Draft], None]) -> Results:
    """Judge an edit of a conforming image; its layers are read only where the edit changes the bytes of a document."""
    draft = conforming_draft()
    maker(draft)
    return judge_drafted(finish(draft), deep=module_of(maker) == documents.__name__)


def judge_drafted(image: Drafted, *, deep: bool = True) -> Results:
    """Judge a whole image."""
    return judge_image(observe_image(MemorySource(image.blobs, image.root), reading=LayerReading(deep)))


def judge_layout(maker: Callable[[Path], None]) -> Results:
    """Judge a conforming image in a layout whose files were edited."""
    image = finish(conforming_draft())
    root = Descriptor(INDEX_TYPE, str(Digest.of(image.root)), len(image.root))
    with TemporaryDirectory() as folder:
        layout = Path(folder)
        write_layout(layout, {**image.blobs, root.digest: image.root}, root)
        maker(layout)
        source = LayoutSource(LayoutReference(layout), judged=True)
        return judge_image(observe_image(source, reading=LayerReading(deep=True)))


def judge_layer(maker: Callable[[], LayerDraft]) -> Results:
    """Judge a layer as the last one of a conforming image."""
    layer, image = finish_layer(maker()), conforming_draft()
    image.blobs[layer.descriptor["digest"]] = layer.blob
    for manifest, config in ((image.plain, image.plain_config), (image.sentinel, image.sentinel_config)):
        manifest["layers"][-1] = layer.descriptor
        config["rootfs"]["diff_ids"][-1] = layer.diff_id
    return judge_drafted(finish(image))


def judge_sentinel(maker: Callable[[], bytes] = canonical_sentinel) -> Results:
    """Judge a sentinel blob by itself."""
    return judge_content(maker())


def failing(results: Iterable[RequirementResult]) -> tuple[str, ...]:
    """The ids that failed."""
    return tuple(sorted(result.id for result in results if result.verdict == "fail"))

"""What an audit reports of an image equals what ``zcc check`` states about it, layers judged before or not."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from conformance.audit.checking import CheckOptions, judge_source
from conformance.audit.model import AuditOptions, ImageVerdict
from conformance.audit.parts import Part, Wanted, judge_part
from conformance.audit.sources import LayoutImage
from conformance.audit.work import Judge
from conformance.cases.mutants import layers, metadata
from conformance.cases.mutants.documents._stacks import (
    file_below_a_link_of_a_lower_layer,
    hard_link_to_a_name_that_no_layer_has,
)
from conformance.format.oci import Descriptor
from conformance.images.bundle import Bundle
from conformance.images.draft import Draft, conforming_draft, finish
from conformance.images.golden import GOLDEN_IMAGES, golden_directory
from conformance.images.layer_draft import LayerDraft, finish_layer
from conformance.reports.model import SubjectReport
from conformance.requirements import find_mutants
from conformance.results import Finding
from conformance.sources.errors import SourceError
from conformance.sources.layout import LayoutSource
from conformance.sources.memory import MemorySource
from conformance.sources.reference import LayoutReference
from conformance.strategies.images import BREAKS, images
from tests.checks.artifact.pairs import pair_with

LAYERS = find_mutants(layers)


class Kept:
    """Parts in memory, through the form in which they are retained on disk."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, str], bytes] = {}

    def part(self, host: str, key: str) -> Part | None:
        body = self.parts.get((host, key))
        return None if body is None else msgspec.msgpack.decode(body, type=Part)

    def keep_part(self, host: str, key: str, part: Part) -> None:
        self.parts[host, key] = msgspec.msgpack.encode(part)


class MemoryImage(MemorySource):
    scope = host = locator = "memory"
    is_lasting = True

    def announced(self) -> tuple[str, str] | None:
        return None

    def has(self, descriptor: Descriptor, size: int | None) -> bool:
        return self.part(descriptor, 0, 1).actual_size == size

    def read(self, descriptor: Descriptor) -> None:
        pass


Image = MemoryImage | LayoutImage


def audited(image: Image, *, deep: bool) -> Iterator[ImageVerdict]:
    """The verdict from layers that are read now, and from layers that were judged before."""
    options, kept, read = AuditOptions(deep=deep, use_panel=False), Kept(), 0

    def here(source: object, wanted: Wanted) -> Part:
        nonlocal read
        read += 1
        return judge_part(image, wanted, deep=deep)

    yield Judge(options, kept, here).verdict(image)
    first = read
    yield Judge(options, kept, here).verdict(image)
    reusable = sum(part.reusable for part in (kept.part(*key) for key in kept.parts) if part is not None)
    assert read == 2 * first - reusable, "a layer that could be read is not read again"


def findings(report: SubjectReport) -> list[Finding]:
    bare = (
        msgspec.structs.replace(finding, evidence=(), replay="")
        for result in report.verdicts
        for finding in result.findings
        if finding.outcome != "needs-deep"  # an audit names their requirements only
    )
    return sorted(bare, key=msgspec.json.encode)


def assert_equal(image: Image, source: MemorySource | LayoutSource, *, deep: bool) -> None:
    options = CheckOptions(use_panel=False, deep=deep)
    try:
        report = judge_source(source, options)
    except SourceError as error:
        with pytest.raises(SourceError, match="^" + str(error)[:10]):
            next(audited(image, deep=deep))
        return
    for verdict in audited(image, deep=deep):
        assert verdict.verdicts == {result.id: result.verdict for result in report.verdicts}
        assert (verdict.ending, verdict.claims, verdict.notes) == (report.ending, report.claims, report.notes)
        assert (verdict.needs_deep, verdict.unchecked) == (report.needs_deep, report.unchecked)
        assert sorted(verdict.findings, key=msgspec.json.encode) == findings(report)


# A deep check inspects all that a shallow one does: these are enough to show that both take the same way.
@pytest.mark.parametrize(
    ("mutant", "deep"),
    [*((mutant, True) for mutant in LAYERS), *((mutant, False) for mutant in LAYERS[::4])],
    ids=lambda value: getattr(value, "__name__", "deep" if value else "shallow"),
)
def test_images_with_a_wrong_layer(mutant: Callable[[], LayerDraft], deep: bool) -> None:
    made = pair_with(finish_layer(mutant()))
    assert_equal(MemoryImage(made.blobs, made.root), MemorySource(made.blobs, made.root), deep=deep)


@pytest.mark.parametrize("edit", BREAKS, ids=lambda edit: edit.__name__)
def test_images_with_wrong_metadata(edit: Callable[[Draft], None]) -> None:
    draft = conforming_draft()
    edit(draft)
    made = finish(draft)
    assert_equal(MemoryImage(made.blobs, made.root), MemorySource(made.blobs, made.root), deep=False)


@pytest.mark.parametrize("edit", [file_below_a_link_of_a_lower_layer, hard_link_to_a_name_that_no_layer_has])
def test_images_whose_layers_depend_on_each_other(edit: Callable[[Draft], None]) -> None:
    draft = conforming_draft()
    edit(draft)
    made = finish(draft)
    assert_equal(MemoryImage(made.blobs, made.root), MemorySource(made.blobs, made.root), deep=True)


@pytest.mark.parametrize("lost", range(6))
def test_images_that_lack_a_blob(lost: int) -> None:
    made = finish(conforming_draft())
    blobs = dict(made.blobs)
    del blobs[sorted(blobs)[lost]]
    assert_equal(MemoryImage(blobs, made.root), MemorySource(blobs, made.root), deep=False)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(image=images())
def test_generated_images(image: Bundle) -> None:
    root = image.content(image.root.digest)
    assert_equal(MemoryImage(image.blobs, root), MemorySource(image.blobs, root), deep=False)


@pytest.mark.parametrize("name", GOLDEN_IMAGES)
def test_golden_images(name: str) -> None:
    reference = LayoutReference(golden_directory(name))
    assert_equal(LayoutImage(reference), LayoutSource(reference, judged=True), deep=True)


def test_there_are_mutants() -> None:
    assert len(LAYERS) > 50
    assert all(hasattr(metadata, edit.__name__) for edit in BREAKS)

"""Judges one image of an audit from parts that are judged once. The verdict equals that of ``zcc check``."""

import threading
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import msgspec

from conformance.anatomy.difference.pulling import data_layers, manifests_by_platform
from conformance.audit.checking import CheckOptions, report_on
from conformance.audit.model import (
    MAX_FINDINGS,
    MAX_NOTES,
    AuditOptions,
    ImageVerdict,
    LayerFacts,
    LayerKind,
    Variant,
)
from conformance.audit.parts import (
    LayerPart,
    OtherPart,
    Part,
    Wanted,
    layer_seen,
    other_seen,
    part_key,
    together,
)
from conformance.audit.sources import AuditedImage
from conformance.checks.artifact.judge import has_sentinel
from conformance.checks.artifact.layer_stacks import upper_layers
from conformance.checks.artifact.partial_pulls import pulled_whole
from conformance.format.names import LEGACY_PREFIX, SENTINEL_TYPE
from conformance.format.oci import Descriptor
from conformance.observed.image import ImageSeen, ReaderOutcome
from conformance.observed.layer import LayerSeen, LayersSeen, OtherLayerSeen
from conformance.readers.sentinel_panel import read_with_panel
from conformance.reports.model import SubjectReport
from conformance.sources.image import observe_image, with_layers
from conformance.sources.layers import MAX_LAYERS, LayerReading, chunk_key, observe_layers, wanted_layers
from conformance.sources.other_layers import observe_other_layers, wanted_others
from conformance.sources.table_budget import MAX_DECODED

_STRIPES: Final = 4096
_MAX_PANEL: Final = 256
_MAX_CREATED: Final = 40


class PartStore(Protocol):
    """Stores parts by host and key."""

    def part(self, host: str, key: str) -> Part | None:
        """A part that was judged before, or None."""

    def keep_part(self, host: str, key: str, part: Part) -> None:
        """Store a part, and its content separately."""


JudgePart = Callable[[AuditedImage, Wanted], Part]


class Stripes:
    """A fixed number of locks by key, so that two threads do not read the same layer at the same time."""

    def __init__(self) -> None:
        self._locks = [threading.Lock() for _ in range(_STRIPES)]

    def of(self, *key: str) -> threading.Lock:
        """The lock of this key; other keys may share it."""
        return self._locks[hash(key) % _STRIPES]


class Judge:
    """Judges images of one run, for several threads. ``judge_part`` reads a layer, possibly in another process."""

    def __init__(self, options: AuditOptions, store: PartStore, judge_part: JudgePart) -> None:
        self._options, self._store, self._judge_part = options, store, judge_part
        self._locks = Stripes()
        self._panel_lock = threading.Lock()
        self._outcomes: dict[bytes, tuple[ReaderOutcome, ...]] = {}

    def verdict(self, source: AuditedImage) -> ImageVerdict:
        """The verdict on one image; raises SourceError when it cannot be judged."""
        seen = observe_image(source, panel=self._panel if self._options.use_panel else None, reading=None)
        wanted, others = wanted_layers(seen.every_manifest), wanted_others(seen.every_manifest)
        check = CheckOptions(self._options.connection, use_panel=self._options.use_panel, deep=self._options.deep)
        if len(wanted) > MAX_LAYERS or len(others) > MAX_LAYERS:
            return self._at_once(source, seen, check)
        parts = [(layer, self._part(source, layer)) for layer in wanted]
        chunked = [(layer, part) for layer, part in parts if isinstance(part, LayerPart)]
        if sum(part.toc_size for _, part in chunked) > MAX_DECODED:
            # The TOCs of one image share a bound on memory: only reading them together shows which TOCs exceed it.
            return self._at_once(source, seen, check)
        told = [(layer, self._part(source, layer)) for layer in others]
        seen_layers = tuple(layer_seen(layer, part) for layer, part in chunked)
        upper = upper_layers(seen.every_manifest)
        if not all(part.stands_alone for layer, part in chunked if layer.descriptor.digest in upper):
            seen_layers = _with_tocs(source, seen, seen_layers)
        layers = LayersSeen(
            seen_layers,
            self._options.deep,
            tuple(other_seen(layer, part) for layer, part in told if isinstance(part, OtherPart)),
        )
        seen = with_layers(seen, layers)
        report = report_on(seen, check, of_layers=together(chunked))
        by_digest = {layer.descriptor.digest: part for layer, part in chunked}
        reusable = all(part.reusable for _, part in (*chunked, *told))
        variants = tuple(_variants(seen)) if self._options.pulls else ()
        return _image_verdict(seen, report, by_digest, reusable=reusable, variants=variants)

    def _at_once(self, source: AuditedImage, seen: ImageSeen, check: CheckOptions) -> ImageVerdict:
        """Judge the image as ``zcc check`` does."""
        reading, manifests = LayerReading(self._options.deep), seen.every_manifest
        layers = observe_layers(source, manifests, reading)
        layers = msgspec.structs.replace(layers, others=observe_other_layers(source, manifests, reading))
        whole = with_layers(seen, layers)
        return _image_verdict(whole, report_on(whole, check), {}, reusable=False)

    def _part(self, source: AuditedImage, wanted: Wanted) -> Part:
        key, descriptor = f"{self._options.checker}\n{part_key(wanted)}", wanted.descriptor
        with self._locks.of(source.host, key):
            part = self._store.part(source.host, key)
            if part is not None and source.has(descriptor, part.stored_size):
                return part
            part = self._judge_part(source, wanted)
            if part.reusable:
                self._store.keep_part(source.host, key, part)
                source.read(descriptor)
            return part

    def _panel(self, content: bytes) -> tuple[ReaderOutcome, ...]:
        with self._panel_lock:
            if content not in self._outcomes:
                if len(self._outcomes) >= _MAX_PANEL:
                    self._outcomes.clear()
                self._outcomes[content] = read_with_panel(content)
            return self._outcomes[content]


def _with_tocs(source: AuditedImage, seen: ImageSeen, layers: tuple[LayerSeen, ...]) -> tuple[LayerSeen, ...]:
    """The layers with their TOCs, which are read again: a layer depends on the names in those below it."""
    read = observe_layers(source, seen.every_manifest, LayerReading()).layers
    tocs = {chunk_key(layer.descriptor): layer.toc for layer in read}
    return tuple(
        msgspec.structs.replace(layer, toc=msgspec.structs.replace(layer.toc, outline=found.outline))
        if (found := tocs.get(chunk_key(layer.descriptor))) is not None and layer.toc.toc is not None
        else layer
        for layer in layers
    )


def _image_verdict(
    seen: ImageSeen,
    report: SubjectReport,
    parts: dict[str, LayerPart],
    *,
    reusable: bool,
    variants: tuple[Variant, ...] = (),
) -> ImageVerdict:
    findings = tuple(
        msgspec.structs.replace(finding, evidence=(), replay="")
        for result in report.verdicts
        for finding in result.findings
        if finding.outcome != "needs-deep"
    )
    failed = [
        (result.id, finding.where)
        for result in report.verdicts
        for finding in result.findings
        if finding.outcome == "fail"
    ]
    verdicts = {result.id: result.verdict for result in report.verdicts}
    assert report.ending is not None
    return ImageVerdict(
        report.ending,
        report.claims,
        verdicts,
        findings[:MAX_FINDINGS],
        report.notes[:MAX_NOTES],
        report.needs_deep,
        report.unchecked,
        tuple((result.id, result.level) for result in report.verdicts if result.verdict == "fail"),
        tuple(_facts(seen, failed, parts)),
        has_sentinel(seen),
        reusable and report.ending != "incomplete" and "not-run" not in verdicts.values(),
        max(len(findings) - MAX_FINDINGS, 0),
        variants,
    )


def _variants(seen: ImageSeen) -> Iterator[Variant]:
    for platform, manifest in manifests_by_platform(seen).items():
        created = manifest.config.fields.get("created") if manifest.config else None
        layers = tuple((layer.digest, layer.size) for layer in data_layers(manifest))
        yield Variant(str(platform), created[:_MAX_CREATED] if isinstance(created, str) else "", layers)


def _facts(seen: ImageSeen, failed: list[tuple[str, str]], parts: dict[str, LayerPart]) -> Iterator[LayerFacts]:
    whole = {layer.name for layer in pulled_whole(seen)}
    names: dict[str, list[str]] = {}
    descriptors: dict[str, Descriptor] = {}
    for manifest in seen.every_manifest:
        for position, layer in enumerate(manifest.document.view.layers if manifest.document else ()):
            if layer.media_type != SENTINEL_TYPE:
                names.setdefault(layer.digest, []).append(f"{manifest.name}.layers[{position}]")
                descriptors.setdefault(layer.digest, layer)
    others = {layer.descriptor.digest: layer for layer in seen.layers.others}
    chunked = {layer.descriptor.digest for layer in seen.layers.layers if layer.is_current}
    for digest, descriptor in descriptors.items():
        kind = _kind(descriptor, others.get(digest), is_whole=not whole.isdisjoint(names[digest]))
        if digest not in chunked and digest not in others:
            continue  # of an artifact that is not an image
        failing = dict.fromkeys(name for name, where in failed if where.startswith(tuple(names[digest])))
        part = parts.get(digest)
        sizes = (part.toc_size, part.toc_compressed) if part else (0, 0)
        yield LayerFacts(digest, descriptor.size, kind, tuple(failing), *sizes)


def _kind(descriptor: Descriptor, other: OtherLayerSeen | None, *, is_whole: bool) -> LayerKind:
    if not is_whole:
        return "foreign" if other is not None and other.is_foreign else "in-parts"
    if any(key.startswith(LEGACY_PREFIX) for key in descriptor.annotations or {}):
        return "legacy"
    return "lost-annotations" if other is not None and other.has_footer else "whole"

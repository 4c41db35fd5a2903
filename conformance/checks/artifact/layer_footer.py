"""FOOTER: the last skippable frame, and its agreement with the annotations."""

from collections.abc import Iterator

from conformance.checks.artifact.layers import current
from conformance.format.errors import FormatError
from conformance.format.footer import CURRENT_SIZE, MAGIC, FooterForm
from conformance.format.frames import SKIPPABLE_HEADER
from conformance.format.positions import TYPE_CRFS, Position, TocPosition
from conformance.observed.evidence import BytesEvidence
from conformance.observed.layer import LayerSeen, LayersSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, not_run, passed


@decides("FOOTER-001")
def current_form(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        if layer.footer is not None and not layer.footer.is_legacy:
            yield passed(layer.name)
        elif not layer.footer_raw and layer.footer_problem:
            yield not_run(f"The end of the blob could not be read: {layer.footer_problem}.", where=layer.name)
        else:
            form = f"a {layer.footer.form} footer of {len(layer.footer_raw)} bytes" if layer.footer else ""
            yield failed(
                "The blob does not end with the footer of this revision.",
                where=f"{layer.name}, its last {CURRENT_SIZE + SKIPPABLE_HEADER} bytes",
                expected=f"a skippable frame of {CURRENT_SIZE} bytes that ends with {MAGIC.decode()}",
                found=form or layer.footer_problem or "no such frame",
                evidence=(_raw(layer),),
            )


@decides("FOOTER-002")
def agrees_with_annotations(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        footer = layer.footer
        if footer is None or footer.is_legacy:
            continue  # FOOTER-001
        try:
            said = layer.annotations.positions()
        except FormatError:
            continue  # ANNOT-002, ANNOT-003
        for what, expected, found in (
            ("TOC", said.toc, footer.toc),
            ("tar-split", said.tar_split, footer.positions.tar_split),
        ):
            yield judge(
                expected == found,
                f"Footer and annotations have different byte ranges for the {what}.",
                where=f"{layer.name}, {what}",
                expected=f"{expected or 'none'} (annotation)",
                found=f"{found or 'none'} (footer)",
                evidence=(_raw(layer),),
            )


@decides("FOOTER-003")
def points_to_payloads(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        footer = layer.footer
        if footer is None or footer.is_legacy:
            continue
        places: tuple[tuple[str, TocPosition | Position | None], ...] = (
            ("TOC", footer.toc),
            ("tar-split", footer.positions.tar_split),
        )
        for what, place in places:
            if place is None:
                continue
            if place.offset in layer.unread:
                yield not_run(f"The byte range of the {what} in the footer could not be read.", where=layer.name)
                continue
            length = layer.skippable.get(place.offset)
            yield judge(
                length == place.compressed,
                f"The byte range of the {what} in the footer is not the payload of a skippable frame of this length.",
                where=f"{layer.name}, {what} at byte {place.offset}",
                expected=f"a skippable frame with {place.compressed} bytes of payload from there",
                found="no skippable frame" if length is None else f"one with {length} bytes",
                evidence=(_raw(layer),),
            )


@decides("FOOTER-004")
def manifest_type(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in current(seen):
        if layer.footer is not None and not layer.footer.is_legacy:
            yield judge(
                layer.footer.toc.type == TYPE_CRFS,
                "The manifest type in the footer is not the one defined.",
                where=f"{layer.name}, footer byte 24",
                expected=str(TYPE_CRFS),
                found=str(layer.footer.toc.type),
                evidence=(_raw(layer),),
            )


@decides("FOOTER-005")
def first_form_is_legacy(seen: LayersSeen) -> Iterator[Judgement]:
    return _legacy(seen, FooterForm.FIRST)


@decides("FOOTER-006")
def transitional_form_is_legacy(seen: LayersSeen) -> Iterator[Judgement]:
    return _legacy(seen, FooterForm.TRANSITIONAL)


def _legacy(seen: LayersSeen, form: FooterForm) -> Iterator[Judgement]:
    """A legacy footer is valid with legacy keys; with current keys the layer claims another form."""
    for layer in seen.layers:
        if layer.footer is None or layer.footer.form is not form:
            continue
        if layer.is_current:
            yield failed(
                "The annotations of a legacy layer claim the current format.",
                where=layer.name,
                expected=f"the footer of {CURRENT_SIZE} bytes, or none of the current annotations",
                found=f"the {form} footer of {len(layer.footer_raw)} bytes",
                evidence=(_raw(layer),),
            )
        else:
            yield informed(f"a legacy layer: the {form} footer of {len(layer.footer_raw)} bytes", where=layer.name)


def _raw(layer: LayerSeen) -> BytesEvidence:
    start = max(layer.descriptor.size - len(layer.footer_raw), 0)
    return BytesEvidence(layer.descriptor.digest, start, f"a footer ending with {MAGIC.decode()}", layer.footer_raw)

"""Layers with another footer."""

from collections.abc import Callable

import msgspec

from conformance.format.footer import Footer, FooterForm
from conformance.images.layer_draft import LayerDraft, conforming_layer
from conformance.requirements import mutant


@mutant("FOOTER-001")
def no_footer() -> LayerDraft:
    draft = conforming_layer()
    draft.order = ("toc", "tar-split")
    return draft


@mutant("FOOTER-002")
def footer_with_another_length() -> LayerDraft:
    def edit(footer: Footer) -> Footer:
        toc = msgspec.structs.replace(footer.toc, uncompressed=footer.toc.uncompressed + 1)
        return msgspec.structs.replace(footer, toc=toc)

    return _with_footer(edit)


@mutant("FOOTER-003", implies=("FOOTER-002",))
def footer_beside_the_toc() -> LayerDraft:
    def edit(footer: Footer) -> Footer:
        return msgspec.structs.replace(footer, toc=msgspec.structs.replace(footer.toc, offset=footer.toc.offset - 3))

    return _with_footer(edit)


@mutant("FOOTER-004", implies=("FOOTER-002",))
def footer_of_type_two() -> LayerDraft:
    return _with_footer(lambda footer: msgspec.structs.replace(footer, toc=msgspec.structs.replace(footer.toc, type=2)))


@mutant("FOOTER-005", implies=("FOOTER-001",))
def footer_of_the_first_form() -> LayerDraft:
    return _with_footer(lambda footer: Footer(FooterForm.FIRST, footer.toc))


@mutant("FOOTER-006", implies=("FOOTER-001",))
def footer_of_the_transitional_form() -> LayerDraft:
    return _with_footer(lambda footer: Footer(FooterForm.TRANSITIONAL, footer.toc))


def _with_footer(edit: Callable[[Footer], Footer]) -> LayerDraft:
    draft = conforming_layer()
    draft.footer = edit
    return draft

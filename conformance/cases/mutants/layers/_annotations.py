"""Layers whose annotations do not locate the TOC and the tar-split."""

import json
from collections.abc import Callable
from copy import deepcopy

import zstandard

from conformance.cases.mutants.layers._parts import OTHER_DIGEST
from conformance.format import names
from conformance.format.digest import Digest
from conformance.format.frames import SKIPPABLE_HEADER, skippable
from conformance.images.layer_draft import LayerDraft, conforming_layer, finish_layer
from conformance.requirements import mutant


@mutant("ANNOT-001")
def another_toc_digest() -> LayerDraft:
    return _annotated(names.MANIFEST_CHECKSUM, OTHER_DIGEST)


@mutant("ANNOT-002")
def toc_position_with_text_behind() -> LayerDraft:
    return _respelt(names.MANIFEST_POSITION, lambda text: f"{text} ")


@mutant("ANNOT-003")
def tar_split_position_with_leading_zero() -> LayerDraft:
    return _respelt(names.TARSPLIT_POSITION, lambda text: f"0{text}")


@mutant("ANNOT-004", implies=("SENT-MANIFEST-009", "FOOTER-002"))
def tar_split_not_located() -> LayerDraft:
    return _annotated(names.TARSPLIT_POSITION, None)


@mutant("ANNOT-005")
def two_kinds_of_toc() -> LayerDraft:
    return _annotated(names.ESTARGZ_TOC, OTHER_DIGEST)


@mutant("ANNOT-006")
def deprecated_checksum() -> LayerDraft:
    return _annotated(names.TARSPLIT_CHECKSUM, OTHER_DIGEST)


@mutant("ANNOT-008")
def checksum_without_position() -> LayerDraft:
    return _annotated(names.MANIFEST_POSITION, None)


@mutant("ANNOT-022")
def legacy_keys_of_a_second_toc() -> LayerDraft:
    """podman 4.3.1 unpacks the second TOC, which is in a skippable frame of its own."""
    draft = conforming_layer()
    second = deepcopy(draft.toc)
    second["entries"][-1]["name"] += "-other"
    document = json.dumps(second).encode()
    payload = zstandard.compress(document)
    place = sum(len(frame) for frame in draft.frames) + SKIPPABLE_HEADER
    draft.before_tail = skippable(payload)
    draft.annotations = {
        names.legacy_key(names.MANIFEST_CHECKSUM): str(Digest.of(payload)),
        names.legacy_key(names.MANIFEST_POSITION): f"{place}:{len(payload)}:{len(document)}:1",
    }
    return draft


@mutant("ANNOT-022")
def legacy_tar_split_without_a_current_one() -> LayerDraft:
    draft = conforming_layer()
    draft.annotations[names.legacy_key(names.TARSPLIT_POSITION)] = "1:2:3"
    return draft


def _annotated(key: str, value: str | None) -> LayerDraft:
    draft = conforming_layer()
    draft.annotations[key] = value
    return draft


def _respelt(key: str, respell: Callable[[str], str]) -> LayerDraft:
    """One annotation with another text than the layer implies."""
    draft = conforming_layer()
    return _annotated(key, respell(finish_layer(draft).descriptor["annotations"][key]))

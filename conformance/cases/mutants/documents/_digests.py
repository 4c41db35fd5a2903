"""Images with a digest that does not have the form of image-spec v1.1.1 descriptor.md."""

from conformance.cases.mutants.documents._parts import gzip_image
from conformance.format.names import MANIFEST_TYPE
from conformance.images.draft import Draft
from conformance.requirements import mutant

_HEX = "ab" * 32


def _subject(draft: Draft, digest: str) -> None:
    draft.index["subject"] = {"mediaType": MANIFEST_TYPE, "digest": digest, "size": 7}


@mutant("DOC-017")
def subject_without_an_algorithm(draft: Draft) -> None:
    _subject(draft, _HEX)


@mutant("DOC-017")
def subject_with_a_cut_digest(draft: Draft) -> None:
    _subject(draft, f"sha256:{_HEX[:-1]}")


@mutant("DOC-017")
def subject_by_an_algorithm_in_capitals(draft: Draft) -> None:
    _subject(draft, f"SHA256:{_HEX}")


@mutant("DOC-017")
def subject_with_a_blank_before_the_value(draft: Draft) -> None:
    _subject(draft, f"sha512: {_HEX}{_HEX[:-1]}")


@mutant("DOC-017", implies=("LAYER-013",))
def diff_id_in_capitals(draft: Draft) -> None:
    gzip_image(draft, f"sha256:{_HEX.upper()}")


@mutant("DOC-017", implies=("DOC-011",))
def layer_digest_in_capitals(draft: Draft) -> None:
    layer = gzip_image(draft)
    layer["digest"] = "sha256:" + layer["digest"].removeprefix("sha256:").upper()

"""Layers of the tar constructs: each violates a rule for headers, and the requirements that this implies.

The mutant ``tar_NAME`` has the construct NAME of a table in ``tar_constructs_header``, ``tar_constructs_extended`` or
``tar_constructs``.
"""

from collections.abc import Callable

from conformance.cases.mutants.tar_constructs import Construct, constructs
from conformance.cases.mutants.tar_implied import implied_by
from conformance.format.errors import FormatError
from conformance.images.layer_draft import LayerDraft, draft_of_tar, unreadable_layer
from conformance.requirements import mutant


def layer_of(tar: bytes) -> LayerDraft:
    """A layer of a tar, with its TOC and tar-split, or with empty tables where the tar cannot be read."""
    try:
        return draft_of_tar(tar)
    except FormatError:
        return unreadable_layer(tar)


def _maker(construct: Construct) -> Callable[[], LayerDraft]:
    @mutant(construct.requirement, implies=implied_by(construct.name, construct.requirement))
    def make() -> LayerDraft:
        return layer_of(construct.tar)

    make.__name__ = make.__qualname__ = f"tar_{construct.name}"
    make.__doc__ = None
    return make


MAKERS = {f"tar_{construct.name}": _maker(construct) for construct in constructs()}
globals().update(MAKERS)  # the attribute in which mutants are searched

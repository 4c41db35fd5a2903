"""Mutates archives by one to four edits. The same random state yields the same archive."""

from random import Random
from typing import Final

from conformance.assurance.differential.draft import parse
from conformance.assurance.differential.header_mutations import HEADER_MUTATIONS, Mutation
from conformance.assurance.differential.record_mutations import RECORD_MUTATIONS

MAX_SIZE: Final = 64 * 2**10
_ALL: Final = (*HEADER_MUTATIONS, *RECORD_MUTATIONS)
_WEIGHTS: Final = tuple(weight for weight, _ in _ALL)
_MUTATIONS: Final[tuple[Mutation, ...]] = tuple(mutation for _, mutation in _ALL)
_EDITS: Final = (1, 1, 1, 1, 2, 2, 3, 4)


def mutated(tar: bytes, random: Random) -> bytes:
    """The archive after some edits; its checksums are right except where an edit changes one."""
    draft = parse(tar)
    for mutation in random.choices(_MUTATIONS, _WEIGHTS, k=random.choice(_EDITS)):
        if draft.pieces:
            mutation(random, draft)
    result = draft.build()
    return result if len(result) <= MAX_SIZE else tar

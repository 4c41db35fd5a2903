"""Computes the cost of pulling each tag for a client that has the previous one, from the TOCs of an audit (--pulls)."""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Final

import msgspec

from conformance.anatomy.difference.pull import LayerContent, estimate
from conformance.audit.model import ImageVerdict, Variant
from conformance.audit.state import PairPull, Run, State
from conformance.sources.errors import SourceError
from conformance.sources.reference import RegistryReference, parse_reference

_DIGITS: Final = re.compile(r"(\d+)")


class _Tagged(msgspec.Struct, frozen=True):
    repository: str
    host: str
    tag: str
    image: int
    digest: str
    verdict: int


def store_pulls(state: State, run: Run) -> None:
    """Compute the costs of pulls of consecutive tags of a run, and store them, one repository at a time."""
    for _, tagged in groupby(_tagged(state, run), key=lambda each: each.repository):
        images = [(each, state.verdict(each.verdict)) for each in tagged]
        images.sort(key=lambda each: (_created(each[1]), _natural(each[0].tag)))
        state.keep_pulls(run.id, _pairs(state, images))


def _tagged(state: State, run: Run) -> Iterator[_Tagged]:
    """The tagged images by reference: so the tags of one repository, which share a prefix, follow each other."""
    for image, reference, digest, verdict in state.judged(run.id):
        try:
            parsed = parse_reference(reference)
        except SourceError:
            continue
        if isinstance(parsed, RegistryReference) and not parsed.by_digest:
            name = f"{parsed.host}/{parsed.repository}"
            yield _Tagged(name, parsed.host, parsed.reference, image, digest, verdict)


def _created(verdict: ImageVerdict) -> str:
    """The time of creation in the config; times of RFC 3339 in one zone sort as text."""
    return min((variant.created for variant in verdict.variants), default="")


def _natural(tag: str) -> list[tuple[bool, int, str]]:
    """A sort key by which ``v9`` comes before ``v10``."""
    return [(part.isdecimal(), int(part[:18]) if part.isdecimal() else 0, part) for part in _DIGITS.split(tag) if part]


def _pairs(state: State, images: list[tuple[_Tagged, ImageVerdict]]) -> Iterator[PairPull]:
    for (old, old_verdict), (new, new_verdict) in pairwise(images):
        if old.digest == new.digest:
            continue
        have = {variant.platform: variant for variant in old_verdict.variants}
        for variant in new_verdict.variants:
            if variant.platform in have:
                before = _contents(state, old.host, have[variant.platform])
                pull = estimate(before, _contents(state, new.host, variant))
                yield PairPull(old.image, new.image, variant.platform, pull.full, pull.by_file, pull.by_chunk)


def _contents(state: State, host: str, variant: Variant) -> list[LayerContent]:
    return [state.content(host, digest) or LayerContent(digest, size) for digest, size in variant.layers]

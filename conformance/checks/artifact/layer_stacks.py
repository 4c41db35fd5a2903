"""TAR-056 and TAR-057: the layers of an image together, where the TOCs of all of them are known."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from conformance.checks.artifact.pairs import data_layers
from conformance.checks.artifact.stack_rules import (
    Budget,
    Stack,
    StackProblem,
    entries_below_others,
    links_to_nothing,
    stands_alone,
)
from conformance.format.toc_outline import Outline, where
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.observed.layer import LayerSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, not_run, passed


class _Stack(msgspec.Struct, frozen=True):
    """The data layers of one image from the lowest on; None for a layer without a TOC."""

    layers: tuple[LayerSeen | None, ...]

    @property
    def outlines(self) -> tuple[Outline | None, ...]:
        return tuple(None if layer is None else layer.toc.outline for layer in self.layers)

    @property
    def is_known(self) -> bool:
        """Whether every layer that depends on those below it can be compared with them."""
        outlines = self.outlines
        first_unknown = outlines.index(None) if None in outlines else len(outlines)
        return not any(layer is not None and _depends(layer) for layer in self.layers[first_unknown + 1 :])


def _depends(layer: LayerSeen) -> bool:
    outline = layer.toc.outline
    return not (layer.toc.stands_alone if outline is None else stands_alone(outline))


def upper_layers(manifests: Iterable[ManifestSeen]) -> frozenset[str]:
    """The digests of the data layers that have another one below them in some image."""
    return frozenset(layer.digest for manifest in manifests for layer in data_layers(manifest)[1:])


def _stacks(seen: ImageSeen) -> Iterator[_Stack]:
    """Each sequence of layers once."""
    by_digest = {layer.descriptor.digest: layer for layer in seen.layers.layers if layer.is_current}
    done = set[tuple[str, ...]]()
    for manifest in seen.every_manifest:
        digests = tuple(layer.digest for layer in data_layers(manifest))
        if len(digests) > 1 and digests not in done and any(digest in by_digest for digest in digests[1:]):
            done.add(digests)
            yield _Stack(tuple(by_digest.get(digest) for digest in digests))


def _judged(
    seen: ImageSeen, rule: Callable[[Stack, Budget], Iterator[StackProblem]], message: str
) -> Iterator[Judgement]:
    told = set[tuple[str, int]]()
    for stack in _stacks(seen):
        budget = Budget()
        wrong = list(rule(stack.outlines, budget))
        for each in wrong:
            layer = stack.layers[each.upper]
            assert layer is not None
            if (layer.name, each.problem.index) not in told:
                told.add((layer.name, each.problem.index))
                place = f"{layer.name}, {where(each.problem)}"
                yield failed(message, where=place, expected=each.problem.expected, found=each.problem.found)
        if not wrong and budget.is_spent:
            yield not_run("The layers of the image have more names that depend on each other than are compared.")
        elif not wrong and stack.is_known:
            yield passed("", found=f"{len(stack.layers)} layers")


@decides("TAR-056")
def parents_in_lower_layers(seen: ImageSeen) -> Iterator[Judgement]:
    return _judged(
        seen,
        entries_below_others,
        "An entry lies below a name that is no directory in a lower layer: clients follow, replace or refuse it.",
    )


@decides("TAR-057")
def targets_in_lower_layers(seen: ImageSeen) -> Iterator[Judgement]:
    return _judged(seen, links_to_nothing, "A hard link has no file to link to, in its own layer or in a lower one.")

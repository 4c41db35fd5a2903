"""Trials of a consumer: cases on stages, with positive controls that are run once and shared."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Final

import msgspec

from conformance.checks.trial_verdicts import asked_for_blobs, by_parts, wrong_with
from conformance.images import tampered
from conformance.images.composed import (
    CONTROL,
    LOWER,
    MARKER,
    SINGLE,
    UPPER,
    Image,
    Layer,
    gzip_layer,
    image,
    layer_of,
    one_frame_layer,
    other_contents,
    pair,
    sentinel_image,
)
from conformance.images.trees import Node, Tree, noise
from conformance.implementations.adapter_document import Operation, Option
from conformance.observed.consumer import SelectionSeen
from conformance.observed.evidence import Evidence
from conformance.observed.trials import RunSeen, TreeSeen, TrialSeen
from conformance.registry.server.deviations import Defect
from conformance.results import Judgement
from conformance.trials.at_once import Once
from conformance.trials.consumer.bench import BY_TAG, Bench, Pull
from conformance.trials.file_trees import expected_tree
from conformance.trials.under_test import ImplementationUnderTest

MEMORY_LIMIT: Final = 2 * 2**30
"""Bytes for a process that refuses a bomb, as TOC-014, TARSPLIT-009 and SEC-004 state.

A TOC may have 150 MiB, compressed and decompressed (docs/format.md section 11); the pull request's client takes 1.3 GiB
for one of that size. The bomb expands to more.
"""

PLAIN: Final = "plain "
Seen = TrialSeen | SelectionSeen | Judgement
Scenario = Callable[["ConsumerTrials"], Iterator[Seen]]
_WITH_DATABASE: Final = ("pair", "plain pair", "one frame", "gzip")


class PositiveControl(msgspec.Struct, frozen=True):
    """A conforming image and its layers: the positive control of cases."""

    name: str
    image: Image
    trees: tuple[Tree, ...]

    @property
    def expected(self) -> TreeSeen:
        return expected_tree(self.trees)


MANY: Final[Tree] = tuple(Node(f"file{number}", content=noise(800 + number, 3000)) for number in range(8))
ECONOMY: Final[Tree] = tuple(Node(f"file{number:03}", content=noise(number, 300)) for number in range(300))


@cache
def positive_control(name: str) -> PositiveControl:
    """The conforming images by name. None shares a blob, a DiffID or a file of any size with a case that is not
    conforming.
    """
    made: Mapping[str, Callable[[], PositiveControl]] = {
        "pair": lambda: PositiveControl(name, pair([layer_of(LOWER), layer_of(UPPER)]), (LOWER, UPPER)),
        "plain pair": lambda: PositiveControl(name, image([layer_of(LOWER), layer_of(UPPER)]), (LOWER, UPPER)),
        "gzip": lambda: PositiveControl(name, image([gzip_layer(LOWER), gzip_layer(UPPER)]), (LOWER, UPPER)),
        "one frame": lambda: PositiveControl(
            name, image([one_frame_layer(LOWER), one_frame_layer(UPPER)]), (LOWER, UPPER)
        ),
    }
    return made[name]() if name in made else _of_one(name)


def _of_one(name: str) -> PositiveControl:
    """A sentinel image of one layer; with "plain " before its name the plain image of the same layer."""
    made: Mapping[str, tuple[Callable[[], Layer], Tree]] = {
        "single": (lambda: tampered.untampered(CONTROL), CONTROL),
        "raw": (lambda: tampered.untampered_toc(tampered.TWO_FILES), tampered.TWO_FILES),
        "unchecked": (lambda: tampered.unchecked(CONTROL), CONTROL),
        "many files": (lambda: tampered.unchecked(other_contents(MANY)), other_contents(MANY)),
        "two files": (lambda: layer_of(tampered.TWO_FILES), tampered.TWO_FILES),
        "holes": (lambda: layer_of(tampered.OTHER_HOLES), tampered.OTHER_HOLES),
        "two names": (lambda: layer_of(tampered.OTHER_NAMES), tampered.OTHER_NAMES),
        "economy": (lambda: layer_of(ECONOMY), ECONOMY),
    }
    build, tree = made[name.removeprefix(PLAIN)]
    put = image if name.startswith(PLAIN) else sentinel_image
    return PositiveControl(name, put([build()]), (tree,))


class ConsumerTrials:
    """Cases for one implementation.

    ``operations`` are what it consumes images with: an aware consumer by the best one that it has; of one that does
    not know sentinels every operation that inspects layers is tried. ``by_toc``: it knows no sentinels, and pulls
    plain images by their TOC.
    """

    def __init__(self, subject: ImplementationUnderTest, *, aware: bool, by_toc: bool = False) -> None:
        self.subject, self.aware, self.bench = subject, aware, Bench(subject)
        self.by_toc = by_toc and not aware
        able = [name for name in subject.adapter.operations if name not in subject.adapter.unsupported]
        wanted: tuple[Operation, ...] = ("unpack", "pull") if aware else ("unpack", "scan", "pull")
        found = [name for name in wanted if name in able] or ["unpack"]
        looks = [name for name in found if name != "pull"]
        self.operations: tuple[Operation, ...] = (found[0],) if aware or not looks else tuple(looks)
        self._runs: Once[tuple[str, str, Pull], RunSeen] = Once()

    def given(self, layers: Sequence[Layer]) -> Image:
        """The image that this kind of tool reads by TOC: with a sentinel for one that knows them."""
        return sentinel_image(layers) if self.aware else image(layers)

    def twin(self, name: str) -> str:
        """The name of the conforming image of one layer, with or without sentinel, as this kind of tool is given it."""
        return name if self.aware else f"{PLAIN}{name}"

    def refused(
        self,
        about: str,
        name: str,
        what: str,
        layer: Layer,
        *,
        tar: Sequence[Tree] = (SINGLE,),
        twin: str = "single",
        memory_limit: int = 0,
    ) -> Iterator[TrialSeen]:
        """A layer whose TOC must be refused. Of a plain image the tar, verified by its digest, may be read instead."""
        expected = None if self.aware else tar
        given, beside = self.given([layer]), self.twin(twin)
        yield from self.case(about, name, what, given, expected=expected, twin=beside, memory_limit=memory_limit)

    def has_option(self, option: Option) -> bool:
        """Whether the tool has such an option."""
        return self.subject.adapter.knows(option) and option not in self.subject.adapter.unsupported

    def options(self, *wanted: Option) -> tuple[Option, ...]:
        """Those of these options that the tool has."""
        return tuple(option for option in wanted if self.has_option(option))

    def accepted(self, name: str, operation: Operation, how: Pull = BY_TAG) -> RunSeen:
        """The run on a conforming image, done once."""
        pull = partial(self.bench.pull, positive_control(name).image, operation, how)
        return self._runs.result((name, operation, how), pull)

    def problem(self, name: str, operation: Operation) -> str:
        """What is wrong with the run on a conforming image; "" when the tree is right (for a pull:
        when it succeeded).
        """
        expected = None if operation == "pull" else positive_control(name).expected
        return wrong_with(self.accepted(name, operation), expected, self.marker(operation, name))

    def control(self) -> str:
        """Why no case of this tool proves anything: no operation unpacks the files of an ordinary image; "" when one
        does.

        An aware tool is given a sentinel image; among the others a tool without zstd is tested with gzip.
        """
        problems = [self._problem_with_control(operation) for operation in self.operations]
        return problems[0] if all(problems) else ""

    def evidence_of_control(self) -> tuple[Evidence, ...]:
        """The runs on the ordinary images."""
        return tuple(item for run in self._runs.done() for item in run.evidence)[:2]

    def _problem_with_control(self, operation: Operation) -> str:
        name = "single" if self.aware else "plain single" if self.by_toc else "one frame"
        run = self.accepted(name, operation)
        if run.ending in ("absent", "unsupported"):
            return ""  # each case states this
        problem = self.problem(name, operation)
        if self.by_toc and not problem and not by_parts(run, positive_control(name).image.layers):
            return "it requests no part of a layer with a TOC: it does not pull by TOC"
        if problem and not self.aware and not self.problem("gzip", operation):
            return ""
        if not problem and self.subject.adapter.uses(operation, "reference") and not asked_for_blobs(run):
            return "its files appeared without a request for a blob: they are not from the image"
        return f"with an ordinary image {problem}" if problem else ""

    def lacks_zstd(self, operation: Operation) -> bool:
        """Whether the tool reads gzip layers and no zstd layer at all."""
        return bool(self.problem("one frame", operation)) and not self.problem("gzip", operation)

    def case(
        self,
        about: str,
        name: str,
        what: str,
        given: Image,
        *,
        expected: Sequence[Tree] | None = None,
        twin: str = "single",
        how: Pull = BY_TAG,
        faults: Callable[[], Sequence[Defect]] = tuple,
        memory_limit: int = 0,
    ) -> Iterator[TrialSeen]:
        """A crafted image (or a conforming one behind a registry with faults) by every operation; ``twin`` "" is
        none.
        """
        for operation in self.operations:
            sound_run = self.accepted(twin, operation) if twin else None
            # A tool that hangs on conforming images is not run on every case.
            hopeless = sound_run is not None and sound_run.ending in ("timed-out", "absent")
            run = sound_run if hopeless and sound_run else self.bench.pull(given, operation, how, faults=faults())
            yield TrialSeen(
                f"{operation}: {name}",
                what,
                (about,),
                run,
                None if expected is None else expected_tree(expected),
                sound_run,
                positive_control(twin).expected if twin else None,
                layers=given.layers,
                sentinel=given.sentinel,
                marker=self.marker(operation, twin),
                memory_limit=memory_limit,
                twin_layers=positive_control(twin).image.layers if twin else (),
            )

    def marker(self, operation: Operation, twin: str) -> str:
        """What a scan of the image must print; only images with a package database have it."""
        return MARKER if operation == "scan" and twin in _WITH_DATABASE else ""

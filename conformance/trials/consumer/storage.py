"""SENT-PULL: pulls into a storage with settings, or with the content of earlier pulls."""

from collections.abc import Iterator
from typing import Final

import msgspec

from conformance.images import tampered
from conformance.images.composed import (
    SINGLE,
    Layer,
    gzip_layer,
    image,
    layer_of,
    sentinel_image,
)
from conformance.images.tampered import DUAL, DUAL_BY_TOC, FILE
from conformance.images.trees import Node, Tree, noise
from conformance.implementations.adapter_document import Operation
from conformance.observed.trials import TrialSeen
from conformance.registry.server.faults import Match, make_fault
from conformance.trials.consumer.bench import Pull
from conformance.trials.consumer.trial import ConsumerTrials, Seen, positive_control
from conformance.trials.file_trees import expected_tree

THREE: Final[tuple[Tree, ...]] = tuple((Node(f"layer{number}", content=noise(number, 500)),) for number in range(3))


def no_conversion(trials: ConsumerTrials) -> Iterator[Seen]:
    layers = {"gzip": gzip_layer(SINGLE), "zstd without a TOC": tampered.without_toc()}
    for operation in trials.operations:
        with trials.bench.stage(convert=True) as stage:
            stage.load(positive_control("single").image)
            twin = stage.run(operation)
        for name, layer in layers.items():
            given = sentinel_image([layer])
            with trials.bench.stage(convert=True) as stage:
                stage.load(given)
                run = stage.run(operation)
            yield TrialSeen(
                f"{operation}: {name}, conversion switched on",
                f"A sentinel image with a layer of {name}",
                ("SENT-PULL-007",),
                run,
                twin=twin,
                twin_expected=positive_control("single").expected,
                layers=given.layers,
            )


def economy(trials: ConsumerTrials) -> Iterator[Seen]:
    economy = positive_control("economy")
    for operation in trials.operations:
        with trials.bench.stage() as stage:
            stage.load(economy.image)
            cold, warm = stage.run(operation), stage.run(operation)
        yield TrialSeen(
            f"{operation}: 300 small files",
            "A layer of 300 small files",
            ("SENT-PULL-014",),
            warm,
            economy.expected,
            layers=economy.image.layers,
            earlier=(cold,),
        )


def reproducible(trials: ConsumerTrials) -> Iterator[Seen]:
    single, plain = positive_control("single"), positive_control("plain single")
    for operation in trials.operations:
        with trials.bench.stage() as stage:
            stage.load(single.image)
            cold, warm = stage.run(operation), stage.run(operation)
        with trials.bench.stage() as stage:
            stage.load(plain.image, "plain")
            stage.load(single.image)
            stage.run(operation, Pull(tag="plain"))
            after_plain = stage.run(operation)
        yield TrialSeen(
            f"{operation}: cold, warm, and after the plain variant",
            "A conforming sentinel image",
            ("SENT-PULL-017",),
            after_plain,
            earlier=(cold, warm),
        )


def no_reuse(trials: ConsumerTrials) -> Iterator[Seen]:
    # The plain manifest does not state that there is a TOC: every client pulls it whole.
    plain, hidden = image([tampered.without_toc(tampered.dual())]), sentinel_image([tampered.dual()])
    for operation in trials.operations:
        with trials.bench.stage() as stage:
            stage.load(plain, "plain")
            stage.load(hidden)
            earlier = stage.run(operation, Pull(tag="plain", options=trials.options("no-partial")))
            run = stage.run(operation)
        yield TrialSeen(
            f"{operation}: after the plain variant, pulled whole",
            "A layer of two readings",
            ("SENT-PULL-018",),
            run,
            expected_tree([DUAL_BY_TOC]),
            trials.accepted("single", operation),
            positive_control("single").expected,
            forbidden=expected_tree([DUAL]),
            earlier=(earlier,),
        )


def identities(trials: ConsumerTrials) -> Iterator[Seen]:
    """One config, one tar, two TOCs: the second image must not be treated as the first."""
    first, second = sentinel_image([layer_of(DUAL)]), sentinel_image([tampered.dual()])
    for operation in trials.operations:
        with trials.bench.stage() as stage:
            stage.load(first, "first")
            stage.load(second)
            earlier = stage.run(operation, Pull(tag="first"))
            run = stage.run(operation)
        yield TrialSeen(
            f"{operation}: one config, two TOCs",
            "An image with the config of another",
            ("SENT-PULL-021",),
            run,
            expected_tree([DUAL_BY_TOC]),
            twin_expected=expected_tree([DUAL]),
            earlier=(earlier,),
        )


def nothing_kept(trials: ConsumerTrials) -> Iterator[Seen]:
    """A pull that fails late, then a conforming one of the same layer: what the first has retained must not be its tar.

    The registry is slow with ranges of blobs, so that whatever is requested whole arrives first.
    """
    given = sentinel_image([tampered.dual()])
    for place in ("last", "first"):
        layers = [tampered.dual(), tampered.without_toc(layer_of(THREE[0]))]
        broken = sentinel_image(layers if place == "last" else layers[::-1])
        for operation in trials.operations:
            with trials.bench.stage() as stage:
                stage.load(broken, "broken")
                stage.load(given)
                stage.arm(make_fault("stall", "1", Match("blob", "GET", ranged=True, count=1)))
                earlier = stage.run(operation, Pull(tag="broken"))
                stage.arm()
                run = stage.run(operation)
            yield TrialSeen(
                f"{operation}: after a pull that failed by its {place} layer",
                "A layer of two readings",
                ("SENT-PULL-023",),
                run,
                expected_tree([DUAL_BY_TOC]),
                trials.accepted("two files", operation),
                positive_control("two files").expected,
                forbidden=expected_tree([DUAL]),
                earlier=(earlier,),
            )


def trusting(trials: ConsumerTrials) -> Iterator[Seen]:
    """Full digests are switched off for all images: TOC, tar-split and contents of a sentinel image are still
    verified.
    """
    cases: tuple[tuple[str, str, Layer, str], ...] = (
        ("another TOC", "A TOC that was exchanged", tampered.tampered_toc(), "raw"),
        ("another content", "A file with one byte changed", tampered.tampered_content(FILE), "unchecked"),
        ("no TOC", "A data layer without a TOC", tampered.without_toc(), "single"),
    )
    for operation in trials.operations:
        for name, what, layer, beside in cases:
            yield _pulled_trusting(trials, operation, name, what, layer, beside)
        seen = _pulled_trusting(
            trials, operation, "two readings", "A layer of two readings", tampered.dual(), "two files"
        )
        yield msgspec.structs.replace(seen, expected=expected_tree([DUAL_BY_TOC]), forbidden=expected_tree([DUAL]))


def _pulled_trusting(
    trials: ConsumerTrials, operation: Operation, name: str, what: str, layer: Layer, beside: str
) -> TrialSeen:
    given, twin = sentinel_image([layer]), positive_control(beside)
    with trials.bench.stage(trusting=True) as stage:
        stage.load(given)
        run = stage.run(operation)
    with trials.bench.stage(trusting=True) as stage:
        stage.load(twin.image)
        control = stage.run(operation)
    return TrialSeen(
        f"{operation}: {name}, full digests switched off",
        what,
        ("SENT-PULL-024",),
        run,
        twin=control,
        twin_expected=twin.expected,
        layers=given.layers,
    )

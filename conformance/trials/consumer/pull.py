"""SENT-PULL: conforming and defective sentinel images."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from conformance.format.sentinel import build_sentinel
from conformance.images import tampered
from conformance.images.composed import (
    FEATURES,
    IMPLIED,
    LOWER,
    MARKER,
    SINGLE,
    UPPER,
    Entry,
    Image,
    Layer,
    image,
    index,
    layer_of,
    other_contents,
    pair,
    sentinel_image,
)
from conformance.images.tampered import DUAL, DUAL_BY_TOC, FILE, LONG
from conformance.images.trees import Tree
from conformance.implementations.adapter_document import Option
from conformance.observed.trials import TrialSeen
from conformance.registry.server.deviations import Defect
from conformance.registry.server.faults import make_fault
from conformance.results import unsupported
from conformance.trials.consumer import storage
from conformance.trials.consumer.bench import Pull
from conformance.trials.consumer.trial import MANY, ConsumerTrials, Scenario, Seen, positive_control
from conformance.trials.file_trees import expected_tree


def _nothing_of_it(trials: ConsumerTrials) -> Iterator[Seen]:
    """A conforming pair, and its plain variant: files that a tool adds to every tree are its own."""
    pair, whole = positive_control("pair"), trials.options("no-partial")
    for operation in trials.operations:
        plain = trials.accepted("plain pair", operation, Pull(options=whole))
        yield TrialSeen(
            f"{operation}: a conforming pair",
            "A conforming sentinel image",
            ("SENT-PULL-002",),
            trials.accepted("pair", operation),
            pair.expected,
            earlier=(plain,),
        )


def _requests(trials: ConsumerTrials) -> Iterator[Seen]:
    """The requests of the pull of a conforming pair."""
    pair = positive_control("pair")
    for operation in trials.operations:
        yield TrialSeen(
            f"{operation}: a conforming pair",
            "A conforming sentinel image",
            ("SENT-PULL-003",),
            trials.accepted("pair", operation),
            pair.expected,
            layers=pair.image.layers,
            sentinel=pair.image.sentinel,
        )


def _which_reading(trials: ConsumerTrials) -> Iterator[Seen]:
    """The unpacked tree shows which of the two readings was used."""
    given, what = sentinel_image([tampered.dual()]), "A sentinel image whose TOC and tar describe different trees"
    for seen in trials.case("SENT-PULL-004", "two readings", what, given, expected=[DUAL_BY_TOC], twin="two files"):
        yield msgspec.structs.replace(seen, forbidden=expected_tree([DUAL]))


def _refused(requirement_id: str, *cases: tuple[str, str, Callable[[], Image], str]) -> Scenario:
    """Images that must be refused: name, words, builder, twin."""

    def scenario(trials: ConsumerTrials) -> Iterator[Seen]:
        for name, what, build, twin in cases:
            yield from trials.case(requirement_id, name, what, build(), twin=twin)

    return scenario


def _one(build: Callable[[], Layer]) -> Callable[[], Image]:
    """The sentinel manifest of one layer."""
    return lambda: sentinel_image([build()])


def _other_content(trials: ConsumerTrials) -> Iterator[Seen]:
    other = sentinel_image([tampered.untampered()], sentinel=build_sentinel(message=b"TOC, NEVER tar: another content"))
    what = "A sentinel image whose sentinel has another content"
    yield from trials.case("SENT-PULL-001", "another content", what, other, expected=[SINGLE])


def _no_fall_back(trials: ConsumerTrials) -> Iterator[Seen]:
    about = "SENT-PULL-005"
    broken = sentinel_image([tampered.with_annotations(checksum=tampered.OTHER)])
    yield from trials.case(about, "a TOC that cannot be used", "A sentinel image with a broken TOC", broken)
    lost = sentinel_image([tampered.with_annotations(split=None)])
    yield from trials.case(about, "no tar-split", "A sentinel image whose layer names no tar-split", lost)


def _second_without_toc() -> Image:
    return sentinel_image([tampered.untampered(), tampered.without_toc(layer_of(storage.THREE[0]))])


def _like_the_plain_variant(trials: ConsumerTrials, about: str, trees: Mapping[str, Sequence[Tree]]) -> Iterator[Seen]:
    """Each image by its sentinel variant and by its plain variant."""
    whole = trials.options("no-partial")
    for name, layers in trees.items():
        built = [layer_of(tree) for tree in layers]
        plain, hidden, expected = image(built), sentinel_image(built), expected_tree(layers)
        for operation in trials.operations:
            yield TrialSeen(
                f"{operation}: {name}",
                f"A conforming image ({name})",
                (about,),
                trials.bench.pull(hidden, operation),
                expected,
                twin_expected=expected,
                earlier=(trials.bench.pull(plain, operation, Pull(options=whole)),),
            )


def _fidelity(trials: ConsumerTrials) -> Iterator[Seen]:
    yield from _like_the_plain_variant(trials, "SENT-PULL-027", {"two layers": (LOWER, UPPER), **FEATURES})


def _times(trials: ConsumerTrials) -> Iterator[Seen]:
    yield from _like_the_plain_variant(trials, "SENT-PULL-028", {"two layers": (LOWER, UPPER)})


def _implied(trials: ConsumerTrials) -> Iterator[Seen]:
    trees = {"directories that the layer leaves out": (IMPLIED,)}
    yield from _like_the_plain_variant(trials, "SENT-PULL-029", trees)


def _other_tocs(trials: ConsumerTrials) -> Iterator[Seen]:
    about = "SENT-PULL-008"
    exchanged, named = tampered.tampered_toc(), tampered.with_annotations(checksum=tampered.OTHER)
    name, what = "another TOC of the same sizes", "A TOC that was exchanged"
    yield from trials.refused(about, name, what, exchanged, tar=(DUAL,), twin="raw")
    yield from trials.refused(about, "another digest", "A TOC that does not have the digest of the manifest", named)


def _other_contents(trials: ConsumerTrials) -> Iterator[Seen]:
    for name, what, layer in (
        ("file", "A file with one byte changed", tampered.tampered_content(FILE)),
        ("chunk", "A chunk with one byte changed", tampered.tampered_content(LONG, number=1)),
    ):
        yield from trials.refused("SENT-PULL-009", name, what, layer, twin="unchecked")
    # A client may verify a file while it writes the next ones, and lose the error before the end of the layer.
    layer = tampered.tampered_content(MANY[0].name, tree=MANY)
    what = "The first of eight files with one byte changed"
    yield from trials.refused("SENT-PULL-009", "the first of many files", what, layer, twin="many files")


def _placed(*places: int) -> Callable[[], Image]:
    return lambda: sentinel_image([tampered.untampered()], sentinel_places=places)


def _dual_without_sentinel(trials: ConsumerTrials) -> Iterator[Seen]:
    what = "A plain image whose TOC and tar describe different trees"
    given = image([tampered.dual()])
    yield from trials.case("SENT-PULL-013", "two readings", what, given, expected=[DUAL], twin="plain two files")


def _two_tocs(trials: ConsumerTrials) -> Iterator[Seen]:
    """In a plain image the layer may be treated as one without TOC; in a sentinel image it may not."""
    about, layer = "SENT-PULL-016", tampered.with_annotations(estargz=tampered.OTHER)
    words = "image whose layer has both TOC annotations"
    yield from trials.case(about, "plain", f"A plain {words}", image([layer]), expected=[SINGLE], twin="plain single")
    if trials.aware:
        yield from trials.case(about, "sentinel", f"A sentinel {words}", sentinel_image([layer]))


def _diff_ids(trials: ConsumerTrials) -> Iterator[Seen]:
    about, layers = "SENT-PULL-019", [layer_of(tree) for tree in storage.THREE]
    right = sentinel_image(layers)
    yield from trials.case(
        about, "three layers", "A sentinel image of three layers", right, expected=storage.THREE, twin=""
    )
    marker = str(right.sentinel)
    mixed = sentinel_image(layers, diff_ids=[marker, layers[1].diff_id, layers[0].diff_id, layers[2].diff_id])
    what = "A config whose DiffIDs are exchanged"
    yield from trials.case(about, "exchanged DiffIDs", what, mixed, expected=storage.THREE)


def _too_few(trials: ConsumerTrials) -> Iterator[Seen]:
    layer = tampered.untampered()
    for name, committed in (("one too few", [layer.diff_id]), ("none", [])):
        given = sentinel_image([layer], diff_ids=committed)
        what = f"A sentinel image whose config has {len(committed)} DiffIDs for 2 layers"
        yield from trials.case("SENT-PULL-020", name, what, given)


def _without_ranges(trials: ConsumerTrials) -> Iterator[Seen]:
    about = "SENT-PULL-030"
    alone = sentinel_image([tampered.dual()])
    what = "A sentinel image at a registry without ranges"

    def faults() -> Sequence[Defect]:
        return [make_fault("unsatisfiable")]

    for seen in trials.case(about, "alone", what, alone, expected=[DUAL_BY_TOC], twin="two files", faults=faults):
        yield msgspec.structs.replace(seen, forbidden=expected_tree([DUAL]))
    layer = tampered.untampered()
    both = index([Entry(image([layer])), Entry(sentinel_image([layer]), sentinel="true")])
    what = "A pair at a registry without ranges"
    yield from trials.case(about, "a pair", what, both, expected=[SINGLE], faults=faults)


def _given_the_sentinel(trials: ConsumerTrials) -> Iterator[Seen]:
    given = pair([layer_of(other_contents(LOWER)), layer_of(other_contents(UPPER))])
    (digest,) = (key for key, document in given.manifests.items() if b"sentinel" in document.raw and key != given.root)
    for operation in trials.operations:
        # A tool without zstd shows with gzip that it works.
        twin = "gzip" if trials.lacks_zstd(operation) else "plain pair"
        run = trials.bench.pull(given, operation, Pull(digest))
        yield TrialSeen(
            f"{operation}: the sentinel manifest by its digest",
            "The sentinel manifest",
            ("SENT-PULL-031", "SENT-PULL-032"),
            run,
            twin=trials.accepted(twin, operation),
            twin_expected=positive_control(twin).expected,
            marker=MARKER if operation == "scan" else "",
        )


def _all_frames(trials: ConsumerTrials) -> Iterator[Seen]:
    given = positive_control("plain pair")
    what = "A plain image whose layers have many frames"
    for operation in trials.operations:
        run = trials.accepted("plain pair", operation)
        yield TrialSeen(
            f"{operation}: many frames",
            what,
            ("SENT-PULL-015",),
            run,
            given.expected,
            trials.accepted("one frame", operation),
            given.expected,
            marker=MARKER if operation == "scan" else "",
        )


def _no_toc_pulls(trials: ConsumerTrials) -> Iterator[Seen]:
    """Where TOC pulls are switched off: the sentinel manifest by digest, and a pair by its tag."""
    if not trials.has_option("no-partial"):
        yield unsupported("its adapter has no option no-partial: TOC pulls cannot be switched off")
        return
    layer = tampered.untampered()
    hidden = sentinel_image([layer])
    both = index([Entry(image([layer])), Entry(hidden, sentinel="true")])
    off: tuple[Option, ...] = ("no-partial",)
    about, beside = "SENT-SELECT-011", "plain single"
    what = "A sentinel image where TOC pulls are switched off"
    yield from trials.case(about, "by digest", what, both, twin=beside, how=Pull(hidden.root, options=off))
    what = "A pair where TOC pulls are switched off"
    yield from trials.case(about, "by tag", what, both, expected=[SINGLE], twin=beside, how=Pull(options=off))


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "SENT-PULL-001": _other_content,
    "SENT-PULL-002": _nothing_of_it,
    "SENT-PULL-003": _requests,
    "SENT-PULL-004": _which_reading,
    "SENT-PULL-005": _no_fall_back,
    "SENT-PULL-006": _refused(
        "SENT-PULL-006",
        ("no annotation", "A data layer without a TOC in a sentinel image", _one(tampered.without_toc), "single"),
        ("second layer", "A second data layer without a TOC in a sentinel image", _second_without_toc, "single"),
    ),
    "SENT-PULL-007": storage.no_conversion,
    "SENT-PULL-008": _other_tocs,
    "SENT-PULL-009": _other_contents,
    "SENT-PULL-012": _refused(
        "SENT-PULL-012",
        ("second place", "A sentinel in the second place", _placed(1), "single"),
        ("twice", "A second sentinel", _placed(0, 0), "single"),
        ("first and last", "A second sentinel at the end", _placed(0, 2), "single"),
    ),
    "SENT-PULL-013": _dual_without_sentinel,
    "SENT-PULL-014": storage.economy,
    "SENT-PULL-016": _two_tocs,
    "SENT-PULL-017": storage.reproducible,
    "SENT-PULL-018": storage.no_reuse,
    "SENT-PULL-019": _diff_ids,
    "SENT-PULL-020": _too_few,
    "SENT-PULL-021": storage.identities,
    "SENT-PULL-023": storage.nothing_kept,
    "SENT-PULL-024": storage.trusting,
    "SENT-PULL-027": _fidelity,
    "SENT-PULL-028": _times,
    "SENT-PULL-029": _implied,
    "SENT-PULL-030": _without_ranges,
    "SENT-SELECT-011": _no_toc_pulls,
}

UNAWARE: Final[Mapping[str, Scenario]] = {
    "SENT-PULL-031": _given_the_sentinel,
    "SENT-PULL-032": _given_the_sentinel,
    "SENT-PULL-015": _all_frames,
    "SENT-PULL-016": _two_tocs,
}
BY_TOC: Final[Mapping[str, Scenario]] = {
    **UNAWARE,
    "SENT-PULL-008": _other_tocs,
    "SENT-PULL-009": _other_contents,
    "SENT-PULL-013": _dual_without_sentinel,
}
"""Of tools that pull plain images by TOC."""

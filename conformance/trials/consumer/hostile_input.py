"""Hostile layers: annotations, TOCs, footers, frames, chunks and tar-splits, each with its positive control."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from conformance.images import tampered
from conformance.images.bombs import all_skippable, empty_frames
from conformance.images.composed import LOWER, SINGLE, Layer, image, other_contents, sentinel_image
from conformance.images.tampered import FILE
from conformance.images.trees import Node, Tree
from conformance.trials.consumer.outside import outside
from conformance.trials.consumer.trial import MEMORY_LIMIT, ConsumerTrials, Scenario, Seen

Case = tuple[str, str, Callable[[], Layer]]


def _refused(
    requirement_id: str,
    *cases: Case,
    tar: Sequence[Tree] = (SINGLE,),
    twin: str = "single",
    memory_limit: int = 0,
) -> Scenario:
    """Layers whose TOC must be refused: name, words, builder; ``tar`` is what their tar holds."""

    def scenario(trials: ConsumerTrials) -> Iterator[Seen]:
        for name, what, build in cases:
            yield from trials.refused(
                requirement_id, name, what, build(), tar=tar, twin=twin, memory_limit=memory_limit
            )

    return scenario


def _position(**changes: str | None) -> Callable[[], Layer]:
    return lambda: tampered.with_annotations(**changes)


def _shifted(shift: Callable[[list[str]], list[str]]) -> Callable[[], Layer]:
    """The numbers of the conforming manifest-position, changed."""

    def build() -> Layer:
        _, made = tampered.single()
        return tampered.with_annotations(position=":".join(shift(str(made.positions.toc).split(":"))))

    return build


_POSITIONS: Final[tuple[Case, ...]] = (
    ("sign", "A position with a sign", _shifted(lambda n: [f"+{n[0]}", *n[1:]])),
    ("negative", "A negative position", _shifted(lambda n: [f"-{n[0]}", *n[1:]])),
    ("2^64", "A position beyond 64 bits", _shifted(lambda n: [n[0], n[1], str(2**64 + int(n[2])), n[3]])),
    ("overflow of the end", "A position whose end overflows", _shifted(lambda n: [str(2**63 - 1), *n[1:]])),
    ("past the end", "A position past the end of the blob", _shifted(lambda n: ["99999999", *n[1:]])),
    ("wrong type", "A position of the manifest type 2", _shifted(lambda n: [*n[:3], "2"])),
    ("too few numbers", "A position of three numbers", _shifted(lambda n: n[:3])),
    ("no position", "A layer without manifest-position", _position(position=None)),
    ("empty tar-split", "An empty tarsplit-position", _position(split="")),
)


_TRAILING: Final[tuple[Case, ...]] = (
    ("trailing text", "A position with text after it", _shifted(lambda n: [*n[:3], f"{n[3]}x"])),
)


def _legacy(trials: ConsumerTrials) -> Iterator[Seen]:
    about, layer = "ANNOT-009", tampered.legacy_only()
    what = "A plain image whose layer has legacy keys only"
    yield from trials.case(about, "plain", what, image([layer]), expected=[SINGLE], twin="plain single")
    if not trials.aware:
        return
    yield from trials.case(
        about, "sentinel", "A sentinel image whose layer has legacy keys only", sentinel_image([layer])
    )


def _footer(trials: ConsumerTrials) -> Iterator[Seen]:
    given, twin = trials.given([tampered.footer_of_another_toc()]), trials.twin("two files")
    what = "A layer whose footer names another TOC"
    yield from trials.case("FOOTER-007", "another TOC", what, given, expected=[tampered.DUAL], twin=twin)


def _frames(trials: ConsumerTrials) -> Iterator[Seen]:
    """By TOC, and as whole blobs."""
    about = "LAYER-008"
    cases = (
        ("frames without content between others", empty_frames(), False),
        ("a frame without content first", empty_frames(), True),
        ("skippable frames between others", all_skippable(), False),
    )
    for name, extra, first in cases:
        tree = other_contents(LOWER)
        layer = tampered.with_frames_between(extra, first=first, tree=tree)
        what = f"A layer with {name}"
        if trials.aware:
            yield from trials.case(about, name, what, sentinel_image([layer]), expected=[tree], twin="pair")
        whole = tampered.without_toc(layer)
        yield from trials.case(about, f"{name}, whole", what, image([whole]), expected=[tree], twin="one frame")


def _holes(trials: ConsumerTrials) -> Iterator[Seen]:
    for name, tree in (("digest of zeros", tampered.HOLES), ("digest of the hidden bytes", tampered.FILLED)):
        given, twin = trials.given([tampered.filled_hole(by_digest=tree)]), trials.twin("holes")
        what = f"A zeros chunk over other bytes, with the {name}"
        yield from trials.case("CHUNK-006", name, what, given, expected=[tree], twin=twin)


def _replaced(old: bytes, new: bytes) -> Callable[[], Layer]:
    def change(document: bytes) -> bytes:
        assert old in document
        return document.replace(old, new, 1)

    return lambda: tampered.with_document(change)


_HOSTILE: Final[tuple[Case, ...]] = (
    ("bomb", "A TOC that expands without end", tampered.toc_bomb),
    ("declared 10 GB", "A TOC declared to have 10 GB", _shifted(lambda n: [n[0], n[1], str(10 * 10**9), n[3]])),
    ("over the limit", "A TOC of more than 150 MiB", tampered.large_toc),
    ("deep nesting", "A TOC nested 100,000 deep", lambda: tampered.with_document(tampered.deep_document)),
    ("huge integer", "A TOC with an integer of 5,000 digits", _replaced(b'"size":3000', b'"size":3' + b"0" * 5000)),
    ("integer beyond 64 bits", "A TOC with a size of 2^64", _replaced(b'"size":3000', b'"size":%d' % (2**64 + 3000))),
    ("NaN", "A TOC with the number NaN", _replaced(b'"size":3000', b'"size":NaN')),
    ("not UTF-8", "A TOC that is not UTF-8", _replaced(b"dir/file", b"dir/fi\xffe")),
)

_VERSIONS: Final[tuple[Case, ...]] = (
    ("version 0", "A TOC of version 0", _replaced(b'"version":1', b'"version":0')),
    ("version 2", "A TOC of version 2", _replaced(b'"version":1', b'"version":2')),
    ("no version", "A TOC without version", _replaced(b'"version":1,', b"")),
)


def _other_tree(change: Callable[[Node], Node | None]) -> Callable[[], Layer]:
    """The tar-split of the tree with every node changed, or (None) left out."""

    def changed(tree: Sequence[Node]) -> Sequence[Node]:
        return [node for node in map(change, tree) if node is not None]

    return lambda: tampered.split_of_another_tree(changed)


def _file(**fields: object) -> Callable[[Node], Node]:
    return lambda node: msgspec.structs.replace(node, **fields) if node.name == FILE else node


def _more_entries() -> Layer:
    return tampered.split_of_another_tree(lambda tree: [*tree, Node("only-here", "symlink", link_name="x")])


_DISAGREEING: Final[tuple[Case, ...]] = (
    ("mode", "A tar-split with another mode", _other_tree(_file(mode=0o777))),
    ("owner", "A tar-split with another owner", _other_tree(_file(uid=1234))),
    ("attribute", "A tar-split with one more extended attribute", _other_tree(_file(xattrs={"user.x": "y"}))),
    ("link target", "A tar-split with another link target", _other_tree(
        lambda node: msgspec.structs.replace(node, link_name="long") if node.kind == "symlink" else node
    )),
    ("missing entry", "A tar-split without one entry", _other_tree(
        lambda node: None if node.kind == "symlink" else node
    )),
    ("entry in addition", "A tar-split with one entry more", _more_entries),
    ("digest", "A tar-split of another digest than the TOC states", tampered.split_of_another_digest),
)  # fmt: skip


def _split_numbers(compressed: int | None, uncompressed: int) -> Callable[[], Layer]:
    def build() -> Layer:
        _, made = tampered.single()
        place = made.positions.tar_split
        assert place is not None
        length = place.compressed if compressed is None else compressed
        return tampered.with_annotations(split=f"{place.offset}:{length}:{uncompressed}")

    return build


_UNBOUNDED: Final[tuple[Case, ...]] = (
    ("declared 2^40", "A tar-split declared to have 2^40 bytes", _split_numbers(None, 2**40)),
    ("declared 2^63", "A tar-split declared to have 2^63 bytes", _split_numbers(None, 2**63)),
    ("compressed 2^40", "A compressed tar-split of 2^40 bytes", _split_numbers(2**40, 10_000)),
    ("bomb", "A tar-split that expands without end", tampered.split_bomb),
)

_RECORDS: Final[tuple[Case, ...]] = (
    ("type 0", "A tar-split record of type 0", lambda: tampered.with_extra_line({"type": 0, "payload": "AAAA"})),
    ("type 3", "A tar-split record of type 3", lambda: tampered.with_extra_line({"type": 3, "payload": "AAAA"})),
    ("no type", "A tar-split record without a type", lambda: tampered.with_extra_line({"payload": "AAAA"})),
)


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "LAYER-008": _frames,
    "ANNOT-020": _refused("ANNOT-020", *_POSITIONS),
    "ANNOT-021": _refused("ANNOT-021", *_TRAILING),
    "ANNOT-009": _legacy,
    "TOC-013": outside,
    "TOC-014": _refused("TOC-014", *_HOSTILE, memory_limit=MEMORY_LIMIT),
    "TOC-017": _refused("TOC-017", *_VERSIONS),
    "CHUNK-006": _holes,
    "FOOTER-007": _footer,
    "TARSPLIT-006": _refused("TARSPLIT-006", *_DISAGREEING),
    "TARSPLIT-008": _refused(
        "TARSPLIT-008",
        ("a beside ./a", "A tar-split with one name twice, cleaned", tampered.duplicate_names),
        tar=(tampered.TWO_NAMES,),
        twin="two names",
    ),
    "TARSPLIT-009": _refused("TARSPLIT-009", *_UNBOUNDED, memory_limit=MEMORY_LIMIT),
    "TARSPLIT-010": _refused("TARSPLIT-010", *_RECORDS),
}

UNAWARE: Final[Mapping[str, Scenario]] = {"LAYER-008": _frames}
BY_TOC: Final[Mapping[str, Scenario]] = SCENARIOS
"""Of tools that pull plain images by TOC."""

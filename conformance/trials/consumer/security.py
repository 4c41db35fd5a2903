"""SEC-003 to SEC-007: the same conforming images with registries and networks that send false content, fail and
redirect.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Final

from conformance.images import tampered
from conformance.images.composed import (
    LOWER,
    SINGLE,
    UPPER,
    Image,
    Layer,
    gzip_layer,
    image,
    layer_of,
    other_contents,
    pair,
    sentinel_image,
)
from conformance.images.trees import Node, Tree, noise
from conformance.implementations.adapter_document import Operation
from conformance.observed.trials import TrialSeen
from conformance.registry.server.deviations import Defect
from conformance.registry.server.faults import Fault, Match, make_fault
from conformance.registry.server.responses import with_content
from conformance.results import Judgement, informed, unsupported
from conformance.trials.consumer.bench import reads_layouts
from conformance.trials.consumer.trial import MEMORY_LIMIT, ConsumerTrials, Scenario, Seen, positive_control

# Every content twice, one after the other: a client that fetches each once requests many ranges with gaps.
_GAPS: Final[Tree] = tuple(
    Node(f"{kind}{number:02}", content=noise(number, 3000)) for number in range(8) for kind in ("first", "again")
)
_LIES: Final = (
    ("range-ignored", ""),
    ("first-range-only", ""),
    ("parts-reordered", ""),
    ("parts-overlapping", ""),
    ("wrong-content-range", ""),
    ("cloudfront-boundary", ""),
    ("short-body", "7"),
    ("long-body", "7"),
    ("other-blob", ""),
    ("too-many-ranges", "1"),
)
_LATER: Final = Match("blob", "GET", ranged=True, skip=1)
# False responses only after the TOC was read: earlier ones would be detected by its digest.
_LATER_LIES: Final = ("first-range-only", "parts-reordered", "parts-overlapping", "wrong-content-range")
# The interruptions of a pull: the response, and the fault.
_CUTS: Final[tuple[tuple[str, str, str, Match], ...]] = (
    ("the manifest, before a byte", "reset", "0", Match("manifest", "GET", count=1)),
    ("the first blob, before a byte", "reset", "0", Match("blob", "GET", count=1)),
    ("the TOC, after 100 bytes", "reset", "100", Match("blob", "GET", ranged=True, count=1)),
    ("the contents, after 5000 bytes", "reset", "5000", Match("blob", "GET", ranged=True, skip=1, count=1)),
    ("the contents, every time", "reset", "5000", Match("blob", "GET", ranged=True, skip=1)),
    ("a stall in the contents", "stall", "1", Match("blob", "GET", ranged=True, skip=1, count=1)),
    ("an error of the server", "error-once", "", Match("blob", "GET", ranged=True, count=1)),
    ("a busy registry", "busy", "0", Match("blob", "GET", count=1)),
    ("a short body", "short-body", "100", Match("blob", "GET", ranged=True, skip=1, count=1)),
)


@cache
def _gaps() -> Layer:
    return layer_of(_GAPS)


def _faulty(
    trials: ConsumerTrials, about: str, name: str, what: str, faults: Callable[[], Sequence[Defect]]
) -> Iterator[Seen]:
    given, twin = trials.given([_gaps()]), trials.twin("single")
    yield from trials.case(about, name, what, given, expected=[_GAPS], twin=twin, faults=faults)


def _armed(name: str, value: str = "", match: Match | None = None) -> Sequence[Defect]:
    return [make_fault(name, value, match)]


def _lies(trials: ConsumerTrials) -> Iterator[Seen]:
    about = "SEC-003"
    for name, value in _LIES:
        yield from _faulty(trials, about, name, f"A registry with the fault {name}", partial(_armed, name, value))
    for name in _LATER_LIES:
        what = f"A registry with the fault {name} after the TOC was read"
        yield from _faulty(trials, about, f"{name}, later", what, partial(_armed, name, match=_LATER))


def _changes(trials: ConsumerTrials) -> Iterator[Seen]:
    """From the second request on: damaged bytes, another blob's, and valid frames with other contents."""
    about = "SEC-005"
    for fault in ("bytes-changed", "other-blob"):
        what = f"A blob that changes after the first request ({fault})"
        yield from _faulty(trials, about, fault, what, partial(_armed, fault, match=_LATER))
    other = tampered.tampered_content(tampered.LONG, number=1).blob

    def exchanged() -> Sequence[Defect]:
        return [Fault(_LATER, change=lambda call, reply, _: with_content(call, reply, other))]

    what = "A blob that becomes another one, of valid frames, after the first request"
    given, twin = trials.given([tampered.unchecked()]), trials.twin("unchecked")
    yield from trials.case(about, "another version", what, given, expected=[SINGLE], twin=twin, faults=exchanged)


def _cut(trials: ConsumerTrials) -> Iterator[Seen]:
    for name, fault, value, match in _CUTS:
        what = f"A pull that is interrupted ({name})"
        yield from _faulty(trials, "SEC-007", name, what, partial(_armed, fault, value, match))


def _bombs(trials: ConsumerTrials) -> Iterator[Seen]:
    about, limit = "SEC-004", MEMORY_LIMIT
    lying, name = "A frame that expands past the size in its header", "frame, beyond its header"
    if not trials.aware:
        given = image([tampered.tar_frame_bomb()])
        yield from trials.case(about, name, lying, given, twin="plain single", memory_limit=limit)
        return
    cases = (
        (name, lying, tampered.lying_frame_bomb),
        ("frame, beyond the TOC", "A frame that expands past the size in the TOC", tampered.frame_bomb),
        ("TOC", "A TOC that expands past its declared size", tampered.toc_bomb),
    )
    for which, what, build in cases:
        yield from trials.case(about, which, what, sentinel_image([build()]), memory_limit=limit)


def _elsewhere(name: str) -> Image:
    """The image of this name with other contents: none of it may be in the storage."""
    trees = (other_contents(LOWER), other_contents(UPPER))
    if name == "gzip":
        return image([gzip_layer(tree) for tree in trees])
    layers = [layer_of(tree) for tree in trees]
    return pair(layers) if name == "pair" else image(layers)


def _without_credentials(trials: ConsumerTrials, operation: Operation) -> Judgement | None:
    """That a tool sends no credentials, where its adapter declares this and a run shows it: it has none to lose."""
    reason = trials.subject.adapter.unsupported.get("login")
    if reason is None:
        return None
    with trials.bench.stage(login=True) as stage:
        stage.load(positive_control("plain pair").image)
        run = stage.run(operation)
    if run.succeeded or not run.exchanges or any(seen.request_header("authorization") for seen in run.exchanges):
        return None
    return informed(f"it does not authenticate ({reason}), and sent no credentials to a registry that requires them",
                    where=operation, evidence=run.evidence)  # fmt: skip


def _redirected(trials: ConsumerTrials) -> Iterator[Seen]:
    for operation in trials.operations:
        if reads_layouts(trials.subject.adapter, operation):
            yield unsupported("it is given an image in a layout, and asks no registry", where=operation)
            continue
        if (alone := _without_credentials(trials, operation)) is not None:
            yield alone
            continue
        unaware = "gzip" if not trials.aware and trials.lacks_zstd(operation) else "plain pair"
        given = positive_control("pair" if trials.aware else unaware)
        with trials.bench.stage(login=True) as stage:
            stage.load(given.image)
            twin = stage.run(operation)
        with trials.bench.stage(login=True, second_host=True) as stage:
            stage.load(_elsewhere(given.name))
            stage.redirect_blobs()
            run = stage.run(operation)
            yield TrialSeen(
                f"{operation}: blobs at another host",
                "A registry with authentication that redirects to another host",
                ("SEC-006",),
                run,
                twin=twin,
                twin_expected=given.expected,
                marker=trials.marker(operation, given.name),
                redirected=stage.redirected,
            )


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "SEC-003": _lies,
    "SEC-004": _bombs,
    "SEC-005": _changes,
    "SEC-006": _redirected,
    "SEC-007": _cut,
}

UNAWARE: Final[Mapping[str, Scenario]] = {"SEC-004": _bombs, "SEC-006": _redirected}
BY_TOC: Final[Mapping[str, Scenario]] = {**UNAWARE, "SEC-003": _lies, "SEC-005": _changes, "SEC-007": _cut}
"""Of tools that pull plain images by TOC."""

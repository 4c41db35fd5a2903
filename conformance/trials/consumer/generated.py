"""Generated images: the sentinel variant of any tree unpacks to the tree of the plain variant.

Hypothesis draws the trees from a seed that is preserved as evidence, and shrinks one that fails; that is preserved as a
layout.
"""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis.errors import Flaky

from conformance.cases.vectors.counterexamples import keep_pulled
from conformance.checks.consumer.pull import equals_the_plain_variant
from conformance.format.names import WHITEOUT
from conformance.images.composed import Image, image, layer_of, sentinel_image
from conformance.images.draft import Drafted
from conformance.images.trees import Node, Tree
from conformance.observed.evidence import Note
from conformance.observed.trials import TrialSeen
from conformance.strategies.shapes import Tally
from conformance.strategies.trees import trees
from conformance.trials.consumer.bench import Pull
from conformance.trials.consumer.trial import ConsumerTrials, Seen
from conformance.trials.file_trees import expected_tree

MAX_TRIES: Final = 40
"""Trees that are tried at most, shrinking included: each takes a run of the tool, or two."""
SHRINKING_SECONDS: Final = 20.0
"""After the first tree that fails: a smaller one is a convenience, and each try may wait for a time-out."""
_MAX_NAME: Final = 200


class _Different(AssertionError):  # noqa: N818 (a finding, not a failure of the suite)
    """The two trees differ."""


def generated_images(trials: ConsumerTrials, *, examples: int, number: int, keep: Path, tally: Tally) -> Iterator[Seen]:
    """``examples`` trees from the seed ``number``; one that fails is shrunk and preserved as a layout below ``keep``.

    ``tally`` counts the trees that were pulled.
    """
    operation = trials.operations[0]
    tried: dict[str, TrialSeen] = {}
    failing: list[Tree] = []
    until = math.inf

    @exploring(examples, number)
    def explore(drawn: Tree) -> None:
        nonlocal until
        tree = usable(drawn)
        key = repr(tree)
        is_new = key not in tried
        if is_new:
            assume(len(tried) < MAX_TRIES and time.monotonic() < until)
            tally.count([tree])
            tried[key] = _pulled_both_ways(trials, operation, tree, f"seed {number}, example {len(tried)}")
        is_different = any(judgement.outcome == "fail" for judgement in equals_the_plain_variant(tried[key]))
        assume(is_new or is_different)  # a tree that was tried takes the place of no other
        if is_different:
            failing.append(tree)
            until = min(until, time.monotonic() + SHRINKING_SECONDS)
            raise _Different

    try:
        explore()
    except (_Different, Flaky):
        yield _kept(tried, failing[-1], number, keep)
        return
    yield from tried.values()


def exploring(examples: int, number: int) -> Callable[[Callable[[Tree], None]], Callable[[], None]]:
    """Makes a test of one tree a test of ``examples`` from the seed ``number``; one that fails is shrunk."""
    how = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    drawn = given(trees(max_nodes=8, max_size=50_000))
    return lambda test: seed(number)(how(drawn(test)))


def usable(tree: Tree) -> Tree:
    """What every user can unpack on every file system: no devices, no whiteouts, no odd attributes, every parent there.

    Owners are root's: another user cannot give files away.
    """
    kept: dict[str, Node] = {}
    for node in tree:
        name = node.name
        parts = name.split("/")
        odd = any(len(part.encode()) > _MAX_NAME or part.startswith(WHITEOUT) for part in parts)
        blocked = any(kept[above].kind != "dir" for above in _above(name) if above in kept)
        lost = node.kind == "hardlink" and node.link_name not in kept
        taken = name in kept or any(other.startswith(f"{name}/") for other in kept)
        if odd or blocked or lost or taken or node.kind in ("char", "block"):
            continue
        for above in _above(name):
            kept.setdefault(above, Node(above, "dir", mode=0o755, mtime=node.mtime))
        mode = node.mode | (0o700 if node.kind == "dir" else 0o600)
        xattrs = {key: value for key, value in node.xattrs.items() if key == "user.a" and node.kind in ("reg", "dir")}
        kept[name] = msgspec.structs.replace(node, mode=mode, uid=0, gid=0, xattrs=xattrs)
    return tuple(kept.values())


def _pulled_both_ways(trials: ConsumerTrials, operation: str, tree: Tree, name: str) -> TrialSeen:
    plain, hidden = _both(tree)
    way = trials.operations[0]
    sentinel = trials.bench.pull(hidden, way)
    whole = trials.bench.pull(plain, way, Pull(options=trials.options("no-partial")))
    expected = expected_tree([tree])
    note = Note(f"{name}: {len(tree)} entries")
    return TrialSeen(
        f"{operation}: {name}",
        f"A generated image ({name})",
        ("SENT-PULL-027",),
        msgspec.structs.replace(sentinel, evidence=(note, *sentinel.evidence)),
        expected,
        twin_expected=expected,
        layers=hidden.layers,
        earlier=(whole,),
    )


def _both(tree: Tree) -> tuple[Image, Image]:
    layer = layer_of(tree)
    return image([layer]), sentinel_image([layer])


def _kept(tried: dict[str, TrialSeen], tree: Tree, number: int, keep: Path) -> TrialSeen:
    """The failing case, with a note where its image is: as a case, and as a layout."""
    plain, hidden = _both(tree)
    directory = keep_pulled(keep, "SENT-PULL-027", drafted(hidden), drafted(plain), number)
    hidden.write(directory / "layout")
    seen = tried[repr(tree)]
    note = Note(f"the smallest image found that fails: {keep.name}/{directory.name}, seed {number}")
    return msgspec.structs.replace(seen, run=msgspec.structs.replace(seen.run, evidence=(note, *seen.run.evidence)))


def drafted(image: Image) -> Drafted:
    """All of an image by digest, its documents too."""
    documents = {digest: manifest.raw for digest, manifest in image.manifests.items()}
    return Drafted({**image.blobs, **documents}, image.root_document.raw)


def _above(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]

"""What the checks of consumers report of trials that are built by hand, word for word (trials_judged.json).

Each trial is about every requirement at once, and differs from a right one by one fact or two. Checks that report the
same stand together.
"""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.checks.bound import checks_of
from conformance.observed.evidence import CommandEvidence, Exchange
from conformance.observed.trials import EntrySeen, LayerFacts, RunSeen, TreeSeen, TrialSeen
from tests.told import Told, kept, told

FILE = Path(__file__).parent / "trials_judged.json"
ALL = tuple(sorted(checks_of(TrialSeen)))
TREE: TreeSeen = {
    "d": EntrySeen("dir", 0o755, mtime=1),
    "d/f": EntrySeen("reg", 0o644, "sha256:1", mtime=5),
    "l": EntrySeen("symlink", 0o777, "d/f", mtime=6),
    "p": EntrySeen("fifo", 0o644, mtime=7),
}
OTHER: TreeSeen = {"d/f": EntrySeen("reg", 0o644, "sha256:2")}
FIRST, SECOND = LayerFacts("sha256:" + "a" * 64, 1000, 100), LayerFacts("sha256:" + "b" * 64, 2000, 0)
SENTINEL = "sha256:" + "5" * 64
AUTHORIZED = (("Authorization", "Basic x"),)


def tree(**changes: EntrySeen | None) -> TreeSeen:
    """The tree with these entries changed; ``d_f`` for ``d/f``, None for one that is missing."""
    named = {name.replace("_", "/"): entry for name, entry in changes.items()}
    return {name: entry for name, entry in {**TREE, **named}.items() if entry is not None}


def entry(name: str, **facts: Any) -> EntrySeen:
    return msgspec.structs.replace(TREE[name], **facts)


def get(digest: str, asked: str = "", *, method: str = "GET", status: int | None = 200, size: int = 0) -> Exchange:
    headers = (("Range", asked),) if asked else ()
    url = f"http://r/v2/a/blobs/{digest}"
    return Exchange(method, url, request_headers=headers, status=status, response_size=size)


PARTS = (get(FIRST.digest, "bytes=10-19,30-39", status=206), get(SECOND.digest, "bytes=5-9", status=206))


def run(**facts: Any) -> RunSeen:
    """One that unpacks the tree, by parts of the layers."""
    made: dict[str, Any] = {
        "operation": "unpack",
        "ending": "succeeded",
        "tree": TREE,
        "identity": ("id-1",),
        "exchanges": PARTS,
        "evidence": (CommandEvidence(("tool", "unpack"), 0),),
    }
    return RunSeen(**{**made, **facts})


REFUSED = run(ending="refused", reason="no", tree={})
RUNS: dict[str, RunSeen] = {
    "right": run(),
    "right, all of a layer": run(exchanges=(get(FIRST.digest),)),
    "right, all of the second layer": run(exchanges=(*PARTS, get(SECOND.digest))),
    "refused": REFUSED,
    "refused, all of a layer": run(ending="refused", reason="no", tree={}, exchanges=(*PARTS, get(FIRST.digest))),
    "refused without words": run(ending="refused", tree=None),
    "refused, with two files left": run(ending="refused", reason="no", tree=tree(d=None, d_f=None)),
    "refused, with much memory": run(ending="refused", reason="no", tree={}, peak_memory=(64 << 20) + 1),
    "crashed": run(ending="crashed", reason="SIGSEGV", tree={}),
    "hung": run(ending="timed-out", reason="60 s", tree={}),
    "not supported": run(ending="unsupported", reason="no such operation"),
    "absent": run(ending="absent", reason="it is not installed"),
    "memory at the limit": run(peak_memory=64 << 20),
    "memory above the limit": run(peak_memory=(66 << 20)),
    "no file": run(tree=tree(d_f=None)),
    "no link": run(tree=tree(l=None)),
    "no fifo, no directory": run(tree=tree(p=None, d=None)),
    "another content": run(tree=tree(d_f=entry("d/f", content="sha256:2"))),
    "another target": run(tree=tree(l=entry("l", content="d"))),
    "a link for a file": run(tree=tree(d_f=entry("d/f", kind="symlink"))),
    "a fifo for a directory": run(tree=tree(d=entry("d", kind="fifo"))),
    "another mode": run(tree=tree(d_f=entry("d/f", mode=0o600))),
    "another count of links": run(tree=tree(d_f=entry("d/f", links=2))),
    "another owner": run(tree=tree(l=entry("l", owner=(1, 0)))),
    "another attribute": run(tree=tree(d_f=entry("d/f", xattrs={"user.a": b"1"}))),
    "another time of a file": run(tree=tree(d_f=entry("d/f", mtime=8))),
    "another time of a directory": run(tree=tree(d=entry("d", mtime=8))),
    "a surplus file": run(tree=tree(z=entry("d/f"), y=entry("d/f"))),
    "the other reading": run(tree=OTHER),
    "a pull without a tree": run(operation="pull", tree=None),
    "a copy without a tree": run(operation="copy", tree=None),
    "a copy that requests no blob": run(operation="copy", tree=None, exchanges=(Exchange("GET", "http://r/v2/a/x"),)),
    "a scan": run(operation="scan", tree=None, output="mark 1"),
    "a scan that lists nothing": run(operation="scan", tree=None, output="nothing"),
    "a scan that reports an error": run(operation="scan", tree=None, output="FATAL: cannot read"),
    "a scan with an empty list of errors": run(operation="scan", tree=None, output='{"errors": [], "error": null}'),
    "a scan that lists it with an error": run(operation="scan", tree=None, output="mark 1, error"),
    "a scan that lists it, refused": run(operation="scan", ending="refused", tree=None, output="mark 1"),
    "the sentinel is fetched": run(exchanges=(*PARTS, get(SENTINEL))),
    "an unpacking that prints an error": run(output="FATAL: cannot read"),
    "a pull that prints an error": run(operation="pull", output="FATAL: cannot read"),
    "the sentinel is deleted": run(exchanges=(*PARTS, get(SENTINEL, method="DELETE"))),
    "the sentinel is probed": run(exchanges=(*PARTS, get(SENTINEL, method="HEAD"))),
    "no identity": run(identity=()),
    "another identity": run(identity=("id-2", "sha256:" + "9" * 64)),
    "3 % more than the tables": run(exchanges=(get(FIRST.digest, size=105), get("sha256:x", size=900))),
    "a byte more than that": run(exchanges=(get(SECOND.digest, "bytes=1-2", size=106),)),
    "by HEAD": run(exchanges=(get(FIRST.digest, method="HEAD", size=5000), *PARTS)),
}
RANGES = {
    "no range": "",
    "from the start": "bytes=0-",
    "to the last byte": "bytes=0-999",
    "to the last byte but one": "bytes=0-998",
    "beyond": "bytes= 0 - 1000",
    "from the second byte": "bytes=1-",
    "two ranges": "bytes=0-9,20-29",
    "a number of 20 digits": "bytes=0-" + "9" * 20,
}
ALL_OF_ONE, ALL_OF_ANOTHER = run(exchanges=(get(FIRST.digest),)), run(exchanges=(get(SECOND.digest),))
COLD = run(exchanges=(get(FIRST.digest, size=2000), get(SECOND.digest, size=1151)))
BASE = TrialSeen(
    "case",
    "A bad layer",
    ALL,
    run(),
    expected=TREE,
    twin=run(),
    twin_expected=TREE,
    layers=(FIRST, SECOND),
    sentinel=SENTINEL,
    marker="mark",
    memory_limit=64 << 20,
    earlier=(run(),),
    twin_layers=(FIRST, SECOND),
)


def trial(**facts: Any) -> TrialSeen:
    return msgspec.structs.replace(BASE, **facts)


def leaking(*headers: tuple[str, str]) -> Exchange:
    return Exchange("GET", "http://other/x", request_headers=headers, status=200)


TRIALS: dict[str, TrialSeen] = {
    **{f"{name}; with its tree": trial(run=made) for name, made in RUNS.items()},
    **{f"{name}; to be refused": trial(run=made, expected=None) for name, made in RUNS.items()},
    **{f"{name}; without a twin": trial(run=made, twin=None) for name, made in RUNS.items() if "memory" not in name},
    **{f"right; twin: {name}": trial(twin=made) for name, made in RUNS.items() if "time" not in name},
    **{f"refused; twin: {name}": trial(run=REFUSED, expected=None, twin=RUNS[name]) for name in ("refused", "absent")},
    **{f"right; earlier: {name}": trial(earlier=(made,)) for name, made in RUNS.items()},
    **{
        f"one request, {name}": trial(run=run(exchanges=(get(FIRST.digest, asked, status=206),)))
        for name, asked in RANGES.items()
    },
    **{
        f"one request of all, HTTP {status}": trial(run=run(exchanges=(get(FIRST.digest, status=status),)))
        for status in (200, 206, 404, None)
    },
    "the forbidden reading": trial(run=run(tree=OTHER), expected=None, forbidden=OTHER, earlier=(run(tree=OTHER),)),
    "the forbidden reading, which is right too": trial(forbidden=OTHER, earlier=(run(tree=OTHER),)),
    "the forbidden reading, refused": trial(run=REFUSED, forbidden=OTHER, earlier=(run(tree=OTHER),)),
    "the forbidden reading is empty": trial(run=run(tree={}), expected={}, forbidden={}, earlier=(run(tree={}),)),
    "the forbidden reading, without a tree": trial(run=run(tree=None), forbidden=OTHER),
    "nothing earlier is right": trial(earlier=(run(tree=OTHER),), forbidden=TREE),
    "no limit of memory": trial(run=run(peak_memory=2**40), memory_limit=0),
    "paths outside": trial(escaped=("/etc/x", "/y" * 200), twin=REFUSED),
    "no credentials to the other host": trial(redirected=(leaking(("Accept", "x")),)),
    "credentials to the other host": trial(redirected=(leaking(), leaking(*AUTHORIZED), leaking(*AUTHORIZED))),
    "credentials, and a crash": trial(run=RUNS["crashed"], redirected=(leaking(*AUTHORIZED),)),
    "whole layers with the control too": trial(run=ALL_OF_ONE, twin=ALL_OF_ONE),
    "whole layers, refused, with the control too": trial(
        run=run(ending="refused", tree={}, exchanges=(get(FIRST.digest),)), expected=None, twin=ALL_OF_ANOTHER
    ),
    "cold pull of 5 % more": trial(earlier=(run(exchanges=(get(FIRST.digest, size=3150),)),)),
    "cold pull of a byte more": trial(earlier=(run(exchanges=(get(FIRST.digest, size=3151),)),)),
    "cold pull of two layers": trial(earlier=(COLD,)),
    "one more identity": trial(run=run(identity=("id-1", "id-0")), earlier=(run(identity=("id-0", "id-1")),)),
    "about nothing": trial(about=()),
}  # fmt: skip
SEVERAL = {
    "three with one identity": (run(), run(), run()),
    "the first of three has another": (run(identity=("id-0",)), run(), run()),
    "the second of three refused": (run(), REFUSED, run()),
    "the second of three tells none": (run(), run(identity=()), run()),
}
TRIALS |= {
    name: trial(about=("SENT-PULL-017",), earlier=runs[:2], run=runs[2]) for name, runs in SEVERAL.items()
}  # fmt: skip


def grouped(seen: TrialSeen) -> Told:
    """What the checks report; those of one report together."""
    found: dict[tuple[str, ...], list[str]] = {}
    for name, lines in told(seen).items():
        found.setdefault(tuple(lines), []).append(name)
    return {", ".join(names): list(lines) for lines, names in found.items()}


KEPT = kept(FILE, {name: partial(grouped, seen) for name, seen in TRIALS.items()})


@pytest.mark.parametrize("name", TRIALS)
def test_what_is_reported_of_a_trial(name: str) -> None:
    assert grouped(TRIALS[name]) == KEPT[name]


def test_the_file_has_no_other_trial() -> None:
    assert set(KEPT) == set(TRIALS)


def test_every_check_passes_one_trial_and_fails_another() -> None:
    outcomes: dict[str, set[str]] = {name: set() for name in ALL}
    for report in KEPT.values():
        for names, lines in report.items():
            for name in names.split(", "):
                outcomes[name] |= {line.partition(" | ")[0] for line in lines}
    assert {name for name, seen in outcomes.items() if not seen >= {"pass", "fail"}} == set()

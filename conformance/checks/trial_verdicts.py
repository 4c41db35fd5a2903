"""From a trial to a judgement: cases that must be refused, cases that must work, and cases that allow both.

A refusal counts only with a positive control, one edit away, that was accepted with the right result. A crash or
a hang is never a refusal.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from conformance.observed.trials import EntrySeen, LayerFacts, RunSeen, TreeSeen, TrialSeen
from conformance.results import Judgement, failed, judge, not_run, passed, unsupported

INCONCLUSIVE: Final = "inconclusive: "
_FROM_THE_START: Final = re.compile(r"bytes=0-(\d{0,19})")
_NO_TREE: Final = "it shows no tree: the adapter has no operation unpack"
_REFUSED: Final = "refused: a non-zero exit with a stated reason"
_BY_TAR: Final = "the whole layer read as tar, or refused with a stated reason"


def refusal(requirement_id: str, seen: TrialSeen, *, also: str = "") -> Iterator[Judgement]:
    """The case must be refused; ``also`` is a failure that a refusal does not excuse."""
    if requirement_id not in seen.about:
        return
    weak = inconclusive(seen)
    if weak is not None:
        yield weak
    elif seen.run.succeeded:
        yield _fail(seen, f"{seen.what} was accepted", _REFUSED)
    elif seen.run.ending != "refused":
        yield _fail(seen, _broke(seen), _REFUSED)
    elif also or leftovers(seen.run):
        yield _fail(seen, also or f"{seen.what} was refused, and {leftovers(seen.run)}", _REFUSED)
    else:
        yield passed(seen.name, found=describe(seen.run))


def acceptance(requirement_id: str, seen: TrialSeen, *, problem: str = "") -> Iterator[Judgement]:
    """The case must work and give the expected tree; ``problem`` is what else is wrong with a run that did.

    If the positive control fails too, nothing is proved.
    """
    if requirement_id not in seen.about:
        return
    weak = inconclusive(seen)
    if weak is not None:
        yield weak
        return
    found = wrong_with(seen.run, seen.expected, seen.marker) or problem
    if found:
        yield _fail(seen, f"{seen.what}: {found}", "it works, with the content of the image")
    else:
        yield passed(seen.name, found=describe(seen.run))


def harmless(requirement_id: str, seen: TrialSeen, *, also: str = "", cost: str = "") -> Iterator[Judgement]:
    """The case may be refused or give the expected tree; anything else is wrong.

    ``also`` is what is wrong with a run that succeeded, ``cost`` what is wrong however it ended.
    """
    if requirement_id not in seen.about:
        return
    wanted = "the right content, or refused with a stated reason"
    weak = inconclusive(seen)
    if weak is not None:
        yield weak
    elif seen.run.ending in ("crashed", "timed-out"):
        yield _fail(seen, _broke(seen), wanted)
    elif took_forbidden(seen):
        yield _fail(seen, f"{seen.what}: its tar was read, and not its TOC", wanted)
    elif seen.run.succeeded and (wrong_with(seen.run, seen.expected, seen.marker) or also):
        wrong = wrong_with(seen.run, seen.expected, seen.marker)
        # The content may be right: then what is wrong is that the TOC was used.
        yield _fail(seen, f"{seen.what} was accepted, and {wrong or also}", wanted if wrong else _BY_TAR)
    elif cost:
        yield _fail(seen, cost, wanted)
    else:
        yield passed(seen.name, found=describe(seen.run))


def took_forbidden(seen: TrialSeen) -> bool:
    """Whether the tree is that of the forbidden reading."""
    run = seen.run
    return run.succeeded and run.tree is not None and seen.forbidden is not None and not wrong_with(run, seen.forbidden)


def bounded(seen: TrialSeen) -> str:
    """What is wrong with the memory that the run took; "" when it stayed within the limit."""
    limit, peak = seen.memory_limit, seen.run.peak_memory
    if not limit or peak <= limit:
        return ""
    return f"{seen.what} took {peak >> 20} MiB of memory; {limit >> 20} MiB are sufficient"


def wrong_with(run: RunSeen, expected: TreeSeen | None, marker: str = "") -> str:
    """Why a run did not unpack the files with their contents, in words; "" when it did.

    Safety requires this. Modes, times, attributes and names in addition are fidelity: their own requirements
    judge it, so that one lost bit makes no other case inconclusive.
    """
    if not run.succeeded:
        return f"it did not work ({describe(run)})"
    if run.tree is not None and expected is not None:
        return lost_content(expected, run.tree)
    if _hides_its_tree(run, expected):
        return _NO_TREE
    if run.operation == "scan" and marker and marker not in run.output:
        return f"its output does not list the package {marker}"
    if run.tree is None and not asked_for_blobs(run):
        return "it requested no blob"
    return ""


def asked_for_blobs(run: RunSeen) -> bool:
    """Whether any request was for a blob."""
    return any(_is_blob_fetch(item.url) for item in run.exchanges)


def lost_content(expected: TreeSeen, found: TreeSeen) -> str:
    """The first file or symbolic link that is missing, or differs; "" when all are equal."""
    for name, ours in sorted(expected.items()):
        if ours.kind not in ("reg", "symlink"):
            continue
        theirs = found.get(name)
        if theirs is None:
            return f"the tree lacks {name!r}"
        for field in ("kind", "content"):
            if getattr(ours, field) != getattr(theirs, field):
                return f"{name!r} has the {field} {_shown(theirs, field)} instead of {_shown(ours, field)}"
    return ""


def difference(expected: TreeSeen, found: TreeSeen) -> str:
    """The first difference between the expected and the actual tree; "" when there is none.

    Kinds, modes, contents, link targets and hard links; owners, times and attributes depend on the user and the file
    system.
    """
    for name in sorted({*expected, *found}):
        ours, theirs = expected.get(name), found.get(name)
        if ours is None or theirs is None:
            return f"the tree {'lacks' if theirs is None else 'has in addition'} {name!r}"
        for field in ("kind", "mode", "content", "links"):
            if getattr(ours, field) != getattr(theirs, field):
                return f"{name!r} has the {field} {_shown(theirs, field)} instead of {_shown(ours, field)}"
    return ""


def infidelity(first: TreeSeen, second: TreeSeen) -> str:
    """The first difference between two trees on one machine except for times: owners and attributes too."""
    return difference(first, second) or _field_difference(first, second, ("owner", "xattrs"))


def time_difference(first: TreeSeen, second: TreeSeen) -> str:
    """The first time that differs in both trees; times of directories change with their content."""
    return _field_difference({n: entry for n, entry in first.items() if entry.kind != "dir"}, second, ("mtime",))


def _field_difference(first: TreeSeen, second: TreeSeen, fields: Sequence[str]) -> str:
    for name, ours in first.items():
        for field in fields if name in second else ():
            if getattr(ours, field) != getattr(second[name], field):
                return f"{name!r} has the {field} {_shown(second[name], field)} instead of {_shown(ours, field)}"
    return ""


def fetched_whole(seen: TrialSeen, runs: Sequence[RunSeen] = ()) -> str:
    """A data layer that one request fetched completely, in words; "" when none was.

    A range from the first byte to the last is the whole as well.
    """
    for run in runs or (seen.run,):
        for layer in seen.layers:
            for item in run.exchanges:
                if item.method != "GET" or not item.url.endswith(f"/blobs/{layer.digest}"):
                    continue
                if _asks_for_all(item.request_header("range"), layer.size) and item.status in (200, 206, None):
                    return f"the data layer {layer.digest} was fetched whole"
    return ""


def _asks_for_all(asked: str | None, size: int) -> bool:
    if asked is None:
        return True
    found = _FROM_THE_START.fullmatch(asked.replace(" ", ""))
    return found is not None and (not found[1] or int(found[1]) >= size - 1)


def by_parts(run: RunSeen, layers: Sequence[LayerFacts]) -> bool:
    """Whether a part of a data layer, and not all of it, was requested."""
    return any(
        not _asks_for_all(item.request_header("range"), layer.size) and item.url.endswith(f"/blobs/{layer.digest}")
        for layer in layers
        for item in run.exchanges
    )


def read_by_toc(seen: TrialSeen) -> bool:
    """Whether the data layers were fetched in parts only: a client that requests parts and then the whole used no
    TOC.
    """
    return by_parts(seen.run, seen.layers) and not fetched_whole(seen)


def toc_refusal(requirement_id: str, seen: TrialSeen, *, also: str = "") -> Iterator[Judgement]:
    """The TOC of the case must be refused.

    In a sentinel image that ends the pull. Of a plain image (the case has an expected tree) the tar may be read
    instead, as it is verified by its digest.
    """
    if seen.expected is None:
        yield from refusal(requirement_id, seen, also=also)
        return
    used = "its TOC was used: the layer was fetched in parts" if read_by_toc(seen) else ""
    yield from harmless(requirement_id, seen, also=used, cost=also)


def leftovers(run: RunSeen) -> str:
    """The files that a refused run left in the output."""
    first = next(iter(sorted(run.tree or ())), "")
    return f"left {len(run.tree or ())} files behind, {first!r} first" if first else ""


def describe(run: RunSeen) -> str:
    """The ending with its reason, in one line."""
    return f"{run.ending}: {run.reason}" if run.reason else run.ending


def inconclusive(seen: TrialSeen) -> Judgement | None:
    """The judgement on a case that proves nothing, else None.

    Its positive control failed or cannot be run, or its result cannot be observed.
    """
    lacking = _lacking(seen.run) or (_lacking(seen.twin) if seen.twin is not None else None)
    if lacking is not None:
        return lacking
    if seen.run.succeeded and _hides_its_tree(seen.run, seen.expected):
        return not_run(f"{INCONCLUSIVE}{_NO_TREE}", where=seen.name, evidence=seen.run.evidence)
    problem = wrong_with(seen.twin, seen.twin_expected, seen.marker) if seen.twin is not None else ""
    if not problem:
        return None
    return not_run(
        f"{INCONCLUSIVE}with the positive control of this case {problem}, so that the result here "
        f"({describe(seen.run)}) shows nothing",
        where=seen.name,
        evidence=(*seen.run.evidence, *(seen.twin.evidence if seen.twin else ())),
    )


def neither_crash_nor_hang(seen: TrialSeen, message: str, expected: str, found: str) -> Judgement:
    """The judgement on a case that may succeed or be refused: only a crash or a hang fails, with ``message``."""
    return inconclusive(seen) or judge(
        seen.run.ending in ("succeeded", "refused"),
        message,
        where=seen.name,
        expected=expected,
        found=found,
        evidence=seen.run.evidence,
    )


def _hides_its_tree(run: RunSeen, expected: TreeSeen | None) -> bool:
    return run.tree is None and expected is not None and run.operation == "pull"


def _lacking(run: RunSeen) -> Judgement | None:
    if run.ending == "absent":
        return not_run(run.reason, where=run.operation, evidence=run.evidence)
    if run.ending == "unsupported":
        return unsupported(run.reason, where=run.operation, evidence=run.evidence)
    return None


def _broke(seen: TrialSeen) -> str:
    how = "crashed" if seen.run.ending == "crashed" else "hung"
    return f"{seen.what}: the tool {how}; that is not a refusal"


def _fail(seen: TrialSeen, message: str, expected: str) -> Judgement:
    return failed(message, where=seen.name, expected=expected, found=describe(seen.run), evidence=seen.run.evidence)


def _is_blob_fetch(url: str) -> bool:
    return "/blobs/sha256:" in url


def _shown(entry: EntrySeen, field: str) -> str:
    value = getattr(entry, field)
    return oct(value) if field == "mode" else repr(value)[:100]

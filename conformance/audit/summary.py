"""The summary of an audit: counts over all images, read from the state."""

from collections.abc import Sequence
from typing import Final

import msgspec

from conformance.anatomy.difference.pull import Cost
from conformance.audit.state import Run, State
from conformance.reports.encoding import indented_json
from conformance.results import Ending, gravest

SCHEMA: Final = "urn:zstd-chunked-conformance:audit:1"
LISTED: Final = 50
"""Maximum entries of each list of a summary; counts include all entries."""
# containers-storage refuses a TOC of more than 150 MiB decompressed; before 2023 the limit was 50 MiB.
NEAR: Final = (50 * 2**20, 150 * 2**20)
_CLOSE: Final = 0.8
_OF_RUN: Final = " FROM images JOIN verdicts ON verdicts.id = images.verdict WHERE images.run = ?"
_LAYERS_OF_RUN: Final = (
    " FROM images JOIN verdict_layers ON verdict_layers.verdict = images.verdict WHERE images.run = ?"
)


class Problem(msgspec.Struct, frozen=True):
    """An image that could not be judged, or a list that could not be read."""

    reference: str
    problem: str


class ProfileCount(msgspec.Struct, frozen=True):
    """The number of images that claim a profile ("" for none), by outcome."""

    profile: str
    ending: Ending
    images: int


class RequirementCount(msgspec.Struct, frozen=True):
    """A requirement that fails, and the number of images."""

    requirement: str
    level: str
    images: int


class FailingLayer(msgspec.Struct, frozen=True):
    """A layer on which requirements fail, and the number of images with it."""

    digest: str
    size: int
    requirements: tuple[str, ...]
    images: int


class LargeToc(msgspec.Struct, frozen=True):
    """A layer whose TOC is near or beyond a limit of clients: its size decompressed and as stored, in bytes."""

    digest: str
    toc_size: int
    toc_compressed: int
    limit: int
    images: int


class Pulls(msgspec.Struct, frozen=True):
    """How the images can be pulled. ``layers`` and ``bytes`` count distinct blobs; the other fields count images."""

    in_parts: int
    mixed: int
    whole: int
    layers: int
    layers_in_parts: int
    bytes: int
    bytes_in_parts: int
    without_sentinel: int
    lost_annotations: int
    legacy: int


class Change(msgspec.Struct, frozen=True):
    """An image with another outcome than in the previous run."""

    reference: str
    before: str
    after: str


class Difference(msgspec.Struct, frozen=True):
    """Changes since another run: counts, and the images with another outcome."""

    since: str
    new: int
    gone: int
    updated: int
    changed: int
    changes: tuple[Change, ...]


class Undecided(msgspec.Struct, frozen=True):
    """A requirement that could not be decided, the reason, and the number of images."""

    requirement: str
    reason: str
    images: int


class TagPull(msgspec.Struct, frozen=True):
    """The cost of pulling ``new`` for a client that has ``old``."""

    old: str
    new: str
    platform: str
    full: Cost
    by_file: Cost
    by_chunk: Cost


class TagPulls(msgspec.Struct, frozen=True):
    """Pulls of tags by clients that have the previous tag: sums over all ``pairs``, and the largest pulls."""

    pairs: int
    full: Cost
    by_file: Cost
    by_chunk: Cost
    largest: tuple[TagPull, ...]


class Summary(msgspec.Struct, frozen=True):
    """The summary of one run. ``waiting`` images are not done yet; lists are cut at LISTED."""

    run: Run
    ending: Ending
    images: int
    judged: int
    not_judged: int
    waiting: int
    contents: int
    profiles: tuple[ProfileCount, ...]
    requirements: tuple[RequirementCount, ...]
    failing_layers: int
    layers: tuple[FailingLayer, ...]
    pulls: Pulls
    large_tocs: tuple[LargeToc, ...]
    problems: tuple[Problem, ...]
    undecided: tuple[Undecided, ...] = ()
    tag_pulls: TagPulls | None = None
    difference: Difference | None = None
    schema: str = SCHEMA


def summarize(state: State, run: Run, since: Run | None = None) -> Summary:
    """The summary of a run, with the changes since an earlier one if given."""
    images, judged, not_judged, contents = state.rows(
        "SELECT COUNT(*), COUNT(verdict), COUNT(problem), COUNT(DISTINCT verdict) FROM images WHERE run = ?", run.id
    )[0]
    endings = state.rows(
        f"SELECT profile, ending, COUNT(*){_OF_RUN} GROUP BY profile, ending ORDER BY profile DESC, ending", run.id
    )
    fails = state.rows(
        "SELECT requirement, level, COUNT(*) FROM images JOIN verdict_fails ON verdict_fails.verdict = images.verdict"
        " WHERE images.run = ? GROUP BY requirement, level ORDER BY level = 'MUST' DESC, 3 DESC, requirement",
        run.id,
    )
    waiting = images - judged - not_judged
    found: list[Ending] = [ending for _, ending, _ in endings]
    if not_judged or waiting or not run.finished:
        found.append("incomplete")
    layers, failing = _failing_layers(state, run)
    return Summary(
        run,
        gravest(found),
        images,
        judged,
        not_judged,
        waiting,
        contents,
        tuple(ProfileCount(*row) for row in endings),
        tuple(RequirementCount(*row) for row in fails),
        failing,
        layers,
        _pulls(state, run),
        _large_tocs(state, run),
        tuple(
            Problem(*row)
            for row in state.rows(
                "SELECT reference, problem FROM images WHERE run = ? AND problem IS NOT NULL ORDER BY id LIMIT ?",
                run.id,
                LISTED,
            )
        ),
        _undecided(state, run),
        _tag_pulls(state, run),
        None if since is None else _difference(state, run, since),
    )


def encode_summary(summary: Summary) -> bytes:
    """The summary as indented JSON."""
    return indented_json(summary)


def _failing_layers(state: State, run: Run) -> tuple[tuple[FailingLayer, ...], int]:
    count = state.rows(f"SELECT COUNT(DISTINCT verdict_layers.digest){_LAYERS_OF_RUN} AND failing != ''", run.id)
    rows = state.rows(
        "SELECT verdict_layers.digest, MAX(size), GROUP_CONCAT(DISTINCT failing), COUNT(DISTINCT images.id)"
        f"{_LAYERS_OF_RUN} AND failing != '' GROUP BY verdict_layers.digest ORDER BY 4 DESC, 1 LIMIT ?",
        run.id,
        LISTED,
    )
    layers = tuple(
        FailingLayer(digest, size, tuple(sorted(set(failing.replace(",", " ").split()))), images)
        for digest, size, failing, images in rows
    )
    return layers, count[0][0]


def _pulls(state: State, run: Run) -> Pulls:
    in_parts, mixed, whole, lost, legacy, without = state.rows(
        "SELECT COALESCE(SUM(parts AND NOT others), 0), COALESCE(SUM(parts AND others), 0),"
        " COALESCE(SUM(others AND NOT parts), 0), COALESCE(SUM(lost), 0), COALESCE(SUM(legacy), 0),"
        " COALESCE(SUM(NOT sentinel), 0) FROM (SELECT images.id AS image, verdicts.sentinel AS sentinel,"
        " MAX(kind = 'in-parts') AS parts, MAX(kind NOT IN ('in-parts', 'foreign')) AS others,"
        " MAX(kind = 'lost-annotations') AS lost, MAX(kind = 'legacy') AS legacy FROM images"
        " JOIN verdicts ON verdicts.id = images.verdict"
        " LEFT JOIN verdict_layers ON verdict_layers.verdict = verdicts.id"
        " WHERE images.run = ? GROUP BY images.id)",
        run.id,
    )[0]
    layers, in_parts_layers, size, size_in_parts = state.rows(
        "SELECT COUNT(*), COALESCE(SUM(parts), 0), COALESCE(SUM(size), 0), COALESCE(SUM(size * parts), 0) FROM"  # noqa: S608
        f" (SELECT MAX(size) AS size, MIN(kind = 'in-parts') AS parts{_LAYERS_OF_RUN} AND size >= 0"
        " GROUP BY verdict_layers.digest)",
        run.id,
    )[0]
    return Pulls(in_parts, mixed, whole, layers, in_parts_layers, size, size_in_parts, without, lost, legacy)


def _large_tocs(state: State, run: Run) -> tuple[LargeToc, ...]:
    rows = state.rows(
        "SELECT verdict_layers.digest, MAX(toc_size), MAX(toc_compressed), COUNT(DISTINCT images.id)"
        f"{_LAYERS_OF_RUN} AND toc_size >= ? GROUP BY verdict_layers.digest ORDER BY 2 DESC LIMIT ?",
        run.id,
        int(NEAR[0] * _CLOSE),
        LISTED,
    )
    return tuple(
        LargeToc(digest, size, compressed, limit, images)
        for digest, size, compressed, images in rows
        if (limit := _near(size)) is not None
    )


def _undecided(state: State, run: Run) -> tuple[Undecided, ...]:
    rows = state.rows(
        "SELECT requirement, MIN(reason), COUNT(*) FROM images JOIN verdict_undecided"
        " ON verdict_undecided.verdict = images.verdict WHERE images.run = ?"
        " GROUP BY requirement ORDER BY 3 DESC, 1 LIMIT ?",
        run.id,
        LISTED,
    )
    return tuple(Undecided(*row) for row in rows)


_COSTS: Final = tuple(f"{way}_{what}" for way in ("full", "file", "chunk") for what in ("bytes", "requests", "ranges"))


def _tag_pulls(state: State, run: Run) -> TagPulls | None:
    sums = ", ".join(f"SUM({name})" for name in _COSTS)
    (pairs, *totals) = state.rows(f"SELECT COUNT(*), {sums} FROM pulls WHERE run = ?", run.id)[0]  # noqa: S608
    if not pairs:
        return None
    rows = state.rows(
        f"SELECT a.reference, b.reference, platform, {', '.join(_COSTS)} FROM pulls"  # noqa: S608 (constant names)
        " JOIN images AS a ON a.id = pulls.old JOIN images AS b ON b.id = pulls.new WHERE pulls.run = ?"
        " ORDER BY chunk_bytes DESC, b.id LIMIT ?",
        run.id,
        LISTED,
    )
    return TagPulls(pairs, *_costs(totals), tuple(TagPull(row[0], row[1], row[2], *_costs(row[3:])) for row in rows))


def _costs(numbers: Sequence[int]) -> tuple[Cost, Cost, Cost]:
    full, by_file, by_chunk = (Cost(*numbers[start : start + 3]) for start in (0, 3, 6))
    return full, by_file, by_chunk


def _near(size: int) -> int | None:
    return next((limit for limit in reversed(NEAR) if size >= limit * _CLOSE), None)


def _difference(state: State, run: Run, since: Run) -> Difference:
    ids = (run.id, since.id)
    absent = (
        "SELECT COUNT(*) FROM images WHERE run = ? AND reference NOT IN (SELECT reference FROM images WHERE run = ?)"
    )
    both = (
        " FROM images AS a JOIN images AS b ON a.reference = b.reference LEFT JOIN verdicts AS va ON va.id = a.verdict"
        " LEFT JOIN verdicts AS vb ON vb.id = b.verdict WHERE a.run = ? AND b.run = ?"
    )
    ending_a, ending_b = (
        f"CASE WHEN {side}.problem IS NOT NULL THEN 'not judged' ELSE COALESCE(v{side}.ending, 'waiting') END"
        for side in ("a", "b")
    )
    updated = state.rows(f"SELECT COUNT(*){both} AND a.digest IS NOT NULL AND a.digest != b.digest", *ids)[0][0]
    changed = state.rows(f"SELECT COUNT(*){both} AND {ending_a} != {ending_b}", *ids)[0][0]
    rows = state.rows(
        f"SELECT a.reference, {ending_b}, {ending_a}{both} AND {ending_a} != {ending_b} ORDER BY a.id LIMIT ?",
        *ids,
        LISTED,
    )
    return Difference(
        since.started,
        state.rows(absent, *ids)[0][0],
        state.rows(absent, *reversed(ids))[0][0],
        updated,
        changed,
        tuple(Change(*row) for row in rows),
    )

"""What the SENT-STRIP checks report of copies that are built by hand, word for word (copies_judged.json).

Each is judged also with one fact changed, for what that comes to: a check may go by no fact that is not its own.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.format.names import CHUNK_KEYS, INDEX_TYPE, MANIFEST_CHECKSUM, SENTINEL_ANNOTATION
from conformance.format.oci import Index
from conformance.observed.image import CopySeen, ImageSeen, ManifestSeen, Stored
from tests.checks.judged.images import digest, entry, first, layer, manifest
from tests.told import Told, kept, outcomes, told

IDS = "SENT-STRIP-"
FILE = Path(__file__).parent / "copies_judged.json"
TRUE = entry({SENTINEL_ANNOTATION: "true"})
NO_REFERRERS: dict[str, Any] = {"referrers_before": (), "referrers_after": ()}


def image(*manifests: ManifestSeen) -> ImageSeen:
    return ImageSeen("image", manifests=manifests)


def index(*manifests: ManifestSeen, raw: bytes = b"index") -> ImageSeen:
    view: Any = Index(2, (), INDEX_TYPE)
    return ImageSeen("index", Stored(raw), view, manifests=manifests)


def sentinel(*more: Any, name: str = "m", **facts: Any) -> ManifestSeen:
    return manifest(name, first(), layer("a"), layer("b"), *more, **facts)


def plain(*, name: str = "m", kind: str = "chunked", **facts: Any) -> ManifestSeen:
    return manifest(name, layer("a", kind), layer("b", kind), **facts)


def recompressed(kind: str = "gzip", **annotations: str) -> ManifestSeen:
    """What a right copier makes: other layers, the DiffIDs of the data layers."""
    diff_ids = {"rootfs": {"type": "layers", "diff_ids": [digest("a"), digest("b")]}}
    return manifest("m", layer("1", kind), layer("2", kind, **annotations), config=diff_ids)


def history(*entries: str) -> dict[str, Any]:
    """``-`` is an entry without layer."""
    return {"history": [{"empty_layer": True} if each == "-" else {"created_by": each} for each in entries]}


def other_sentinel(content: bytes | None) -> ManifestSeen:
    return sentinel(sentinels={0: Stored(content, None if content else "missing")})


LOST = ManifestSeen("lost", Stored(None, "missing", "HTTP 404"))
PAIR = (plain(name="plain", listed=entry()), sentinel(name="sentinel", listed=TRUE))
WITH_SENTINEL = {"rootfs": {"type": "layers", "diff_ids": [digest("5"), digest("a"), digest("b")]}}
STALE = {CHUNK_KEYS[0]: "x"}
COPIES = {
    "gzip, right": CopySeen("copy", image(sentinel()), image(recompressed()), "gzip", **NO_REFERRERS),
    "gzip, retained": CopySeen("copy", image(sentinel()), image(sentinel()), "gzip", **NO_REFERRERS),
    "gzip, refused": CopySeen("copy", image(sentinel()), None, "gzip", refused=True),
    "gzip, one of two left": CopySeen(
        "copy", index(*PAIR), index(recompressed(), sentinel(name="s"), sentinel(name="t")), "gzip"
    ),
    "gzip, of a layer with annotations": CopySeen(
        "copy", image(manifest("m", first(), layer("a", more="1"), layer("b"))), image(recompressed()), "gzip"
    ),
    "gzip of plain": CopySeen("copy", image(plain()), image(recompressed()), "gzip"),
    "tar, right": CopySeen("copy", image(sentinel()), image(recompressed("tar")), "uncompressed"),
    "tar, retained": CopySeen("copy", image(sentinel()), image(sentinel()), "uncompressed"),
    "zstd, right": CopySeen("copy", image(sentinel()), image(recompressed("zstd")), "zstd"),
    "zstd, left as it was": CopySeen("copy", image(sentinel()), image(sentinel()), "zstd"),
    "zstd, over others": CopySeen(
        "copy", image(sentinel()), image(manifest("m", first(), layer("1", "zstd"), layer("2", "zstd"))), "zstd"
    ),
    "zstd, one of two left as it was": CopySeen(
        "copy", index(*PAIR), index(sentinel(name="s"), manifest("t", first(), layer("9"))), "zstd"
    ),
    "zstd, refused": CopySeen("copy", image(sentinel()), None, "zstd", refused=True),
    "zstd:chunked, the same": CopySeen("copy", image(sentinel()), image(sentinel()), "zstd:chunked"),
    "zstd:chunked, again with old annotations": CopySeen(
        "copy",
        image(sentinel()),
        image(manifest("m", first(), {**layer("9"), "annotations": layer("a")["annotations"], "size": 101})),
        "zstd:chunked",
    ),
    "stale annotations": CopySeen("copy", image(sentinel()), image(recompressed(**STALE)), "gzip"),
    "stale annotations of the second manifest": CopySeen(
        "copy", index(*PAIR), index(recompressed(), recompressed(**STALE)), "gzip"
    ),
    "stale annotation of an entry": CopySeen(
        "copy",
        index(*PAIR),
        index(plain(kind="gzip", listed=entry()), plain(kind="gzip", name="n", listed=TRUE)),
        "gzip",
    ),
    "entry of a sentinel": CopySeen("copy", index(*PAIR), index(*PAIR), "gzip"),
    "DiffID retained": CopySeen(
        "copy",
        image(sentinel()),
        image(plain(config=WITH_SENTINEL)),
        "gzip",
    ),
    "DiffIDs of other layers": CopySeen(
        "copy", image(sentinel()), image(recompressed()), "gzip", data_diff_ids=(digest("a"), digest("x"))
    ),
    "DiffIDs as they were": CopySeen(
        "copy", image(sentinel()), image(recompressed()), "gzip", data_diff_ids=(digest("a"), digest("b"))
    ),
    "DiffIDs of plain": CopySeen(
        "copy", image(plain()), image(recompressed()), "gzip", data_diff_ids=(digest("a"), digest("b"))
    ),
    "DiffIDs of which copy": CopySeen("copy", image(plain()), index(plain(), plain(name="n")), "gzip"),
    "DiffIDs of two": CopySeen("copy", index(*PAIR), image(recompressed()), "gzip", data_diff_ids=("x",)),
    "preserved, refused": CopySeen("copy", image(sentinel()), None, "gzip", preserve_digests=True, refused=True),
    "preserved, refused and written": CopySeen(
        "copy", image(sentinel()), None, "gzip", preserve_digests=True, refused=True, wrote=True
    ),
    "preserved, copied": CopySeen(
        "copy", image(sentinel()), image(recompressed()), "gzip", preserve_digests=True, wrote=True
    ),
    "preserved, the same": CopySeen("copy", image(sentinel()), image(sentinel()), "gzip", preserve_digests=True),
    "preserved, no compression": CopySeen("copy", image(sentinel()), image(sentinel()), preserve_digests=True),
    "preserved, changed": CopySeen("copy", image(sentinel()), image(recompressed()), preserve_digests=True),
    "preserved, nothing there": CopySeen("copy", image(sentinel()), None, preserve_digests=True),
    "kept": CopySeen("copy", image(sentinel()), image(sentinel())),
    "retained, config changed": CopySeen("copy", image(sentinel()), image(sentinel(config={"x": 1}))),
    "retained, sentinel changed": CopySeen("copy", image(sentinel()), image(other_sentinel(b"another"))),
    "stripped": CopySeen("copy", image(sentinel()), image(plain())),
    "stripped, DiffID left": CopySeen(
        "copy",
        index(*PAIR),
        index(plain(config=WITH_SENTINEL, listed=TRUE)),
    ),
    "stripped, annotation left": CopySeen("copy", index(*PAIR), index(PAIR[0], plain(name="n", listed=TRUE))),
    "other content, retained": CopySeen(
        "copy", image(other_sentinel(b"another")), image(other_sentinel(b"another")), "gzip"
    ),
    "less content, retained": CopySeen("copy", image(other_sentinel(b"\0")), image(other_sentinel(b"\0")), "gzip"),
    "other content, stripped": CopySeen("copy", image(other_sentinel(b"another")), image(recompressed()), "gzip"),
    "like the twin": CopySeen(
        "copy", image(sentinel()), image(recompressed()), "gzip", plain_twin=image(recompressed())
    ),
    "other than the twin": CopySeen(
        "copy", image(sentinel()), image(recompressed("zstd")), "gzip", plain_twin=image(plain(config={"x": 1}))
    ),
    "twin, no config": CopySeen(
        "copy", image(sentinel()), image(plain(has_config=False)), "gzip", plain_twin=image(plain())
    ),
    "twin's config is missing": CopySeen(
        "copy", image(sentinel()), image(plain()), "gzip", plain_twin=image(plain(has_config=False))
    ),
    "twin, sentinel retained": CopySeen(
        "copy", image(sentinel()), image(sentinel()), "gzip", plain_twin=image(plain())
    ),
    "twin, which copy": CopySeen(
        "copy", image(sentinel()), index(plain(), plain(name="n")), "gzip", plain_twin=image(plain())
    ),
    "twin, which twin": CopySeen("copy", image(sentinel()), image(plain()), "gzip", plain_twin=index(plain(), plain())),
    "index, the same": CopySeen("copy", index(*PAIR), index(*PAIR)),
    "index, an entry dangles": CopySeen("copy", index(*PAIR), index(PAIR[0], LOST, PAIR[1])),
    "index, no plain": CopySeen("copy", index(*PAIR), index(PAIR[1], manifest("n", first(), layer("b"), listed=TRUE))),
    "index, another plain": CopySeen(
        "copy", index(*PAIR), index(manifest("plain", layer("a"), listed=entry()), PAIR[1])
    ),
    "part, index unchanged": CopySeen("copy", index(*PAIR), index(PAIR[0]), partial=True),
    "part, index changed": CopySeen("copy", index(*PAIR), index(PAIR[1], raw=b"other"), partial=True),
    "part, whole": CopySeen("copy", index(*PAIR), index(*PAIR, raw=b"other"), partial=True),
    "part, a manifest": CopySeen("copy", index(*PAIR), image(PAIR[0]), partial=True),
    "part, the sentinel alone": CopySeen("copy", index(*PAIR), image(PAIR[1]), partial=True),
    "part, a blob missing": CopySeen("copy", index(*PAIR), image(PAIR[0]), partial=True, missing=(digest("a"),)),
    "preserved, a blob missing": CopySeen(
        "copy", image(sentinel()), image(sentinel()), preserve_digests=True, missing=(digest("a"), digest("b"))
    ),
    "index, a blob missing": CopySeen("copy", index(*PAIR), index(*PAIR), missing=(digest("b"),)),
    "index, no entry left": CopySeen("copy", index(*PAIR), index()),
    "index, the plain one alone": CopySeen("copy", index(*PAIR), image(PAIR[0])),
    "index to gzip, other layers": CopySeen(
        "copy",
        index(*PAIR),
        index(recompressed(), recompressed()),
        "gzip",
        diff_ids_of_each=((digest("a"), digest("b")), (digest("a"),)),
    ),
    "docker, right": CopySeen("copy", image(sentinel()), image(recompressed()), to_docker=True),
    "docker, retained": CopySeen("copy", image(sentinel()), image(sentinel()), to_docker=True),
    "docker, refused": CopySeen("copy", image(sentinel()), None, to_docker=True, refused=True),
    "docker, refused and written": CopySeen("copy", image(sentinel()), None, to_docker=True, refused=True, wrote=True),
    "docker of plain": CopySeen("copy", image(plain()), image(recompressed()), to_docker=True),
    "docker list, refused": CopySeen("copy", index(*PAIR), None, to_docker=True, refused=True),
    "docker list, retained": CopySeen("copy", index(*PAIR), index(*PAIR), to_docker=True),
    "docker list, stripped": CopySeen("copy", index(*PAIR), index(PAIR[0]), to_docker=True),
    "referrers moved": CopySeen(
        "copy", image(sentinel()), image(plain()), referrers_before=("x", "b", "a"), referrers_after=("a", "b", "c")
    ),
    "referrers gone": CopySeen("copy", image(sentinel()), image(plain()), referrers_before=("a",), referrers_after=()),
    "referrers of the source not asked": CopySeen("copy", image(sentinel()), image(plain()), referrers_after=("a",)),
    "referrers of the copy not asked": CopySeen("copy", image(sentinel()), image(plain()), referrers_before=("a",)),
    "sentinel over other layers": CopySeen(
        "copy",
        image(plain()),
        index(
            manifest("right", first(), layer("a")),
            manifest("m", first(), layer("a"), layer("g", "gzip", **{MANIFEST_CHECKSUM: "x"}), layer("z", "zstd")),
        ),
    ),
    "plain, the same": CopySeen("copy", image(plain()), image(plain())),
    "plain, changed": CopySeen("copy", image(plain()), image(plain(more={"annotations": {"a": "b"}}))),
    "plain index, changed": CopySeen("copy", index(PAIR[0]), index(PAIR[0], raw=b"i" * 500)),
    "plain, nothing there": CopySeen("copy", image(plain()), None),
    "manifest changed": CopySeen(
        "copy",
        image(sentinel(more={"annotations": {"a": "b"}})),
        image(plain(more={"annotations": {"a": "c"}, "config": {"mediaType": "x", "digest": "d", "size": 1}})),
    ),
    "from storage": CopySeen("copy", image(sentinel()), image(sentinel()), from_storage=True),
    "from storage, none": CopySeen("copy", image(sentinel()), image(plain()), from_storage=True),
    "from storage, lost": CopySeen(
        "copy",
        image(sentinel()),
        index(
            sentinel(),
            sentinel(name="n", sentinels={0: Stored(None, "missing", "HTTP 404")}),
            sentinel(name="o", sentinels={0: Stored(None, "digest-mismatch")}),
        ),
        from_storage=True,
    ),
    "from storage, refused": CopySeen("copy", image(sentinel()), None, from_storage=True, refused=True),
    "to an index around a plain one": CopySeen(
        "copy", image(sentinel()), index(plain(), sentinel(name="s"), LOST), data_diff_ids=(digest("a"), digest("b"))
    ),
    **{
        f"history {before} to {after}": CopySeen(
            "copy",
            image(sentinel(config=history(*before.split()))),
            image(plain(config=history(*after.split()))),
            "gzip",
        )
        for before, after in (
            ("s a b", "s a b"),
            ("s a b", "a b"),
            ("s a b", "s b"),
            ("s a b", "b"),
            ("- s a b", "- a b"),
            ("- s a b", "s a b"),
            ("s - a b", "- a b"),
            ("a b", "a b"),
            ("a b", "b"),
            ("s a b c", "a b c"),
            ("- -", "-"),
            ("", ""),
            ("s a b", ""),
        )
    },
    "history without configs": CopySeen(
        "copy",
        image(sentinel(has_config=False)),
        image(plain(has_config=False)),
        "gzip",
    ),
    "two, the first stripped": CopySeen("copy", index(sentinel(), plain()), image(plain()), "gzip"),
    "index, a greater plain": CopySeen(
        "copy", index(*PAIR), index(manifest("plain", layer("b"), layer("c"), listed=entry()), PAIR[1])
    ),
    "two documents, the second changed": CopySeen("copy", image(plain(), plain()), image(plain(), recompressed())),
    "two documents, the first changed": CopySeen("copy", image(plain(), plain()), image(recompressed(), plain())),
    "no documents": CopySeen("copy", ImageSeen("image"), ImageSeen("image")),
}


def changed(seen: CopySeen) -> Iterator[tuple[str, CopySeen]]:
    """The same with one fact changed."""
    for fact in ("preserve_digests", "to_docker", "refused", "wrote", "from_storage", "partial", "damaged"):
        yield fact, msgspec.structs.replace(seen, **{fact: not getattr(seen, fact)})
    for requested in ("", "gzip", "zstd", "zstd:chunked", "uncompressed"):
        if requested != seen.requested:
            yield f"requested {requested}", msgspec.structs.replace(seen, requested=requested)


def judged(seen: CopySeen) -> Told:
    said = told(seen, IDS)
    others = [f"{fact}: {outcomes(other, IDS)}" for fact, other in changed(seen)]
    return {**said, "changed": others}


DUE = kept(FILE, {name: partial(judged, seen) for name, seen in COPIES.items()})


@pytest.mark.parametrize("name", sorted(COPIES))
def test_what_is_said_of_a_copy(name: str) -> None:
    assert judged(COPIES[name]) == DUE[name]

"""What the checks of producers report of pushes that are built by hand, word for word (pushes_judged.json)."""

from functools import partial
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance.checks.bound import checks_of
from conformance.format.names import LEGACY_PREFIX, SENTINEL_ANNOTATION, ZSTD_ANNOTATION
from conformance.format.oci import Index, Platform
from conformance.observed.evidence import CommandEvidence, Exchange
from conformance.observed.image import CopySeen, ImageSeen, ManifestSeen, Stored
from conformance.observed.producer import (
    AgainSeen,
    BrokenInputSeen,
    ContentsSeen,
    InterruptedSeen,
    PushEvent,
    PushSeen,
    StoredSeen,
    UnrepresentableSeen,
)
from tests.checks.judged.images import AMD64, digest, entry, first, layer, manifest
from tests.told import Told, kept, told

FILE = Path(__file__).parent / "pushes_judged.json"
EVIDENCE = (CommandEvidence(("tool", "push"), 0),)
ARM64 = Platform("arm64", "linux")
MARKED = {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"}
SINGLE = b'{"schemaVersion":2,"config":{"mediaType":"c","digest":"sha256:c","size":1},"layers":[{"mediaType":"l","digest":"sha256:a","size":1}]}'  # fmt: skip  # noqa: E501
LIST = b'{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"sha256:m","size":1},{"mediaType":"m","digest":"sha256:n","size":1}]}'  # fmt: skip  # noqa: E501


def plain(name: str = "plain", kind: str = "chunked", of: Platform | None = None, **facts: Any) -> ManifestSeen:
    listed = entry({ZSTD_ANNOTATION: "true", **facts.pop("annotations", {})}, of or AMD64)
    return manifest(name, layer("a", kind), layer("b", kind), listed=listed, **facts)


def sentinel(name: str = "sentinel", of: Platform | None = None, *more: Any, **facts: Any) -> ManifestSeen:
    listed = entry({**MARKED, **facts.pop("annotations", {})}, of or AMD64)
    return manifest(name, first(), layer("a"), layer("b"), *more, listed=listed, **facts)


def index(*manifests: ManifestSeen, raw: bytes = LIST, **facts: Any) -> ImageSeen:
    view: Any = Index(2, ())
    return ImageSeen("index", Stored(raw), view, manifests=manifests, **facts)


def alone(of: ManifestSeen) -> ImageSeen:
    return ImageSeen("image", manifests=(of,))


LOST = ManifestSeen("lost", Stored(None, "missing", "HTTP 404"))
HALF = manifest("half", layer("a"), layer("g", "gzip"), listed=entry())
UNSPLIT = manifest(
    "unsplit", {**layer("a"), "annotations": {"io.github.containers.zstd-chunked.manifest-checksum": "x"}}
)
OLD = manifest("old", layer("o", "zstd", **{LEGACY_PREFIX + "manifest-checksum": "x"}))
NO_BLOB = sentinel("no blob", sentinels={0: Stored(None, "missing")})
IMAGES: dict[str, ImageSeen | None] = {
    "nothing": None,
    "a pair": index(plain(), sentinel()),
    "a pair and a pair": index(plain(), plain("arm", of=ARM64), sentinel(), sentinel("arm sentinel", ARM64)),
    "a pair and a plain one": index(plain(), plain("arm", more={"x": 1}, of=ARM64), sentinel()),
    "a pair and a gzip one": index(plain(), plain("arm", "gzip", of=ARM64), sentinel()),
    "two sentinels of one platform": index(plain(), sentinel(), sentinel("again")),
    "a second sentinel layer": index(plain(), sentinel("twice", None, first("6"))),
    "a plain index": index(plain()),
    "a plain manifest": alone(plain()),
    "a gzip manifest": alone(plain(kind="gzip")),
    "an old manifest": alone(OLD),
    "one layer without TOC": alone(HALF),
    "no tar-split": alone(UNSPLIT),
    "no layers": alone(manifest("empty")),
    "a sentinel manifest": alone(sentinel()),
    "a sentinel index": index(sentinel()),
    "a sentinel over gzip": index(
        plain(kind="gzip"), manifest("s", first(), layer("a", "gzip"), layer("b", "gzip"), listed=entry(MARKED))
    ),
    "a lost manifest": index(plain(), LOST),
    "a lost sentinel blob": index(plain(), NO_BLOB),
    "an index that is none": ImageSeen("index", Stored(b"["), None, "no JSON", (plain(),)),
    "nothing in an index": index(),
    "annotations kept": index(plain(annotations={"a": "1"}), sentinel(annotations={"a": "1", "b": "2"})),
    "annotations lost": index(plain(annotations={"a": "1", "b": "2"}), sentinel(annotations={"a": "1"})),
    "annotations changed": index(plain(annotations={"a": "1"}), sentinel(annotations={"a": "2"})),
    "a pair without entries": index(manifest("p", layer("a")), manifest("s", first(), layer("a"))),
}


def event(kind: Any, of: str, **facts: Any) -> PushEvent:
    return PushEvent(kind, digest(of), Exchange("PUT", f"http://r/{kind}/{of}", status=201), **facts)


EVENTS = {
    "in order": (
        *(event("probe", each) for each in "5cab"),
        *(event("upload", "c"), event("upload", "a"), event("manifest", "m", content=SINGLE, name="m")),
        *(event("upload", "b"), event("manifest", "n", content=b"{", name="n"), event("manifest", "i", content=LIST)),
    ),
    "manifest first": (event("manifest", "m", content=SINGLE), event("upload", "a"), event("upload", "c")),
    "index before the second": (event("manifest", "m"), event("manifest", "i", content=LIST), event("manifest", "n")),
    "there": (event("probe", "a", found=True), event("probe", "c", found=True), event("manifest", "m", content=SINGLE)),
    "absent": (event("probe", "a"), event("probe", "c", found=True), event("manifest", "m", content=SINGLE)),
    "mounted": (event("mount", "a"), event("mount", "c"), event("upload", "c"), event("manifest", "m", content=SINGLE)),
    "twice": (
        event("upload", "a"),
        event("upload", "b"),
        event("upload", "a"),
        event("upload", "b"),
        event("upload", "c"),
    ),
    "after the probe": (event("upload", "c"), event("probe", "c"), event("probe", "d"), event("upload", "d")),
}
REJECTED = (Exchange("PUT", "http://r/x", status=400),)
FACTS: dict[str, dict[str, Any]] = {
    "as zstd:chunked": {},
    "as gzip": {"requested": "gzip"},
    "as zstd": {"requested": "zstd"},
    "uncompressed": {"requested": "uncompressed"},
    "again": {"again": True, "before": LIST},
    "again, other": {"again": True, "before": b"other"},
    "again, nothing before": {"again": True},
    "digests preserved": {"preserve_digests": True},
    "of an index": {"source_root": LIST},
    "of an index, digests preserved": {"source_root": LIST, "preserve_digests": True},
    "of what is none": {"source_root": b"{"},
    "of an eStargz": {"source_is_estargz": True},
    "of an eStargz as gzip": {"source_is_estargz": True, "requested": "gzip"},
    "rejected": {"rejects": "the index", "rejected": REJECTED},
    "not rejected": {"rejects": "the index"},
    "rejected, refused": {"rejects": "the index", "rejected": REJECTED, "ended": "refused", "reason": "no"},
    "rejected, timed out": {"rejects": "the index", "rejected": REJECTED, "ended": "timed-out", "reason": "60 s"},
    "rejected, silent": {"rejects": "the index", "rejected": REJECTED, "ended": "refused"},
    "rejected, crashed": {"rejects": "the index", "rejected": REJECTED, "ended": "crashed", "reason": "SIGSEGV"},
    "signed": {"signed": (digest("x"),)},
    "signed nowhere": {"signed": ()},
    "to a digest": {"to_digest": str(digest("x"))},
    "to a digest, rejected": {"to_digest": str(digest("x")), "rejected": REJECTED},
    "to a digest, refused": {"to_digest": str(digest("x")), "ended": "refused", "reason": "no"},
    "to a digest, crashed": {"to_digest": str(digest("x")), "ended": "crashed", "reason": "no"},
    "to a digest, rejected and refused": {"to_digest": "sha256:x", "ended": "refused", "rejected": REJECTED},
    "with a twin": {"twin": alone(plain())},
    "with another twin": {"twin": alone(plain(more={"x": 1}))},
    "sentinels off": {"sentinels_off": True},
    "due": {"due": True, "output": "pushed"},
    "due, told of": {"due": True, "output": "no Sentinel variants here"},
    "due, told of in a word": {"due": True, "output": "invariant and sentinelled " + "x" * 300},
    "due, silent": {"due": True},
    "due, refused": {"due": True, "ended": "refused", "reason": "no"},
    "due, crashed": {"due": True, "ended": "crashed", "reason": "SIGSEGV"},
}
BASE = PushSeen("push", "succeeded", SINGLE, None, evidence=EVIDENCE)
SEEN: dict[str, Any] = {}
for name, image in IMAGES.items():
    for how, facts in FACTS.items():
        SEEN[f"{name}; {how}"] = msgspec.structs.replace(BASE, after=image, **facts)
for name, events in EVENTS.items():
    SEEN[f"events {name}"] = msgspec.structs.replace(BASE, events=events, after=IMAGES["a pair"])
    SEEN[f"events {name}, nothing after"] = msgspec.structs.replace(BASE, events=events, source_root=LIST)
    before = frozenset({digest("c"), digest("m")})
    SEEN[f"events {name}, some there"] = msgspec.structs.replace(BASE, events=events, there_before=before)
_SIGNED = IMAGES["a pair"]
assert _SIGNED is not None
_ROOTS = [LIST, *(each.stored.content or b"" for each in _SIGNED.manifests)]
for left_out in range(4):
    signed = tuple(f"sha256:{sha256(raw).hexdigest()}" for at, raw in enumerate(_ROOTS) if at != left_out)
    SEEN[f"signed but for {left_out}"] = msgspec.structs.replace(BASE, after=_SIGNED, signed=signed)
for problem in ("", "the tree lacks 'a'"):
    SEEN[f"contents, {problem or 'all there'}"] = ContentsSeen("pair", "linux/amd64", problem, EVIDENCE)
for ended in ("succeeded", "refused", "crashed", "timed-out"):
    for name, image in IMAGES.items():
        for missing in ((), ("sha256:1", "sha256:2")):
            SEEN[f"stored {ended}, {name}, {missing}"] = StoredSeen("store", ended, image, missing, "why", EVIDENCE)
    for tagged in (True, False):
        SEEN[f"broken {ended} {tagged}"] = BrokenInputSeen("a cut layer", ended, tagged, "why", EVIDENCE)
    for after, has_toc, same in product(("", "d1", "d2"), (True, False), (True, False)):
        SEEN[f"unrepresentable {ended} {after} {has_toc} {same}"] = UnrepresentableSeen(
            "a long name", ended, "d1", after, has_toc, same, "why", EVIDENCE
        )
    for before_, after_ in ((None, None), (b"1", b"1"), (b"1", b"2"), (b"1", None), (None, b"2")):
        for whole, complete in ((True, True), (False, True), (False, False)):
            SEEN[f"interrupted {ended} {before_!r} {after_!r} {whole} {complete}"] = InterruptedSeen(
                "request 3", "reset", ended, before_, after_, whole, complete, EVIDENCE
            )
for name, image in IMAGES.items():
    for first_name in ("a pair", "a plain index"):
        source = IMAGES[first_name]
        assert source is not None
        SEEN[f"again {first_name}, {name}"] = AgainSeen("again", source, image, EVIDENCE)
ELSEWHERE: dict[str, dict[str, Any]] = {
    "as it is": {},
    "as gzip": {"requested": "gzip"},
    "damaged": {"damaged": True, "requested": "gzip"},
    "damaged, refused": {"damaged": True, "requested": "gzip", "refused": True},
    "damaged, refused and written": {"damaged": True, "requested": "gzip", "refused": True, "wrote": True},
    "damaged, nothing requested": {"damaged": True, "refused": True},
    "refused": {"refused": True},
    "to Docker": {"to_docker": True},
    "preserved": {"preserve_digests": True},
    "exported": {"from_storage": True},
    "exported, refused": {"from_storage": True, "refused": True},
    "exported, DiffIDs": {"from_storage": True, "data_diff_ids": (digest("a"), digest("b"))},
    "exported, another DiffID": {"from_storage": True, "data_diff_ids": (digest("a"), digest("x"))},
    "referrers": {"referrers_before": ("r", "s"), "referrers_after": ("s", "t", "r")},
    "other referrers": {"referrers_before": ("r",), "referrers_after": ("t",)},
    "no referrers asked": {"referrers_before": ("r",)},
}
WITH = {"annotations": {"a": "1", "b": "2", LEGACY_PREFIX + "manifest-checksum": "x"}}
NOTED = alone(manifest("noted", {**layer("a", "gzip"), **WITH}, {**layer("b", "gzip"), "annotations": {"c": "3"}}))
SOME = alone(manifest("some", {**layer("1", "zstd"), "annotations": {"a": "1", "b": "3"}}, layer("2", "zstd")))
_NAMES = (
    "nothing",
    "a pair",
    "a plain index",
    "a plain manifest",
    "a gzip manifest",
    "a sentinel manifest",
    "a lost manifest",
)
COPIED = {
    **{name: IMAGES[name] for name in _NAMES},
    "noted": NOTED,
    "some": SOME,
    "no config": alone(plain(has_config=False)),
}
for source_name in ("a pair", "a sentinel manifest", "a plain manifest", "noted"):
    for name, image in COPIED.items():
        for how, facts in ELSEWHERE.items():
            source = COPIED[source_name]
            assert source is not None
            SEEN[f"copy of {source_name}; {name}; {how}"] = CopySeen("copy", source, image, **facts)
OF_COPIES = frozenset({"SENT-PULL-025", "SENT-PULL-026", "SENT-PUSH-018", "SENT-STRIP-023", "SENT-STRIP-024"})


def reported(seen: Any) -> Told:
    found = told(seen)
    return {name: lines for name, lines in found.items() if name in OF_COPIES} if isinstance(seen, CopySeen) else found


KEPT = kept(FILE, {name: partial(reported, seen) for name, seen in SEEN.items()})


@pytest.mark.parametrize("start", range(0, len(SEEN), 25))
def test_what_is_reported_of_pushes(start: int) -> None:
    for name in list(SEEN)[start : start + 25]:
        assert reported(SEEN[name]) == KEPT[name], name


def test_the_file_has_no_other_case_and_every_check_both_outcomes() -> None:
    assert set(KEPT) == set(SEEN)
    types = (PushSeen, AgainSeen, BrokenInputSeen, ContentsSeen, InterruptedSeen, StoredSeen, UnrepresentableSeen)
    outcomes: dict[str, set[str]] = {name: set() for each in types for name in checks_of(each)}
    outcomes |= {name: set() for name in OF_COPIES}
    for report in KEPT.values():
        for name, lines in report.items():
            outcomes[name] |= {line.partition(" | ")[0] for line in lines}
    assert {name for name, seen in outcomes.items() if not seen >= {"pass", "fail"}} == set()

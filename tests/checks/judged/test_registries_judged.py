"""What the REG checks report of responses that are built by hand, word for word (registries_judged.json)."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from conformance import checks
from conformance.checks.registry.control import control_problem
from conformance.format.digest import Digest
from conformance.observed.evidence import Exchange
from conformance.observed.registry import (
    ApartSeen,
    BlobSeen,
    ControlSeen,
    DanglingSeen,
    MachineSeen,
    MountSeen,
    PairSeen,
    RangePart,
    RangeSeen,
    RedirectSeen,
    ReferrersSeen,
    RefusalSeen,
    ResponseSeen,
    RoundSeen,
    StoredSeen,
    SurvivalSeen,
)
from conformance.requirements import find_checks
from conformance.results import Judgement
from tests.told import Told, kept, lines_of

Json = dict[str, Any]
FILE = Path(__file__).parent / "registries_judged.json"
CHECKS: dict[str, Callable[[Any], Iterator[Judgement]]] = {
    name: cast(Any, check) for name, check in find_checks(checks).items() if name.startswith("REG-")
}
BLOB = bytes(range(100))
INDEX = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'
MANIFEST = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}'
UNKNOWN = b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}'
CODES = b'{"errors":[{"code":"A"},1,{"code":"B"},{"code":"C"},{"code":"D"}]}'


def response(
    status: int = 200, content: bytes = b"", what: str = "it", error: str = "", **headers: str
) -> ResponseSeen:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return ResponseSeen(status, named, content, Exchange("GET", f"http://r/{what}", status=status, error=error), what)


def stored(put: int, *got: ResponseSeen) -> StoredSeen:
    return StoredSeen("an index", INDEX, "application/x", "sha256:1", response(put, what="the put"), got)


def blob(head: ResponseSeen, get: ResponseSeen, missing: ResponseSeen | None = None) -> BlobSeen:
    return BlobSeen("sha256:1", BLOB, head, get, missing)


def ranged(
    *wanted: tuple[int, int], status: int = 206, parts: Any = None, content: bytes = b"", **more: Any
) -> RangeSeen:
    """The parts are those that were requested, unless others are given as (first, length, total)."""
    given: Any = [(first, last - first + 1, 100) for first, last in wanted] if parts is None else parts
    made = tuple(
        RangePart(each[0], each[3] if len(each) > 3 else BLOB[each[0] : each[0] + each[1]], each[2]) for each in given
    )
    return RangeSeen("bytes=", wanted, BLOB, response(status, content, "a range"), made, **more)


WHOLE = ranged((0, 9), status=200, parts=[(0, 100, None)])
RANGES = {
    "right": ranged((10, 19)),
    "without a total": ranged((10, 19), parts=[(10, 10, None)]),
    "another total": ranged((10, 19), parts=[(10, 10, 99)]),
    "other bytes": ranged((10, 19), parts=[(10, 10, 100, b"x" * 10)]),
    "one byte short": ranged((10, 19), parts=[(10, 9, 100)]),
    "one byte long": ranged((10, 19), parts=[(10, 11, 100)]),
    "one byte early": ranged((10, 19), parts=[(9, 10, 100)]),
    "one byte late": ranged((10, 19), parts=[(11, 10, 100)]),
    "the bytes before": ranged((10, 19), parts=[(0, 10, 100)]),
    "the bytes behind": ranged((10, 19), parts=[(20, 10, 100)]),
    "with the bytes before": ranged((10, 19), parts=[(0, 11, 100)]),
    "with the bytes behind": ranged((10, 19), parts=[(19, 10, 100)]),
    "whole as 200": WHOLE,
    "whole as 200, one byte short": ranged((0, 9), status=200, parts=[(0, 99, None)]),
    "whole as 206": ranged((0, 9), parts=[(0, 100, 100)]),
    "two": ranged((10, 19), (40, 49)),
    "two in another order": ranged((10, 19), (40, 49), parts=[(40, 10, 100), (10, 10, 100)]),
    "the first of two": ranged((10, 19), (40, 49), parts=[(10, 10, 100)]),
    "the second of two": ranged((10, 19), (40, 49), parts=[(40, 10, 100)]),
    "two as one": ranged((10, 19), (40, 49), parts=[(10, 40, 100)]),
    "two in three": ranged((10, 19), (40, 49), parts=[(10, 5, 100), (15, 5, 100), (40, 10, 100)]),
    "two with a hole": ranged((10, 19), (40, 49), parts=[(10, 5, 100), (16, 4, 100), (40, 10, 100)]),
    "two that overlap": ranged((10, 19), (40, 49), parts=[(10, 8, 100), (12, 8, 100), (13, 2, 100), (40, 10, 100)]),
    "two, the second in two that overlap": ranged(
        (10, 19), (40, 49), parts=[(10, 10, 100), (40, 5, 100), (43, 7, 100)]
    ),
    "two and one more": ranged((10, 19), (40, 49), parts=[(10, 10, 100), (40, 10, 100), (60, 5, 100)]),
    "malformed": ranged((10, 19), parts=[], malformed="no boundary"),
    **{f"HTTP {status}": ranged((10, 19), status=status, parts=[]) for status in (302, 399, 400, 416, 499, 500, 501)},
}
ERRORS = {"nothing": b"", "no list": b'{"errors":1}', "codes": CODES, "unknown": UNKNOWN}
READ = response(200, INDEX, "a read")
SEEN: dict[str, tuple[tuple[str, ...], Any]] = {}


def add(ids: str, **cases: Any) -> None:
    """Cases of these checks."""
    for name, seen in cases.items():
        SEEN[f"{ids}: {name.replace('_', ' ')}"] = (tuple(f"REG-{number}" for number in ids.split()), seen)


STORED = {
    "right": stored(201, READ),
    "refused": stored(400, READ),
    "accepted": stored(202),
    "second read differs": stored(201, READ, response(200, INDEX[:-1] + b"]", "another read")),
    "shorter": stored(201, response(200, INDEX[:-1])),
    "longer": stored(201, response(200, INDEX + b"\n")),
    "gone": stored(201, response(404, INDEX)),
    "digest": stored(201, response(200, INDEX, docker_content_digest="sha256:1")),
    "another digest": stored(201, response(200, INDEX, Docker_Content_Digest="sha256:2")),
    "a digest by another algorithm": stored(201, response(200, INDEX, Docker_Content_Digest="sha512:2")),
    "another digest of the put": StoredSeen(
        "an index", INDEX, "application/x", "sha256:1", response(201, docker_content_digest="sha256:2"), (READ,)
    ),
    "a lesser digest": stored(201, response(200, INDEX, Docker_Content_Digest="sha256:0")),
    "a lesser type": stored(201, response(200, INDEX, Content_Type="application/w")),
    "type": stored(201, response(200, INDEX, content_type="application/x; charset=utf-8")),
    "another type": stored(201, response(200, INDEX, Content_Type="application/y")),
    **{
        f"another type, accepted with {put}": stored(put, response(200, INDEX, Content_Type="application/y"))
        for put in (200, 202)
    },
    "error of the read": stored(201, response(500, b"")),
    "a refusal of the read": stored(201, response(400, b"")),
    "a refusal at the end": stored(201, response(499, b"")),
    "redirected": stored(201, response(399, b"")),
    "a manifest": stored(201, response(200, MANIFEST)),
    "another index": stored(201, response(200, INDEX + b" ")),
    "no document": stored(201, response(200, b"hello")),
    **{f"refused with {name}": stored(400, response(content=content)) for name, content in ERRORS.items()},
}
LENGTH: Json = {"content_length": "100"}
BLOBS = {
    "right": blob(response(200, **LENGTH), response(200, BLOB, **LENGTH), response(404, what="missing")),
    "a coding": blob(response(200), response(200, BLOB, content_encoding="GZIP")),
    "identity": blob(response(200), response(200, BLOB, content_encoding="identity")),
    "no length": blob(response(200), response(200, BLOB)),
    "another length": blob(response(200, content_length="99"), response(200, BLOB, content_length="101")),
    "length of nothing": blob(response(200, content_length="0"), response(200, BLOB, content_length="0")),
    "no blob": blob(response(404, content_length="9"), response(404, content_length="9")),
    "cut": blob(response(200, **LENGTH), response(200, BLOB[:-1])),
    "changed": blob(response(200, **LENGTH), response(200, b"x" + BLOB[1:])),
    "digest": blob(response(200, docker_content_digest="sha256:1"), response(200, BLOB)),
    "another digest": blob(response(200, docker_content_digest="sha256:2"), response(200, BLOB)),
    "a lesser digest": blob(response(200, docker_content_digest="sha256:0"), response(200, BLOB)),
    "missing is there": blob(response(200, **LENGTH), response(200, BLOB), response(200, what="missing")),
}
for name, seen in STORED.items():
    add("001 002 021 023", **{name: seen})
    add("003 017", **{name: (STORED["right"], seen, STORED["digest"])})
for name, seen_blob in BLOBS.items():
    add("004", **{name: seen_blob})
    add("011 027", **{name: (BLOBS["right"], seen_blob, BLOBS["no length"])})
for name, seen_range in RANGES.items():
    add("005 006 028 029", **{name: (RANGES["right"], seen_range, RANGES["two"])})
    add("008 022 024", **{name: seen_range})
    for status in (200, 299, 300, 307, 399, 400):
        add("010", **{f"{name} after {status}": RedirectSeen(response(status), seen_range)})
add("008", cut=RangeSeen("bytes=", (), BLOB, response(416, error="the connection ended"), ()))
add("005 006 028 029", none=())
for after in (404, 200):
    add(
        "015",
        **{f"{code} then {after}": RefusalSeen(response(code), response(after)) for code in (201, 399, 400, 499, 500)},
    )
for put in (201, 202, 399, 400, 404, 499, 500):
    for name, content in ERRORS.items():
        dangling = DanglingSeen("a manifest", INDEX, response(put, content), READ)
        add("016", **{f"{put} {name}": (dangling, DanglingSeen("an index", INDEX, response(201), response(200, b"x")))})
LOCATIONS: tuple[Json, ...] = ({}, {"location": "/x"}, {"location": ""})
for status in (201, 202, 400):
    for head in (None, 200, 404):
        for location in LOCATIONS:
            mount = MountSeen(response(status, **location), response(head) if head else None)
            add("012", **{f"{status} {head} {location}": mount})
            add("013", **{f"{status} {head} {location}": (mount, MountSeen(response(202, location="/y")), mount)})
READS = ((INDEX, READ), (BLOB, response(200, b"x", "the second")))
for statuses in ((202, 202), (400, 202), (405, 501), (400, 405, 501), (404, 500)):
    for collected in (True, False):
        deletes = tuple(response(each, what=f"delete {at}") for at, each in enumerate(statuses))
        add("014", **{f"{statuses} {collected}": SurvivalSeen(deletes, READS, collected)})
LISTED = {
    "listed": b'{"manifests":[1,{"digest":"sha256:0"},{"digest":"sha256:9"}]}',
    "others": b'{"manifests":[{"digest":"sha256:0"},{}]}',
    "no list": b'{"manifests":{"digest":"sha256:9"}}',
    "no document": b"[]",
}
for name, content in LISTED.items():
    for put, listed in ((201, 200), (200, 200), (400, 200), (201, 404), (201, 500)):
        add("018", **{f"{name} {put} {listed}": ReferrersSeen("sha256:9", response(put), response(listed, content))})
BUSY = response(429, CODES, "a push")
ROUNDS = {
    "none": (),
    "right": (RoundSeen((), (), READS[:1]),),
    "refused": (RoundSeen((), (), ()), RoundSeen((BUSY, response(500)), (response(201), response(400)), READS)),
    "refused in the first": (RoundSeen((response(503, what="first"),), (), ()), RoundSeen((BUSY,), (), READS)),
}
for name, rounds in ROUNDS.items():
    add("025 026", **{name: rounds})


def pair(head: ResponseSeen, get: int, content: bytes = BLOB, **more: bool) -> PairSeen:
    return PairSeen(head, response(get, content, "GET of it"), **more)


OF_BLOB: Json = {"content_length": "100", "docker_content_digest": str(Digest.of(BLOB))}
PAIRS = {
    "both": pair(response(200, **OF_BLOB), 200),
    "both, nothing stated": pair(response(200), 200),
    "neither": pair(response(404, content_length="9"), 404),
    "HEAD only": pair(response(200, **OF_BLOB), 404),
    "GET only": pair(response(404), 200),
    "HEAD, and GET is denied": pair(response(200), 403),
    "another length": pair(response(200, content_length="99"), 200),
    "another digest": pair(response(200, docker_content_digest="sha256:0"), 200),
    "a digest by another algorithm": pair(response(200, docker_content_digest="sha512:0"), 200),
    "what HEAD states of an error": pair(response(404, **OF_BLOB), 404, b""),
    "pushed": pair(response(200), 200, was_pushed=True),
    "pushed and gone": pair(response(404), 404, was_pushed=True),
    "pushed, HEAD is not allowed": pair(response(405), 200, was_pushed=True),
    "pushed, GET is broken": pair(response(200), 500, was_pushed=True),
    "HEAD is broken": pair(response(500), 404),
    "both are broken": pair(response(500), 500),
    "served elsewhere": pair(response(200), 200, is_foreign=True),
    "not served elsewhere": pair(response(404), 404, is_foreign=True),
}
for name, each_pair in PAIRS.items():
    add("030", **{name: ApartSeen((PAIRS["both"], each_pair), (), ())})
for statuses in ((202, 202), (200, 405), (405, 405), (404, 403), (400, 401), (409, 501), (202, 500), (500, 500)):
    for read in (200, 404, 403):
        deletes = tuple(response(each, what=f"delete {at}") for at, each in enumerate(statuses))
        apart = ApartSeen((), deletes, (response(200, what="the first"), response(read, what="the second")))
        add("031", **{f"{statuses} then {read}": apart})
for name, each_pair in {
    "still served": pair(response(200), 200, was_deleted=True),
    "gone": pair(response(404), 404, was_deleted=True),
    "not deleted": pair(response(200), 200),
}.items():
    apart = ApartSeen((each_pair,), (response(202), response(202)), (response(200),))
    add("031", **{name: apart})
EXCHANGES = tuple(Exchange("GET", f"http://r/{at}", status=200) for at in range(5))
for name, failure in {"failure": "a\n\nb\n", "blank": " \n", "nothing": ""}.items():
    add("020", **{name: MachineSeen(8, failure, EXCHANGES)})
add("020", no_sequence=MachineSeen(0))


def reported(ids: tuple[str, ...], seen: Any) -> Told:
    return {name: lines_of(CHECKS[name](seen)) for name in ids}


KEPT = kept(FILE, {name: partial(reported, *case) for name, case in SEEN.items()})


@pytest.mark.parametrize("name", SEEN)
def test_what_is_reported_of_responses(name: str) -> None:
    assert reported(*SEEN[name]) == KEPT[name]


def test_the_file_has_no_other_case_and_every_check_both_outcomes() -> None:
    assert set(KEPT) == set(SEEN)
    outcomes: dict[str, set[str]] = {name: set() for name in CHECKS}
    for report in KEPT.values():
        for name, lines in report.items():
            outcomes[name] |= {line.partition(" | ")[0] for line in lines}
    assert {name for name, seen in outcomes.items() if not seen >= {"pass", "fail"}} == set()


@pytest.mark.parametrize(
    ("pushes", "reads", "problem"),
    [
        ((201, 201), ((200, INDEX), (200, INDEX)), ""),
        ((201, 202), ((200, INDEX),), "An ordinary push fails: push 1: HTTP 202, not 201."),
        ((400, 500), (), "An ordinary push fails: push 0: HTTP 400, not 201."),
        ((), ((200, INDEX), (404, INDEX)), "An ordinary image is not returned as it was pushed: read 1: HTTP 404."),
        ((), ((200, b"xy"),), "An ordinary image is not returned as it was pushed: read 0: 2 other bytes."),
        ((), ((201, INDEX),), "An ordinary image is not returned as it was pushed: read 0: HTTP 201."),
    ],
)
def test_the_control_of_a_registry(pushes: Any, reads: Any, problem: str) -> None:
    put = tuple(response(status, what=f"push {at}") for at, status in enumerate(pushes))
    got = tuple((INDEX, response(status, content, f"read {at}")) for at, (status, content) in enumerate(reads))
    assert control_problem(ControlSeen(put, got)) == problem


@pytest.mark.parametrize("other", [b'{"manifests": [], "schemaVersion": 2}', b'{ "b" : 1.0 }', b"{}", b"x", b""])
def test_the_control_accepts_a_manifest_that_is_encoded_again(other: bytes) -> None:
    again = json.dumps(json.loads(INDEX), indent=1, sort_keys=True).encode()
    assert again != INDEX
    assert control_problem(ControlSeen((), (), ((INDEX, response(200, again, "read")),))) == ""
    problem = f"An ordinary image is not returned as it was pushed: read: {len(other)} other bytes."
    assert control_problem(ControlSeen((), (), ((INDEX, response(200, other, "read")),))) == problem
    blob = f"An ordinary image is not returned as it was pushed: read: {len(again)} other bytes."
    assert control_problem(ControlSeen((), ((INDEX, response(200, again, "read")),))) == blob


def test_the_documents_here_are_what_they_are_named() -> None:
    assert json.loads(INDEX)["manifests"] == []
    assert "manifests" not in json.loads(MANIFEST)

"""Each fault does over the wire what its line in the table states, to the requests it names and to no others."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import msgspec
import pytest
import requests

from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE, SENTINEL_TYPE
from conformance.format.stored import StoredManifest
from conformance.observed.evidence import Exchange
from conformance.registry.client.ranges import RangeError, parse_response
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.registry.server.faults import FAULTS, FaultError, Match, ServesBlobsOf, make_fault, parse_fault

BLOB = bytes(range(256)) * 4
OTHER = b"other" * 300
DIGEST = str(Digest.of(BLOB))
MANIFEST = encode({"schemaVersion": 2, "mediaType": MANIFEST_TYPE})
SEVERAL = {"Range": "bytes=10-19,100-149,900-1023"}
ONE = {"Range": "bytes=10-19"}


class Got(msgspec.Struct, frozen=True):
    """A whole response, byte for byte, as far as it came."""

    status: int
    headers: dict[str, str]
    body: bytes
    reset: bool


class Wired:
    """A registry with faults, asked over a bare socket."""

    def __init__(self, registry: EmbeddedRegistry) -> None:
        self.registry = registry

    def ask(self, method: str = "GET", path: str = f"/v2/a/blobs/{DIGEST}", **headers: str) -> Got:
        parts = urlsplit(self.registry.url)
        lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        raw, reset = bytearray(), False
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode())
            try:
                while piece := connection.recv(65536):
                    raw += piece
            except ConnectionResetError:
                reset = True
        head, _, body = bytes(raw).partition(b"\r\n\r\n")
        first, *fields = head.decode().split("\r\n") if head else [""]
        named = dict(field.split(": ", 1) for field in fields)
        return Got(int(first.split(" ")[1]) if first else 0, named, body, reset)

    def url(self, rest: str) -> str:
        return f"{self.registry.url}/v2/a/{rest}"

    @property
    def last(self) -> Exchange:
        return self.registry.exchanges[-1]


@contextmanager
def wired(*faults: str | Defect, auth: BasicAuth | None = None) -> Iterator[Wired]:
    made = [parse_fault(fault) if isinstance(fault, str) else fault for fault in faults]
    with EmbeddedRegistry(defects=made, auth=auth) as registry:
        stored = StoredManifest(MANIFEST, MANIFEST_TYPE)
        digest = str(Digest.of(MANIFEST))
        registry.load("a", {DIGEST: BLOB, str(Digest.of(OTHER)): OTHER}, {digest: stored}, latest=digest)
        yield Wired(registry)


def parts_of(got: Got) -> list[tuple[int, bytes]]:
    return [(part.first, part.content) for part in parse_response(got.status, tuple(got.headers.items()), got.body)]


RIGHT = [(10, BLOB[10:20]), (100, BLOB[100:150]), (900, BLOB[900:1024])]


def test_without_faults_everything_is_right() -> None:
    with wired() as here:
        assert parts_of(here.ask(**SEVERAL)) == RIGHT
        assert here.ask().body == BLOB


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("range-ignored", [(0, BLOB)]),
        ("first-range-only", RIGHT[:1]),
        ("parts-reordered", RIGHT[::-1]),
        ("cloudfront-boundary", RIGHT),
        (
            "parts-overlapping",
            [(0, BLOB[0:40]), (80, BLOB[80:170]), (880, BLOB[880:1024]), (0, BLOB[0:40])],
        ),
        ("wrong-content-range", [(11, BLOB[10:20]), (101, BLOB[100:150]), (901, BLOB[900:1024])]),
    ],
)
def test_faults_of_range_responses(fault: str, expected: list[tuple[int, bytes]]) -> None:
    with wired(fault) as here:
        got = here.ask(**SEVERAL)
        if fault == "wrong-content-range":  # its last part would end past the end
            with pytest.raises(RangeError):
                parts_of(got)
            got = here.ask(Range="bytes=10-19,100-149")
            expected = expected[:2]
        assert parts_of(got) == expected
        assert here.ask().body == BLOB, "a request without Range is not hit"


def test_the_boundary_of_cloudfront_has_a_colon_and_no_quotes() -> None:
    with wired("cloudfront-boundary") as here:
        assert "boundary=CloudFront:" in here.ask(**SEVERAL).headers["Content-Type"]


@pytest.mark.parametrize(
    ("fault", "size"), [("short-body", 1017), ("short-body=24", 1000), ("long-body", 1031), ("long-body=1", 1025)]
)
def test_lengths_that_lie(fault: str, size: int) -> None:
    with wired(fault) as here:
        got = here.ask()
        assert (got.headers["Content-Length"], len(got.body)) == ("1024", size)
        assert here.last.response_size == size


def test_other_bytes_of_the_right_length() -> None:
    with wired("other-blob") as here:
        assert here.ask().body == OTHER[:1024]
        assert here.ask(**ONE).body == OTHER[10:20]
        assert here.ask(**ONE).headers["Content-Range"] == "bytes 10-19/1024"


def test_bytes_change_between_two_requests() -> None:
    with wired("bytes-changed") as here:
        first, second = here.ask(**ONE), here.ask(**ONE)
        assert (first.body, second.body) == (BLOB[10:20], bytes(byte ^ 1 for byte in BLOB[10:20]))
        assert first.headers == {**second.headers, "Date": first.headers["Date"]}


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ("too-many-ranges", (206, 400)),
        ("too-many-ranges=2", (206, 400)),
        ("too-many-ranges=3", (206, 206)),
        ("unsatisfiable", (416, 416)),
        ("error-once", (500, 206)),
        ("busy", (429, 206)),
    ],
)
def test_statuses(fault: str, statuses: tuple[int, int]) -> None:
    with wired(fault) as here:
        assert (here.ask(**ONE).status, here.ask(**SEVERAL).status) == statuses


def test_a_busy_registry_says_when_to_come_back() -> None:
    with wired("busy=3") as here:
        assert here.ask(path="/v2/a/manifests/latest").headers["Retry-After"] == "3"


@pytest.mark.parametrize("after", [0, 100, 1024])
def test_the_connection_is_reset_after_so_many_bytes(after: int) -> None:
    with wired(f"reset={after}") as here:
        got = here.ask()
        assert got.reset
        assert got.body == BLOB[: len(got.body)]
        assert len(got.body) <= after
        assert here.last.response_size == after


def test_a_stall_sends_half_and_ends() -> None:
    with wired("stall=0.2") as here:
        got = here.ask()
        assert got.reset
        assert len(got.body) == 512
        assert here.ask().body == BLOB


def test_bodies_without_length() -> None:
    with wired("no-length") as here:
        got = here.ask()
        assert got.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in got.headers
        assert requests.get(here.url(f"blobs/{DIGEST}"), timeout=10).content == BLOB


def test_a_redirect_leads_to_the_other_host_which_records_what_it_got() -> None:
    with wired() as here, EmbeddedRegistry(host="127.0.0.2", defects=[ServesBlobsOf(here.registry.blob)]) as second:
        here.registry.arm(make_fault("redirect", second.url))
        got = here.ask(**ONE)
        assert (got.status, got.headers["Location"]) == (307, f"{second.url}/v2/a/blobs/{DIGEST}")
        response = requests.get(got.headers["Location"], headers={**ONE, "Authorization": "Basic eDp5"}, timeout=10)
        assert response.content == BLOB[10:20]
        (seen,) = second.exchanges
        assert seen.request_header("authorization") == "Basic ***"
        assert second.url.startswith("http://127.0.0.2:")


def test_another_digest_in_the_header() -> None:
    with wired("wrong-digest-header") as here:
        got = here.ask(path="/v2/a/manifests/latest")
        assert got.body == MANIFEST
        assert got.headers["Docker-Content-Digest"] == "sha256:" + "0" * 64


def _manifest(**fields: object) -> bytes:
    return encode({"schemaVersion": 2, **fields})


@pytest.mark.parametrize(
    ("fault", "refused", "accepted"),
    [
        ("rejects-media-type", _manifest(layers=[], x=SENTINEL_TYPE), _manifest(layers=[])),
        ("rejects-media-type=x/y", _manifest(x="x/y"), _manifest(x="x/yz")),
        ("rejects-index", _manifest(manifests=[]), _manifest(layers=[])),
    ],
)
def test_manifests_that_are_refused(fault: str, refused: bytes, accepted: bytes) -> None:
    with wired(fault) as here:
        for body, status in ((refused, 400), (accepted, 201)):
            headers = {"Content-Type": INDEX_TYPE if b"manifests" in body else MANIFEST_TYPE}
            assert requests.put(here.url("manifests/x"), data=body, headers=headers, timeout=10).status_code == status
        assert requests.get(here.url("manifests/x"), timeout=10).content == accepted


def test_mounts_are_refused_and_uploads_are_not() -> None:
    with wired("refuses-mount") as here:
        assert requests.post(here.url(f"blobs/uploads/?mount={DIGEST}&from=a"), timeout=10).status_code == 405
        assert requests.post(here.url("blobs/uploads/"), timeout=10).status_code == 202


def test_an_upload_is_lost_once() -> None:
    with wired("loses-upload") as here:
        for expected in (404, 201):
            location = requests.post(here.url("blobs/uploads/"), timeout=10).headers["Location"]
            target = f"{here.registry.url}{location}?digest={Digest.of(b'x')}"
            assert requests.put(target, data=b"x", timeout=10).status_code == expected
            assert requests.put(target, data=b"x", timeout=10).status_code == 404


def test_a_match_counts_skips_and_names() -> None:
    once = make_fault("other-blob", match=Match("blob", "GET", ranged=True, digest=DIGEST, skip=1, count=1))
    with wired(once) as here:
        assert here.ask(path=f"/v2/a/blobs/{Digest.of(OTHER)}", **ONE).body == OTHER[10:20]
        assert [here.ask(**ONE).body for _ in range(3)] == [BLOB[10:20], OTHER[10:20], BLOB[10:20]]


def test_faults_compose() -> None:
    with wired("parts-reordered", "short-body=5") as here:
        got = here.ask(**SEVERAL)
        assert int(got.headers["Content-Length"]) == len(got.body) + 5
        assert got.body.index(b"bytes 900-") < got.body.index(b"bytes 10-19")


def test_faults_do_not_affect_authentication() -> None:
    with wired("error-once", auth=BasicAuth("me", "secret")) as here:
        assert [here.ask().status, here.ask(Authorization="Basic bWU6c2VjcmV0").status] == [401, 500]


@pytest.mark.parametrize("text", ["nonesuch", "short-body=x", "stall=-1", "redirect", "rejects-index=1", "stall=999"])
def test_bad_faults_are_named(text: str) -> None:
    with pytest.raises(FaultError, match=r"\S+ .*"):
        parse_fault(text)


def test_every_fault_has_a_summary_and_is_made(request: pytest.FixtureRequest) -> None:
    for name, kind in FAULTS.items():
        assert kind.summary.strip(".") == kind.summary
        made: Callable[..., Defect] = make_fault
        assert made(name, "http://127.0.0.2:1" if name == "redirect" else "")

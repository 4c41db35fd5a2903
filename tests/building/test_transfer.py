"""Uploads and downloads of blobs: in pieces, continued after an interruption, verified."""

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.building.download import BlobDownload
from conformance.building.errors import BuildError
from conformance.building.upload import BlobUpload, resized
from conformance.format.digest import Digest
from conformance.format.oci import Descriptor
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.faults import Fault, Match, make_fault
from conformance.registry.server.serving import Call, Reply

PIECE = 1000
CONTENT = hashlib.shake_128(b"blob").digest(4500)
BLOB = Descriptor("application/octet-stream", str(Digest.of(CONTENT)), len(CONTENT))


@pytest.fixture
def registry() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as running:
        yield running


@pytest.fixture
def client(registry: EmbeddedRegistry) -> Iterator[RegistryClient]:
    made = RegistryClient(registry.url, retries=0)
    yield made
    made.close()


def upload(client: RegistryClient) -> int:
    sender = BlobUpload(client, "app", piece=PIECE, sleep=lambda _: None)
    return sender.send(BLOB, (CONTENT[:10], CONTENT[10:])).status


def part_of_a_piece(call: Call, core: RegistryCore) -> Reply:
    """The registry keeps 300 bytes of a piece, and fails."""
    session = call.path.rpartition("/")[2]
    core.uploads[session][1].extend(call.body[:300])
    return Reply(503)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda match: Fault(match, instead=lambda *_: Reply(502)), id="nothing arrived"),
        pytest.param(lambda match: Fault(match, change=lambda *_: Reply(502)), id="all arrived"),
        pytest.param(lambda match: Fault(match, instead=part_of_a_piece), id="a part arrived"),
    ],
)
def test_an_interrupted_piece_is_continued_where_the_registry_says(
    registry: EmbeddedRegistry, client: RegistryClient, fault: Callable[[Match], Fault]
) -> None:
    registry.arm(fault(Match("upload", "PATCH", skip=2, count=1)))
    assert upload(client) == 201
    assert registry.blob(BLOB.digest) == CONTENT
    statuses = [item for item in registry.exchanges if item.method == "GET"]
    assert len(statuses) == 1


def test_a_registry_that_stays_away_is_given_up(registry: EmbeddedRegistry, client: RegistryClient) -> None:
    registry.arm(Fault(Match("upload", "PATCH"), instead=lambda *_: Reply(503)))
    with pytest.raises(TransportError, match="failed 5 times"):
        upload(client)


def test_a_refusal_is_not_repeated(registry: EmbeddedRegistry, client: RegistryClient) -> None:
    registry.arm(Fault(Match("upload", "PATCH"), instead=lambda *_: Reply(403)))
    assert upload(client) == 403
    assert len([item for item in registry.exchanges if item.method == "PATCH"]) == 1


def test_a_registry_may_ask_for_larger_pieces(registry: EmbeddedRegistry, client: RegistryClient) -> None:
    def ask(_: Call, reply: Reply, __: RegistryCore) -> Reply:
        return reply.replace(headers={**reply.headers, "OCI-Chunk-Min-Length": "2000"})

    registry.arm(Fault(Match("upload", "POST"), change=ask))
    assert upload(client) == 201
    sizes = [item.request_size for item in registry.exchanges if item.method == "PATCH"]
    assert sizes == [2000, 2000, 500]


def test_content_that_is_not_the_blob_is_never_completed(registry: EmbeddedRegistry, client: RegistryClient) -> None:
    def changed() -> Iterator[bytes]:
        yield CONTENT[:3000]
        raise BuildError("these are other bytes")

    with pytest.raises(BuildError, match="other bytes"):
        BlobUpload(client, "app", piece=PIECE).send(BLOB, changed())
    assert registry.blob(BLOB.digest) is None
    assert not [item for item in registry.exchanges if item.method == "PUT"]


def test_pieces_of_one_size() -> None:
    assert list(resized((b"abc", b"", b"defgh"), 3)) == [b"abc", b"def", b"gh"]
    assert list(resized((), 3)) == []


class Fetching:
    """A registry with the blob, and a directory to download it to."""

    def __init__(self, registry: EmbeddedRegistry, client: RegistryClient, directory: Path) -> None:
        registry.load("app", {BLOB.digest: CONTENT}, {})
        self.registry, self._client, self._directory = registry, client, directory
        self.seen = 0

    def fetch(self, blob: Descriptor = BLOB) -> bytes:
        download = BlobDownload(
            self._client, "app", self._directory, piece=PIECE, on_bytes=self._count, sleep=lambda _: None
        )
        return download.fetch(blob).read_bytes()

    @property
    def requests(self) -> int:
        return len([item for item in self.registry.exchanges if "/blobs/" in item.url])

    @property
    def partial(self) -> Path:
        return self._directory / BLOB.digest.replace(":", "-")

    def _count(self, count: int) -> None:
        self.seen += count


@pytest.fixture
def fetching(registry: EmbeddedRegistry, client: RegistryClient, tmp_path: Path) -> Fetching:
    return Fetching(registry, client, tmp_path)


def test_a_blob_comes_in_ranges(fetching: Fetching) -> None:
    assert fetching.fetch() == CONTENT
    assert (fetching.requests, fetching.seen) == (5, len(CONTENT))


def test_what_an_earlier_run_left_is_continued(fetching: Fetching) -> None:
    fetching.partial.write_bytes(CONTENT[:3700])
    assert fetching.fetch() == CONTENT
    assert (fetching.requests, fetching.seen) == (1, 800)


@pytest.mark.parametrize("left", [b"x" * 3700, b"x" * 4500, b"x" * 9000])
def test_what_is_left_is_not_trusted(fetching: Fetching, left: bytes) -> None:
    fetching.partial.write_bytes(left)
    if len(left) > len(CONTENT):
        assert fetching.fetch() == CONTENT
        return
    with pytest.raises(BuildError, match="bytes of the digest"):
        fetching.fetch()
    assert fetching.fetch() == CONTENT


@pytest.mark.parametrize("fault", ["short-body", "reset", "error-once", "range-ignored", "busy"])
def test_a_fault_that_passes_is_survived(fetching: Fetching, fault: str) -> None:
    match = Match("blob", "GET", skip=2, count=1)
    fetching.registry.arm(make_fault(fault, match=match))
    if fault in ("error-once", "busy"):  # without retries of the client these end it
        with pytest.raises(BuildError, match=r"HTTP (500|429)"):
            fetching.fetch()
    assert fetching.fetch() == CONTENT


@pytest.mark.parametrize("fault", ["other-blob", "bytes-changed", "wrong-content-range", "unsatisfiable"])
def test_a_fault_that_stays_is_one_line(fetching: Fetching, fault: str) -> None:
    fetching.registry.load("app", {str(Digest.of(b"other" * 900)): b"other" * 900}, {})
    fetching.registry.arm(make_fault(fault))
    with pytest.raises(BuildError, match=r"^blob sha256:"):
        fetching.fetch()


def test_a_size_that_is_none(fetching: Fetching) -> None:
    for size in (-1, 2**60):
        with pytest.raises(BuildError, match="a size of"):
            fetching.fetch(Descriptor("", BLOB.digest, size))
    with pytest.raises(BuildError, match="the descriptor states 100"):
        fetching.fetch(Descriptor("", BLOB.digest, 100))


def test_one_process_downloads_a_blob_at_a_time(fetching: Fetching) -> None:
    with fetching.partial.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BuildError, match="another process"):
            fetching.fetch()

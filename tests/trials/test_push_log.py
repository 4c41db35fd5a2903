"""What a registry saw of a push: events from exchanges, and requests that are interrupted."""

from collections.abc import Iterator

import pytest

from conformance.format.digest import Digest
from conformance.images.inputs import image
from conformance.observed.evidence import Exchange
from conformance.registry.client.client import RegistryClient, TransportError
from conformance.trials.place import Place, a_place
from conformance.trials.producer.push_log import Interrupts, TakesAnyOrder, events_of

BLOB = str(Digest.of(b"blob"))


def exchange(method: str, path: str, status: int) -> Exchange:
    return Exchange.record(method, f"http://127.0.0.1:1/v2/a{path}", status=status)


@pytest.fixture
def log() -> TakesAnyOrder:
    return TakesAnyOrder()


@pytest.fixture
def place(log: TakesAnyOrder) -> Iterator[Place]:
    with a_place(log) as made:
        yield made


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        ("HEAD", f"/blobs/{BLOB}", 404, ("probe", False)),
        ("HEAD", f"/blobs/{BLOB}", 200, ("probe", True)),
        ("POST", f"/blobs/uploads/?mount={BLOB.replace(':', '%3A')}&from=b", 201, ("mount", True)),
        ("POST", f"/blobs/uploads/?mount={BLOB.replace(':', '%3A')}&from=b", 202, ("probe", False)),
        ("PUT", f"/blobs/uploads/x?digest={BLOB.replace(':', '%3A')}", 201, ("upload", False)),
        ("POST", f"/blobs/uploads/?digest={BLOB.replace(':', '%3A')}", 201, ("upload", False)),
    ],
)
def test_an_exchange_is_an_event(method: str, path: str, status: int, expected: tuple[str, bool]) -> None:
    (event,) = events_of([exchange(method, path, status)], [])
    assert (event.kind, event.found) == expected
    assert event.digest == BLOB


def test_what_brings_nothing_is_no_event() -> None:
    nothing = [
        exchange("PUT", f"/blobs/uploads/x?digest={BLOB}", 400),
        exchange("PATCH", "/blobs/uploads/x", 202),
        exchange("POST", "/blobs/uploads/", 202),
        exchange("PUT", "/manifests/1", 500),
        exchange("GET", "/tags/list", 200),
    ]
    assert not list(events_of(nothing, [b"rejected"]))


def test_manifests_are_taken_in_any_order_and_remembered(place: Place, log: TakesAnyOrder) -> None:
    sample = image()
    with place.registry.watching() as seen:
        response = place.client.put_manifest_raw("a", "1", sample.root, sample.media_type)
    assert response.status == 201
    assert place.root("a") == sample.root
    (event,) = events_of(seen, log.take_bodies())
    assert (event.kind, event.name, event.content) == ("manifest", "1", sample.root)
    assert not log.take_bodies()


def test_a_digest_other_than_that_of_the_body_is_refused(place: Place) -> None:
    response = place.client.put_manifest_raw("a", BLOB, b"{}", "application/json")
    assert response.status == 400


@pytest.mark.parametrize(
    ("way", "expected"),
    [
        ("500 once", [200, 500, 200, 200]),
        ("500 from then on", [200, 500, 500, 500]),
        ("connection reset", [200, None, 200, 200]),
    ],
)
def test_one_request_is_interrupted_or_all_from_it_on(way: str, expected: list[int | None]) -> None:
    interrupts = Interrupts()

    def ask(url: str) -> int | None:
        client = RegistryClient(url, retries=0)  # on an old connection it would ask again
        try:
            return client.request("GET", "/v2/").status
        except TransportError:
            return None
        finally:
            client.close()

    with a_place(interrupts) as place:
        interrupts.arm(1, way)  # type: ignore[arg-type]
        assert [ask(place.registry.url) for _ in expected] == expected
        assert interrupts.hit is not None
        assert interrupts.disarm() == len(expected)
        assert ask(place.registry.url) == 200


def test_an_image_is_complete_when_all_that_it_names_is_there(place: Place) -> None:
    sample = image()
    place.put(sample, "a")
    seen = place.observe("a")
    assert seen is not None
    assert place.is_complete("a", seen)
    assert place.diff_ids("a", seen.manifests[0].document.view.layers if seen.manifests[0].document else ()) == (
        sample.diff_ids
    )
    place.client.delete_blob_raw("a", sample.descriptor.digest)
    layer = next(iter(sample.blobs))
    place.client.delete_blob_raw("a", layer)
    assert not place.is_complete("a", seen)

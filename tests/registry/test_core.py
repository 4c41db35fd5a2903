"""The registry without HTTP: whatever a request states, there is a response."""

import pytest

from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import MANIFEST_TYPE
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.serving import Call

LONG = "9" * 5000


def test_a_page_of_any_length_may_be_asked_for() -> None:
    for count in (LONG, "²", "-1", ""):
        assert RegistryCore().handle(Call("GET", "/v2/_catalog", {"n": count}, {}, b"")).status == 200, count


@pytest.mark.parametrize("content_range", [f"{LONG}-{LONG}", f"bytes 0-{LONG}", "²-³"])
def test_an_invalid_content_range_is_skipped(content_range: str) -> None:
    core = RegistryCore()
    session = core.handle(Call("POST", "/v2/a/blobs/uploads/", {}, {}, b"")).headers["Location"]
    headers = {"content-range": content_range}
    assert core.handle(Call("PATCH", session, {}, headers, b"x")).status == 202


def test_a_referrer_of_odd_shape_is_listed() -> None:
    core = RegistryCore()
    subject = str(Digest.of(b"subject"))
    raw = encode({"schemaVersion": 2, "config": "no object", "subject": {"digest": subject}})
    assert core.handle(Call("PUT", "/v2/a/manifests/1", {}, {"content-type": MANIFEST_TYPE}, raw)).status == 201
    response = core.handle(Call("GET", f"/v2/a/referrers/{subject}", {}, {}, b""))
    assert response.status == 200
    assert str(Digest.of(raw)).encode() in response.body

"""Evidence is complete enough to reproduce, and holds no secret."""

import msgspec

from conformance.observed.evidence import BytesEvidence, CommandEvidence, Exchange, Note

SECRET = "aG9sZGVuOnNlc2FtZQ"


def an_exchange() -> Exchange:
    return Exchange.record(
        "GET",
        f"https://user:{SECRET}@registry.example/v2/app/blobs/x?X-Amz-Signature={SECRET}&page=2",
        request_headers=(("Authorization", f"Basic {SECRET}"), ("Range", "bytes=0-1"), ("Cookie", f"session={SECRET}")),
        status=307,
        response_headers=(("Location", f"https://cdn.example/x?sig={SECRET}"), ("Set-Cookie", SECRET)),
        error=f"https://u:{SECRET}@host failed",
    )


def test_no_secret_is_kept_anywhere() -> None:
    assert SECRET not in msgspec.json.encode(an_exchange()).decode()
    assert SECRET not in an_exchange().as_text()
    assert SECRET not in repr(an_exchange())


def test_the_curl_line_reproduces_the_request() -> None:
    assert an_exchange().as_curl() == (
        "curl -i -H 'Authorization: Basic ***' -H 'Range: bytes=0-1' -H 'Cookie: ***' "
        "'https://***@registry.example/v2/app/blobs/x?X-Amz-Signature=***&page=2'"
    )


def test_an_exchange_without_response_says_why() -> None:
    exchange = Exchange.record("HEAD", "http://127.0.0.1:1/v2/", error="connection refused")
    assert "curl -i --head http://127.0.0.1:1/v2/" in exchange.as_text()
    assert "no response: connection refused" in exchange.as_text()


def test_every_kind_of_evidence_has_words() -> None:
    assert "at byte 148" in BytesEvidence("sha256:ab", 148, "ff", b"\0").as_text()
    assert "exit 1" in CommandEvidence(("tar", "-t"), 1, "boom").as_text()
    assert "did not end" in CommandEvidence(("tar",), None).as_text()
    assert Note("seed 3").as_text() == "seed 3"


def test_headers_are_found_whatever_their_case() -> None:
    exchange = Exchange.record("GET", "http://h/", request_headers=(("RANGE", "x"),), response_headers=(("etag", "y"),))
    assert exchange.header("ETag") == "y"
    assert exchange.request_header("range") == "x"
    assert exchange.header("absent") is None

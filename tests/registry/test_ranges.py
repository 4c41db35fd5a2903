"""Responses to range requests are parsed strictly: nothing malformed is treated as content."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.registry.client.ranges import Part, Range, RangeError, parse_response, range_header
from conformance.registry.server.serving import Call, serve_content

BLOB = bytes(range(256)) * 4
GOOD = (
    b"\r\n--b:1\r\nContent-Type: x\r\nContent-Range: bytes 0-1/9\r\n\r\nab"
    b"\r\n--b:1\r\ncontent-range: bytes 4-4/*\r\n\r\nc\r\n--b:1--\r\n"
)
MULTI = (("Content-Type", "multipart/byteranges; boundary=b:1"),)


def test_ranges_are_written_as_rfc_9110_says() -> None:
    assert range_header([Range(0, 9), Range(5, None), Range(None, 72)]) == "bytes=0-9,5-,-72"


def test_a_multipart_response_with_cloudfronts_boundary() -> None:
    assert parse_response(206, MULTI, GOOD) == (Part(0, 1, 9, b"ab"), Part(4, 4, None, b"c"))
    quoted = (("content-type", 'multipart/byteranges; boundary="b:1"'),)
    assert parse_response(206, quoted, GOOD[2:]) == parse_response(206, MULTI, GOOD)


@pytest.mark.parametrize(
    "parameters",
    [
        ';boundary="b:1"',
        "; BOUNDARY=b:1",
        ' ; type="a;b" ; boundary=b:1; x',
        '; x="; boundary=no"; boundary=b:1',
        '; boundary="\\b:\\1"',
        ";; boundary=b:1;",
    ],
)
def test_the_boundary_is_a_parameter_as_http_writes_it(parameters: str) -> None:
    """RFC 9110 section 5.6.6."""
    headers = (("Content-Type", f"multipart/byteranges{parameters}"),)
    assert parse_response(206, headers, GOOD) == parse_response(206, MULTI, GOOD)


def test_white_space_after_a_boundary_and_headers_of_several_lines_are_read() -> None:
    """RFC 2046 section 5.1.1 and RFC 5322 section 2.2.3."""
    odd = GOOD.replace(b"--b:1\r\n", b"--b:1 \t\r\n").replace(b"Range: bytes", b"Range:\r\n bytes")
    assert parse_response(206, MULTI, odd) == parse_response(206, MULTI, GOOD)


def test_the_range_unit_may_be_in_any_case() -> None:
    assert parse_response(206, (("Content-Range", "Bytes 0-1/9"),), b"ab") == (Part(0, 1, 9, b"ab"),)
    assert parse_response(206, MULTI, GOOD.replace(b": bytes", b": BYTES")) == parse_response(206, MULTI, GOOD)


@given(st.lists(st.tuples(st.integers(0, 1023), st.integers(0, 1023)).map(sorted), min_size=1, max_size=9))
def test_what_the_embedded_registry_serves_reads_back(wanted: list[list[int]]) -> None:
    header = range_header([Range(first, last) for first, last in wanted])
    reply = serve_content(Call("GET", "/", {}, {"range": header}), BLOB, {})
    parts = parse_response(reply.status, tuple(reply.headers.items()), reply.body)
    assert parts == tuple(Part(first, last, 1024, BLOB[first : last + 1]) for first, last in wanted)


@pytest.mark.parametrize(
    ("status", "headers", "content", "message"),
    [
        (404, (), b"", "HTTP 404 carries no content"),
        (206, (), b"ab", "without Content-Range"),
        (206, (("Content-Range", "bytes 0-1/9"),), b"abc", "2 bytes, 3 were received"),
        (206, (("Content-Range", "bytes 1-0/9"),), b"", "contradicts itself"),
        (206, (("Content-Range", "bytes 0-9/9"),), b"0123456789", "contradicts itself"),
        (206, (("Content-Range", "bytes=0-1/9"),), b"ab", "malformed"),
        (206, (("Content-Range", "bytes 0-99999999999999999999/*"),), b"ab", "malformed"),
        (206, (("Content-Type", "multipart/mixed; boundary=b"),), GOOD, "multipart/mixed"),
        (206, (("Content-Type", "multipart/byteranges"),), GOOD, "without a boundary"),
        (206, MULTI, b"", "first boundary is missing"),
        (206, MULTI, GOOD[:-7], "not followed by the boundary"),
        (206, MULTI, GOOD.replace(b"\r\nab", b"\r\nabc"), "not followed by the boundary"),
        (206, MULTI, GOOD.replace(b"Content-Range", b"Content-Rage"), "0 Content-Range headers"),
        (206, MULTI, b"--b:1--\r\n", "without parts"),
        (206, MULTI, GOOD.replace(b"--b:1\r\nc", b"--b:1x\r\nc"), "before part 2 has other text"),
        (206, MULTI, GOOD.replace(b"Content-Type: x", b"HTTP/1.1 206 OK"), "part 1 has a line that is no header"),
        (206, (("Content-Type", 'multipart/byteranges; x="; boundary=b:1"'),), GOOD, "without a boundary"),
    ],
)
def test_a_malformed_response_is_refused(
    status: int, headers: tuple[tuple[str, str], ...], content: bytes, message: str
) -> None:
    with pytest.raises(RangeError, match=message):
        parse_response(status, headers, content)


@given(st.binary(max_size=200))
def test_any_body_is_parsed_or_refused(content: bytes) -> None:
    with suppress(RangeError):
        parse_response(206, MULTI, content)

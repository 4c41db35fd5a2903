"""One range request, parsed strictly."""

from conformance.observed.registry import RangePart, RangeSeen
from conformance.registry.client.client import RegistryClient, Response
from conformance.registry.client.ranges import RangeError, parse_response
from conformance.trials.registry.steps import seen_response

_SLACK = 4 * 2**20  # boundaries and headers of 1024 parts


def ask_range(
    client: RegistryClient, repository: str, digest: str, blob: bytes, header: str, wanted: tuple[tuple[int, int], ...]
) -> RangeSeen:
    """GET the blob with ``Range: bytes=header``; ``wanted`` is what that asks of this blob."""
    path = f"/v2/{repository}/blobs/{digest}"
    response = client.request("GET", path, headers={"Range": f"bytes={header}"}, max_bytes=2 * len(blob) + _SLACK)
    shown = header if len(header) <= 60 else f"{header[:57]}… ({len(wanted)} ranges)"
    received = seen_response(f"GET blob, Range: bytes={shown}", response)
    if response.status not in (200, 206):
        return RangeSeen(header, wanted, blob, received)
    try:
        parts = parse_response(response.status, response.headers, response.content)
    except RangeError as error:
        return RangeSeen(header, wanted, blob, received, malformed=str(error))
    if response.status == 206 and _is_multipart(response) and (problem := _forbidden(header, response)):
        return RangeSeen(header, wanted, blob, received, malformed=problem)
    seen = tuple(RangePart(part.first, part.content, part.total) for part in parts)
    return RangeSeen(header, wanted, blob, received, seen)


def _forbidden(header: str, response: Response) -> str:
    """What a multipart response must not be or have (RFC 9110 section 15.3.7.2): a client may not be able to read it,
    or may take the parts with their boundaries for the bytes of the range.
    """
    if "," not in header:
        return "a multipart response to a request of one range"
    return "a multipart response with a Content-Range of the whole" if response.header("Content-Range") else ""


def _is_multipart(response: Response) -> bool:
    return (response.header("Content-Type") or "").lower().startswith("multipart/")


def spread(size: int, count: int) -> tuple[tuple[int, int], ...]:
    """``count`` ranges over a blob, ascending, far enough apart not to be merged, of growing length."""
    step = size // count
    return tuple((number * step, number * step + number % 97) for number in range(count))

"""One range request, parsed strictly."""

from conformance.observed.registry import Answered, RangePart, RangeSeen
from conformance.registry.client.client import RegistryClient
from conformance.registry.client.ranges import RangeError, parse_answer

_SLACK = 4 * 2**20  # boundaries and headers of 1024 parts


def ask_range(
    client: RegistryClient, repository: str, digest: str, blob: bytes, header: str, wanted: tuple[tuple[int, int], ...]
) -> RangeSeen:
    """GET the blob with ``Range: bytes=header``; ``wanted`` is what that asks of this blob."""
    path = f"/v2/{repository}/blobs/{digest}"
    answer = client.request("GET", path, headers={"Range": f"bytes={header}"}, max_bytes=2 * len(blob) + _SLACK)
    shown = header if len(header) <= 60 else f"{header[:57]}… ({len(wanted)} ranges)"
    answered = Answered(
        f"GET blob, Range: bytes={shown}", answer.status, answer.headers, answer.content, answer.exchange
    )
    if answer.status not in (200, 206):
        return RangeSeen(header, wanted, blob, answered)
    try:
        parts = parse_answer(answer.status, answer.headers, answer.content)
    except RangeError as error:
        return RangeSeen(header, wanted, blob, answered, malformed=str(error))
    seen = tuple(RangePart(part.first, part.content, part.total) for part in parts)
    return RangeSeen(header, wanted, blob, answered, seen)


def spread(size: int, count: int) -> tuple[tuple[int, int], ...]:
    """``count`` ranges over a blob, ascending, far enough apart not to be merged, of growing length."""
    step = size // count
    return tuple((number * step, number * step + number % 97) for number in range(count))

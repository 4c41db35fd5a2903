"""The positive control of a registry: no requirement is judged unless an ordinary push works."""

from operator import eq

from conformance.format.document import decode_object
from conformance.format.errors import FormatError
from conformance.observed.registry import ControlSeen


def control_problem(seen: ControlSeen) -> str:
    """Why the registry cannot be judged, in one sentence; "" when it stored and returned an ordinary image.

    A manifest may come back in other bytes: a registry that encodes JSON again fails REG-003, not this.
    """
    for response in seen.pushes:
        if response.status != 201:
            return f"An ordinary push fails: {response.what}: HTTP {response.status}, not 201."
    for is_same, reads in ((eq, seen.blobs), (_same_document, seen.documents)):
        for expected, response in reads:
            if response.status != 200 or not is_same(expected, response.content):
                got = f"{len(response.content)} other bytes" if response.status == 200 else f"HTTP {response.status}"
                return f"An ordinary image is not returned as it was pushed: {response.what}: {got}."
    return ""


def _same_document(expected: bytes, found: bytes) -> bool:
    if expected == found:
        return True
    try:
        return decode_object(found, what="the manifest") == decode_object(expected, what="the manifest")
    except FormatError:
        return False

"""Cases with a script: one conforming image behind a registry that misbehaves as the script states
(docs/vectors.md).
"""

from collections.abc import Iterator
from typing import Final

from conformance.cases.vectors.model import ResponseKind, Rule
from conformance.format.sentinel import canonical_sentinel
from conformance.images.draft import Drafted
from conformance.images.drafted import image_with_sentinel

TWIN: Final = "http-conforming"
_RANGES: Final = "range"


def http_image() -> Drafted:
    """The image behind every script."""
    return image_with_sentinel(canonical_sentinel())


def scripts() -> Iterator[tuple[str, str, tuple[Rule, ...], str]]:
    """Name, requirement, rules and comment of each case; a pull yields the right tree, or is refused."""
    lies: tuple[tuple[ResponseKind, str], ...] = (
        ("shifted", "206 with the Content-Range that was requested and bytes from one byte later"),
        ("other-range", "206 whose Content-Range and bytes are one byte later than requested"),
        ("cut", "206 whose body ends half way, by the end of the connection"),
        ("long", "206 with 16 bytes more than Content-Range states"),
        ("first-range", "206 with the first of the ranges that were requested, and no others"),
        ("not-found", "404"),
        ("unsatisfiable", "416"),
    )
    for kind, words in lies:
        yield (
            f"{kind}-for-every-range",
            "SEC-003",
            (Rule(_RANGES, kind),),
            f"every Range request gets {words}",
        )
        later = (Rule(_RANGES, kind, skip=2),)
        yield f"{kind}-from-the-third-range-on", "SEC-003", later, f"from the third Range request on: {words}"
    for skip in (1, 2, 3):
        words = f"the last byte of each range is changed, from Range request {skip + 1} on"
        yield f"changed-from-range-{skip + 1}-on", "SEC-005", (Rule(_RANGES, "changed", skip=skip),), words
    toc = "the last byte of the first range, usually of the TOC, is changed"
    yield "changed-first-range", "SENT-PULL-008", (Rule(_RANGES, "changed", count=1),), toc
    yield (
        "changed-in-every-blob",
        "SENT-PULL-009",
        (Rule("blob", "changed"),),
        "the last byte of each is changed",
    )
    yield (
        "cut-once",
        "SEC-007",
        (Rule(_RANGES, "cut", skip=1, count=1),),
        "the second Range request is cut, once",
    )
    yield "cut-each-blob", "SEC-007", (Rule("blob", "cut"),), "every response with a blob is cut half way"
    yield (
        "error-once",
        "SEC-007",
        (Rule(_RANGES, "error", count=1),),
        "503 for the first Range request",
    )
    yield "error-for-ever", "SEC-007", (Rule("blob", "error"),), "503 for every blob"
    yield "no-ranges", "SENT-PULL-030", (Rule(_RANGES, "whole"),), "a registry that serves no ranges, as it may"
    yield (
        "no-ranges-from-the-third-on",
        "SENT-PULL-030",
        (Rule(_RANGES, "whole", skip=2),),
        "ranges are served twice, then the whole blob",
    )
    redirect = (Rule("blob", "redirect"),)
    yield "redirect", "SEC-003", redirect, "307 to another path of the same host, which serves the blob and its ranges"

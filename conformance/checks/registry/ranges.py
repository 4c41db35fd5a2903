"""REG-005, -006, -008, -010, -022, -024, -028 and -029: byte ranges (RFC 9110 section 14)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import accumulate

from conformance.format.spans import united
from conformance.observed.registry import RangeSeen, RedirectSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, passed


def _wrong(seen: RangeSeen) -> str:
    """What is wrong with a 200 or 206 response's bytes; "" when every part is the blob's."""
    if seen.malformed:
        return seen.malformed
    for part in seen.parts:
        if part.total is not None and part.total != len(seen.blob):
            return f"a part states a total of {part.total} bytes, the blob has {len(seen.blob)}"
        if seen.blob[part.first : part.first + len(part.content)] != part.content:
            return f"the bytes from {part.first} on are not those of the blob"
    if seen.response.status == 200 and len(seen.parts[0].content) != len(seen.blob):
        return f"{len(seen.parts[0].content)} bytes instead of the whole {len(seen.blob)}"
    return ""


def _missing(seen: RangeSeen) -> str:
    """The requested bytes that are missing; "" when none is."""
    covered = united((part.first, part.first + len(part.content)) for part in seen.parts)
    starts = [start for start, _ in covered]
    for first, last in seen.wanted:
        place = bisect_right(starts, first) - 1
        if place < 0 or last >= covered[place][1]:
            return f"bytes {first}-{last} are missing"
    return ""


def _unasked(seen: RangeSeen) -> str:
    """Which part of a 206 response holds no byte that was requested; "" when each holds one."""
    if seen.response.status != 206:
        return ""
    wanted = sorted(seen.wanted)
    firsts = [first for first, _ in wanted]
    farthest = list(accumulate((last for _, last in wanted), max))
    for part in seen.parts:
        end = part.first + len(part.content)
        before = bisect_left(firsts, end)
        if not before or farthest[before - 1] < part.first:
            return f"bytes {part.first}-{end - 1}, of which none was requested"
    return ""


def _found(seen: RangeSeen) -> str:
    return f"HTTP {seen.response.status}, {len(seen.response.content)} bytes, {len(seen.parts)} part(s)"


def _fail(seen: RangeSeen, message: str, expected: str, found: str) -> Judgement:
    return failed(message, where=seen.response.what, expected=expected, found=found, evidence=(seen.response.exchange,))


def _pass_unless(problem: str, seen: RangeSeen, message: str, expected: str) -> Judgement:
    return _fail(seen, message, expected, problem) if problem else passed(seen.response.what, found=_found(seen))


@decides("REG-005")
def single(ranges: tuple[RangeSeen, ...]) -> Iterator[Judgement]:
    for seen in ranges:
        first, last = seen.wanted[0]
        expected = f"HTTP 206 with Content-Range bytes {first}-{last}/{len(seen.blob)} and those bytes"
        exact = [(part.first, len(part.content)) for part in seen.parts] == [(first, last - first + 1)]
        if seen.response.status == 206 and exact and not _wrong(seen):
            yield passed(seen.response.what)
        else:
            yield _fail(
                seen,
                "The response to a request of one range does not have the requested bytes.",
                expected,
                _wrong(seen) or _found(seen),
            )


@decides("REG-006")
def several(ranges: tuple[RangeSeen, ...]) -> Iterator[Judgement]:
    for seen in ranges:
        asked = [(first, last - first + 1) for first, last in seen.wanted]
        came = [(part.first, len(part.content)) for part in seen.parts]
        expected = f"HTTP 206 multipart/byteranges with {len(asked)} parts in request order"
        if seen.response.status == 206 and asked == came and not _wrong(seen):
            yield passed(seen.response.what)
        else:
            message = "The response to a request of several ranges does not have one part for each range."
            if seen.response.status >= 400:
                message += " Clients that request TOC and tar-split at once fail, or pull the whole layer."
            yield _fail(seen, message, expected, _wrong(seen) or _found(seen))


@decides("REG-024")
def near_ranges_stay_apart(seen: RangeSeen) -> Iterator[Judgement]:
    """A server may coalesce near ranges (RFC 9110 section 15.3.7.2); clients expect two parts."""
    if seen.response.status == 206:
        yield from several((seen,))


@decides("REG-028")
def never_wrong(ranges: tuple[RangeSeen, ...]) -> Iterator[Judgement]:
    for seen in ranges:
        expected = "HTTP 206 with bytes that were requested, 200 with the whole blob, or a refusal: 4xx or 501"
        code = seen.response.status
        if 400 <= code < 500 or code == 501:
            yield passed(seen.response.what, found=f"HTTP {code}")
        elif code not in (200, 206):
            yield _fail(seen, "The response to a range request has an unexpected status.", expected, f"HTTP {code}")
        else:
            message = "The response to a range request has bytes that differ from the blob."
            yield _pass_unless(_wrong(seen) or _unasked(seen), seen, message, expected)


@decides("REG-029")
def nothing_missing(ranges: tuple[RangeSeen, ...]) -> Iterator[Judgement]:
    """Judged where the received bytes are right: wrong ones are REG-028."""
    for seen in ranges:
        if seen.response.status != 206 or _wrong(seen) or _unasked(seen):
            continue
        expected = "HTTP 206 with all bytes requested, 200 with the whole blob, or HTTP 400"
        message = "The 206 response to a range request has only a part of the requested bytes."
        yield _pass_unless(_missing(seen), seen, message, expected)


@decides("REG-008")
def unsatisfiable(seen: RangeSeen) -> Iterator[Judgement]:
    yield judge(
        seen.response.status == 416,
        "The response to a range past the end of the blob is not 416.",
        where=seen.response.what,
        expected=f"HTTP 416 (the blob has {len(seen.blob)} bytes)",
        found=_found(seen),
        evidence=(seen.response.exchange,),
    )
    if seen.response.exchange.error:
        yield informed(
            f"The response to an unsatisfiable range is cut: {seen.response.exchange.error}; connections break on it.",
            where=seen.response.what,
            evidence=(seen.response.exchange,),
        )


@decides("REG-010")
def redirects_keep_range(seen: RedirectSeen) -> Iterator[Judgement]:
    if not 300 <= seen.direct.status < 400:
        return  # blobs are served without redirect
    first, last = seen.followed.wanted[0]
    came = [(part.first, len(part.content)) for part in seen.followed.parts]
    ok = seen.followed.response.status == 206 and came == [(first, last - first + 1)] and not _wrong(seen.followed)
    yield judge(
        ok,
        "After the redirect the Range header has another effect.",
        where=seen.followed.response.what,
        expected=f"HTTP 206 with bytes {first}-{last}",
        found=_wrong(seen.followed) or _found(seen.followed),
        evidence=(seen.direct.exchange, seen.followed.response.exchange),
    )


@decides("REG-022")
def many(seen: RangeSeen) -> Iterator[Judgement]:
    yield judge(
        seen.response.status in (206, 200, 400),
        "A request of 1024 ranges is refused with a status that clients cannot recover from.",
        where=seen.response.what,
        expected="HTTP 206, 200 or 400",
        found=f"HTTP {seen.response.status}",
        evidence=(seen.response.exchange,),
    )

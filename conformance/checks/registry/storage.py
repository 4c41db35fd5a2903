"""REG-001 to -004, -011, -015 to -017, -021, -023, -027: what a registry stores and returns."""

from collections.abc import Iterator

from conformance.format.document import decode_object
from conformance.format.errors import FormatError
from conformance.format.oci import is_index
from conformance.observed.registry import BlobSeen, DanglingSeen, RefusalSeen, ResponseSeen, StoredSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, passed


def status(response: ResponseSeen, expected: tuple[int, ...], message: str) -> Judgement:
    """Whether a response has one of the expected statuses."""
    return judge(
        response.status in expected,
        message,
        where=response.what,
        expected=f"HTTP {' or '.join(map(str, expected))}",
        found=f"HTTP {response.status} {error_codes(response)}".strip(),
        evidence=(response.exchange,),
    )


def same_bytes(expected: bytes, response: ResponseSeen, message: str) -> Judgement:
    """Whether a response is 200 with exactly these bytes."""
    ok = response.status == 200 and response.content == expected
    found = f"HTTP {response.status}"
    if response.status == 200 and not ok:
        found = (
            f"{len(response.content)} bytes, first difference at byte {first_difference(expected, response.content)}"
        )
    return judge(
        ok, message, where=response.what, expected=f"the {len(expected)} bytes that were pushed",
        found=found, evidence=(response.exchange,),
    )  # fmt: skip


@decides("REG-001")
def accepts_sentinel_manifest(seen: StoredSeen) -> Iterator[Judgement]:
    yield status(seen.put, (201,), "The registry refuses a manifest with a sentinel layer.")


@decides("REG-002")
def keeps_twin_platforms(seen: StoredSeen) -> Iterator[Judgement]:
    yield status(seen.put, (201,), "The registry refuses an index with two entries of one platform.")
    if seen.put.status == 201:
        for response in seen.got:
            yield same_bytes(seen.raw, response, "The registry does not return the index byte for byte.")


@decides("REG-003")
def byte_for_byte(documents: tuple[StoredSeen, ...]) -> Iterator[Judgement]:
    for seen in documents:
        yield status(seen.put, (201,), f"The registry refuses {seen.what}.")
        if seen.put.status != 201:
            continue
        for response in seen.got:
            yield same_bytes(seen.raw, response, f"The registry does not return {seen.what} byte for byte.")
        for response in (seen.put, *seen.got):
            yield from _digest(seen.digest, response)


@decides("REG-004")
def serves_sentinel(seen: BlobSeen) -> Iterator[Judgement]:
    yield status(seen.head, (200,), "HEAD of the sentinel blob fails.")
    yield same_bytes(seen.content, seen.get, "GET of the sentinel blob does not return its bytes.")
    for response in (seen.head, seen.get):
        yield from _length(seen, response)
        if response.status == 200:
            yield from _digest(seen.digest, response)
    yield from _coding(seen.get)


@decides("REG-011")
def head_tells_the_truth(blobs: tuple[BlobSeen, ...]) -> Iterator[Judgement]:
    for seen in blobs:
        yield status(seen.head, (200,), "HEAD of an existing blob fails.")
        yield from _length(seen, seen.head)
        yield from _coding(seen.get)
        yield from _digest(seen.digest, seen.head)
        if seen.head_missing is not None:
            yield status(seen.head_missing, (404,), "The response to HEAD of a missing blob is not 404.")


def _digest(expected: str, response: ResponseSeen) -> Iterator[Judgement]:
    """A digest that is stated is right. One by another algorithm names the same content (distribution-spec v1.1.1)."""
    stated = response.header("Docker-Content-Digest")
    if stated is not None and stated.partition(":")[0] == expected.partition(":")[0]:
        yield judge(
            stated == expected,
            "The digest in the response differs from the digest of the bytes.",
            where=f"{response.what}, Docker-Content-Digest",
            expected=expected,
            found=stated,
            evidence=(response.exchange,),
        )


def _coding(response: ResponseSeen) -> Iterator[Judgement]:
    """The request accepts identity alone. A client that decodes gets other bytes than those that the digest names."""
    coding = (response.header("Content-Encoding") or "identity").strip().lower()
    if response.status == 200 and coding != "identity":
        yield informed(
            f"The response states Content-Encoding {coding[:40]!r}, which the request does not accept: clients that "
            "decode it get other bytes.",
            where=response.what,
            evidence=(response.exchange,),
        )


def _length(seen: BlobSeen, response: ResponseSeen) -> Iterator[Judgement]:
    """A Content-Length that is stated is right. A GET may use chunked transfer coding (RFC 9112 section 7.1)."""
    length = response.header("Content-Length")
    if response.status == 200 and length is not None:
        yield judge(
            length == str(len(seen.content)), "Content-Length is not the size of the blob.", where=response.what,
            expected=str(len(seen.content)), found=length, evidence=(response.exchange,),
        )  # fmt: skip


@decides("REG-027")
def head_states_the_length(blobs: tuple[BlobSeen, ...]) -> Iterator[Judgement]:
    for seen in blobs:
        if seen.head.status == 200:
            length = seen.head.header("Content-Length")
            yield judge(
                length is not None, "HEAD of a blob states no Content-Length.", where=seen.head.what,
                expected=f"Content-Length: {len(seen.content)}", found="no Content-Length",
                evidence=(seen.head.exchange,),
            )  # fmt: skip


@decides("REG-023")
def accepts_a_mixed_index(seen: StoredSeen) -> Iterator[Judgement]:
    yield status(seen.put, (201,), "The registry refuses an index that lists an OCI and a Docker manifest.")
    if seen.put.status == 201:
        for response in seen.got:
            yield same_bytes(seen.raw, response, "The registry does not return the index byte for byte.")


@decides("REG-015")
def refuses_wrong_digest(seen: RefusalSeen) -> Iterator[Judgement]:
    yield judge(
        400 <= seen.response.status < 500,
        "The registry accepts content that does not match its digest.",
        where=seen.response.what,
        expected="HTTP 4xx",
        found=f"HTTP {seen.response.status}",
        evidence=(seen.response.exchange,),
    )
    yield status(seen.after, (404,), "The refused upload stored a blob.")


@decides("REG-016")
def dangling_is_refused_or_kept(cases: tuple[DanglingSeen, ...]) -> Iterator[Judgement]:
    for seen in cases:
        if seen.put.status == 201:
            yield same_bytes(seen.raw, seen.got, f"The registry accepted {seen.what} and changed it.")
            continue
        ok = 400 <= seen.put.status < 500 and "MANIFEST_BLOB_UNKNOWN" in error_codes(seen.put)
        yield judge(
            ok, f"The registry refuses {seen.what} without an error code.", where=seen.put.what,
            expected="HTTP 4xx with code MANIFEST_BLOB_UNKNOWN, or HTTP 201 and unchanged bytes",
            found=f"HTTP {seen.put.status} {error_codes(seen.put)}", evidence=(seen.put.exchange,),
        )  # fmt: skip


@decides("REG-017")
def content_type_kept(documents: tuple[StoredSeen, ...]) -> Iterator[Judgement]:
    for seen in documents:
        for response in seen.got if seen.put.status == 201 else ():
            if response.status == 200:
                found = (response.header("Content-Type") or "").partition(";")[0].strip()
                yield judge(
                    found == seen.media_type, "Content-Type differs from the media type of the push.",
                    where=response.what, expected=seen.media_type, found=found or "none", evidence=(response.exchange,),
                )  # fmt: skip


@decides("REG-021")
def nothing_invented(seen: StoredSeen) -> Iterator[Judgement]:
    if seen.put.status != 201:
        return
    for response in seen.got:
        if 400 <= response.status < 500:
            yield passed(response.what)
        elif response.status == 200 and response.content != seen.raw:
            yield failed(
                f"Without a usable Accept, it responds with {_kind(response.content)} that was not stored there.",
                where=response.what, expected="the index as stored, or HTTP 4xx",
                found=f"{len(response.content)} other bytes, {response.header('Content-Type')}",
                evidence=(response.exchange,),
            )  # fmt: skip
        else:
            yield status(response, (200,), "The registry responds neither with the index nor with an HTTP error.")


def first_difference(expected: bytes, found: bytes) -> int:
    """The offset of the first byte that differs."""
    return next(
        (i for i, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), min(len(expected), len(found))
    )


def _kind(content: bytes) -> str:
    try:
        return "an index" if is_index(decode_object(content, what="response")) else "a manifest"
    except FormatError:
        return "something"


def error_codes(response: ResponseSeen) -> str:
    """The error codes in the body (distribution-spec 1.1.1, "Error Codes"), else nothing."""
    try:
        errors = decode_object(response.content, what="error").get("errors")
    except FormatError:
        return ""
    found = errors if isinstance(errors, list) else []
    return ", ".join(str(error.get("code"))[:60] for error in found[:4] if isinstance(error, dict))

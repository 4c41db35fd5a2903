"""Changes of responses, used by faults and defects of the embedded registry."""

from typing import Final

from conformance.format.document import encode
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.serving import Call, Reply, Wire, parse_ranges, ranges_reply

_OTHER_DIGEST: Final = "sha256:" + "0" * 64
Ranges = list[tuple[int, int]]


def whole(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    del wanted
    return Reply(200, own_headers(reply), content)


def first_only(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return ranges_reply(wanted[:1], content, own_headers(reply))


def reordered(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return ranges_reply(wanted[::-1], content, own_headers(reply))


def overlapping(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    """Every part is extended on both sides, and one is sent twice; all bytes are right."""
    more = [(max(first - 20, 0), min(last + 20, len(content) - 1)) for first, last in wanted]
    return ranges_reply([*more, more[0]], content, own_headers(reply))


def wrong_content_range(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    """The bytes requested, each part labelled as the bytes one further on."""
    right = ranges_reply(wanted, content, own_headers(reply))
    body, headers = right.body, dict(right.headers)
    for first, last in wanted:
        old, new = (f"bytes {first + shift}-{last + shift}/{len(content)}" for shift in (0, 1))
        body = body.replace(b"Content-Range: " + old.encode(), b"Content-Range: " + new.encode())
        headers = {name: new if value == old else value for name, value in headers.items()}
    return right.replace(body=body, headers=headers)


def cloudfront(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    """The form of docs/format.md section 15: a colon in the boundary, and no quotes."""
    if len(wanted) == 1:
        return reply
    right = ranges_reply(wanted, content, own_headers(reply))
    boundary = right.headers["Content-Type"].partition("boundary=")[2]
    name = f"CloudFront:{boundary.upper()}"
    headers = {**right.headers, "Content-Type": f"multipart/byteranges; boundary={name}"}
    return right.replace(headers=headers, body=right.body.replace(boundary.encode(), name.encode()))


def short(reply: Reply, missing: int) -> Reply:
    return reply.replace(body=reply.body[: max(len(reply.body) - missing, 0)], wire=Wire(stated=len(reply.body)))


def long(reply: Reply, surplus: int) -> Reply:
    return reply.replace(body=reply.body + b"x" * surplus, wire=Wire(stated=len(reply.body)))


def reset(reply: Reply, after: int) -> Reply:
    return reply.replace(wire=Wire(cut=after))


def chunked(_: Call, reply: Reply, __: RegistryCore) -> Reply:
    return reply.replace(wire=Wire(chunked=True)) if has_body(reply) else reply


def other_blob(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    """The same number of bytes of another blob, at the same offset."""
    content = content_of(call, core)
    own = call.path.rsplit("/", 1)[1]
    others = [blob for digest, blob in sorted(core.blobs.items()) if digest != own and blob]
    other = max(others, key=len) if others else b"another blob"
    repeated = (other * (len(content) // len(other) + 1))[: len(content)]
    return with_content(call, reply, repeated)


def changed(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return with_content(call, reply, bytes(byte ^ 1 for byte in content_of(call, core)))


def with_content(call: Call, reply: Reply, content: bytes) -> Reply:
    """The same response for a blob of these bytes."""
    if not has_body(reply):
        return reply
    wanted = parse_ranges(call.header("range") or "", len(content))
    if reply.status == 206 and wanted:
        return ranges_reply(wanted, content, own_headers(reply))
    return reply.replace(body=content)


def wrong_digest(_: Call, reply: Reply, __: RegistryCore) -> Reply:
    return reply.replace(headers={**reply.headers, "Docker-Content-Digest": _OTHER_DIGEST})


def error_reply(status: int, code: str, message: str) -> Reply:
    """An error with a code of the distribution-spec."""
    body = encode({"errors": [{"code": code, "message": message}]})
    return Reply(status, {"Content-Type": "application/json"}, body)


def has_body(reply: Reply) -> bool:
    return reply.status in (200, 206) and bool(reply.body)


def content_of(call: Call, core: RegistryCore) -> bytes:
    return core.blobs.get(call.path.rsplit("/", 1)[1], b"")


def own_headers(reply: Reply) -> dict[str, str]:
    headers = {name: value for name, value in reply.headers.items() if name != "Content-Range"}
    return {**headers, "Content-Type": "application/octet-stream"}


def served(call: Call, content: bytes) -> Reply:
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
    wanted = parse_ranges(call.header("range") or "", len(content)) if call.method == "GET" else None
    if wanted is None:
        return Reply(200, headers, content)
    return (
        ranges_reply(wanted, content, headers) if wanted else Reply(416, {"Content-Range": f"bytes */{len(content)}"})
    )

"""Responses that HTTP libraries do not send: false lengths, bodies that end early, connections that are reset."""

import asyncio
import socket
import struct
from http import HTTPStatus
from typing import Final

from aiohttp import web

from conformance.registry.server.serving import Reply, Wire

_POLL: Final = 0.02
_FLUSH_SECONDS: Final = 10.0
# SO_LINGER with a time of zero: closing resets the connection.
_RESET: Final = struct.pack("ii", 1, 0)
_CHUNK: Final = 4096


async def send_raw(request: web.BaseRequest, reply: Reply) -> None:
    """Write a response with a ``wire`` of its own byte by byte, and end the connection."""
    transport = request.transport
    wire = reply.wire or Wire()
    if transport is None:
        return
    body = b"" if request.method == "HEAD" else reply.body
    framed = _chunks(body) if wire.chunked else body
    interim = b"HTTP/1.1 %d Interim\r\n\r\n" % wire.interim if wire.interim is not None else b""
    transport.write(
        interim + (_head(reply, wire) if wire.head else b"") + (framed if wire.cut is None else framed[: wire.cut])
    )
    if wire.cut is None:
        transport.close()
        return
    await _until_sent(transport)
    await _wait(transport, wire.stall)
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()


def _head(reply: Reply, wire: Wire) -> bytes:
    reason = HTTPStatus(reply.status).phrase
    fields = {name: value for name, value in reply.headers.items() if name.lower() != "content-length"}
    if wire.chunked:
        fields["Transfer-Encoding"] = "chunked"
    elif reply.status != 204:
        fields["Content-Length"] = str(len(reply.body) if wire.stated is None else wire.stated)
    fields["Connection"] = "close"
    lines = [f"HTTP/1.1 {reply.status} {reason}", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _chunks(body: bytes) -> bytes:
    pieces = [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


async def _until_sent(transport: asyncio.WriteTransport) -> None:
    """Until the kernel has all bytes: a reset would lose buffered ones."""
    left = _FLUSH_SECONDS
    while transport.get_write_buffer_size() and not transport.is_closing() and left > 0:
        await asyncio.sleep(_POLL)
        left -= _POLL


async def _wait(transport: asyncio.WriteTransport, seconds: float) -> None:
    """Send nothing for so long, or until the client has disconnected."""
    left = seconds
    while left > 0 and not transport.is_closing():
        await asyncio.sleep(min(_POLL, left))
        left -= _POLL

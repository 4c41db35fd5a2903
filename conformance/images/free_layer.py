"""A writer of conforming layers with other choices than the reference writer: frames, chunks, segments."""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import zstandard

from conformance.format.crc64 import Crc64
from conformance.format.digest import Digest
from conformance.format.entries import entry_of
from conformance.format.tar import TarReader
from conformance.images.layer_draft import LayerDraft

Json = dict[str, Any]


def compress(content: bytes) -> bytes:
    """One frame in the form of the reference."""
    return zstandard.ZstdCompressor(level=3, write_checksum=True).compress(content)


class Choices(msgspec.Struct, frozen=True):
    """``chunk``: bytes of a chunk (0: the whole file); ``frames``: the number of frames of a chunk.

    ``zeros``: chunks of zeros get the type ``zeros``. ``segment``: maximum bytes of a tar-split segment (0: no
    maximum). ``before``: a frame before each frame of content; ``behind``: a frame after each file. ``chunk_fields``:
    also on files of one chunk.
    """

    compress: Callable[[bytes], bytes] = compress
    chunk: int = 0
    frames: int = 1
    zeros: bool = False
    segment: int = 0
    before: bytes = b""
    behind: bytes = b""
    chunk_fields: bool = False


def free_layer(tar: bytes, choices: Choices | None = None) -> LayerDraft:
    """The draft of a layer of this tar; ``finish_layer`` computes its positions."""
    return _Writer(tar, choices or Choices()).run()


class _Writer:
    def __init__(self, tar: bytes, choices: Choices) -> None:
        self._tar, self._choices = tar, choices
        self._reader = TarReader(io.BytesIO(tar))
        self._frames: list[bytes] = []
        self._place = 0
        self._pending = b""
        self._entries: list[Json] = []
        self._lines: list[Json] = []

    def run(self) -> LayerDraft:
        while (header := self._reader.header()) is not None:
            raw = self._reader.take_raw()
            self._segment(raw)
            entry: Json = json.loads(msgspec.json.encode(entry_of(header)))
            content = b"".join(self._reader.content())
            crc = None
            if content:
                crc = Crc64()
                crc.update(content)
                self._content(entry, content)
            else:
                self._entries.append(entry)
            payload = None if crc is None else base64.b64encode(crc.digest()).decode()
            size = {"size": len(content)} if content else {}
            self._line({"type": 1, "name": header.name.decode(), **size, "payload": payload})
        self._segment(self._reader.take_raw() + b"".join(self._reader.rest()))
        self._close()
        toc = {"version": 1, "entries": self._entries}
        return LayerDraft(self._frames, toc, self._lines, str(Digest.of(self._tar)))

    def _content(self, entry: Json, content: bytes) -> None:
        choices = self._choices
        self._close()
        entry |= {"digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "offset": self._place}
        size = choices.chunk or len(content)
        parts = list(_cut(content, size))
        self._entries.append(entry)
        for number, part in enumerate(parts):
            chunk = entry if number == 0 else {"type": "chunk", "name": entry["name"], "offset": self._place}
            if len(parts) > 1 or choices.chunk_fields:
                chunk |= {"chunkSize": len(part), "chunkDigest": f"sha256:{hashlib.sha256(part).hexdigest()}"}
                chunk |= {"chunkOffset": number * size} if number else {}
                chunk |= {"chunkType": "zeros"} if choices.zeros and not any(part) else {}
            if number:
                self._entries.append(chunk)
            for piece in _cut(part, -(-len(part) // choices.frames)):
                self._frame(choices.before)
                self._frame(choices.compress(piece))
        entry["endOffset"] = self._place
        self._frame(choices.behind)

    def _segment(self, raw: bytes) -> None:
        self._pending += raw
        for piece in _cut(raw, self._choices.segment or len(raw)):
            self._line({"type": 2, "payload": base64.b64encode(piece).decode()})

    def _line(self, line: Json) -> None:
        self._lines.append({**line, "position": len(self._lines)})

    def _close(self) -> None:
        if self._pending:
            self._frame(self._choices.compress(self._pending))
            self._pending = b""

    def _frame(self, frame: bytes) -> None:
        if frame:
            self._frames.append(frame)
            self._place += len(frame)


def _cut(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), max(size, 1)):
        yield content[start : start + size]

#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR CC0-1.0
"""A registry that serves one case and misbehaves as its script states; it needs the standard library only.

    cd fixtures/vectors && python ../../examples/python/registry.py http-no-ranges

prints its URL and serves until it is stopped: GET and HEAD of ``/v2/NAME/manifests/DIGEST`` and ``…/blobs/DIGEST``,
with
Range. Runners in any language may start it.
"""

import json
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Json = Any
Range = tuple[int, int]
BOUNDARY = "part-of-the-response"


class Registry(ThreadingHTTPServer):
    """The blobs by digest, and the rules with the number of matches of each."""

    daemon_threads = True

    def __init__(self, blobs: Mapping[str, bytes], script: list[Json]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.blobs, self.script = blobs, script
        self.seen = [0] * len(script)
        self.lock = threading.Lock()

    def answer_for(self, is_ranged: bool) -> str:
        """The response that the script states for this request for a blob; "" to serve the blob."""
        said = ""
        with self.lock:
            for number, rule in enumerate(self.script):
                if rule["on"] == "range" and not is_ranged:
                    continue
                self.seen[number] += 1
                place, count = self.seen[number] - rule.get("skip", 0), rule.get("count", 0)
                if not said and place > 0 and (not count or place <= count):
                    said = rule["answer"]
        return said


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Registry

    def do_HEAD(self) -> None:
        """Size and type, without a body."""
        self.do_GET()

    def do_GET(self) -> None:
        """A manifest, or a blob according to the script."""
        match = re.fullmatch(r"/(v2|elsewhere)/.+/(manifests|blobs)/([^/?]+)(\?.*)?", self.path)
        content = self.server.blobs.get(match[3]) if match else None
        if match is None or content is None:
            self.give(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        elif match[2] == "manifests":
            self.give(200, content, {"Content-Type": type_of(content), "Docker-Content-Digest": match[3]})
        else:
            self.blob(content, is_scripted=match[1] == "v2" and self.command == "GET")

    def blob(self, content: bytes, *, is_scripted: bool) -> None:
        """Respond according to RFC 9110 section 14, or to the script."""
        ranges = parse(self.headers.get("Range", ""), len(content))
        said = self.server.answer_for(ranges is not None) if is_scripted else ""
        if said in ("not-found", "error", "unsatisfiable"):
            self.give({"not-found": 404, "error": 503, "unsatisfiable": 416}[said], b"{}")
        elif said == "redirect":
            self.give(307, b"", {"Location": self.path.replace("/v2/", "/elsewhere/", 1)})
        elif ranges == []:
            self.give(416, b"", {"Content-Range": f"bytes */{len(content)}"})
        elif ranges is None or said == "whole":
            self.give(200, tampered(content, said), {"Accept-Ranges": "bytes"}, is_cut=said == "cut")
        else:
            self.parts(content, ranges[:1] if said == "first-range" else ranges, said)

    def parts(self, content: bytes, ranges: list[Range], said: str) -> None:
        """206 with one range, or with several as multipart/byteranges."""
        pieces = [self.part(content, each, said) for each in ranges]
        if len(pieces) == 1:
            (head, body), *_ = pieces
            self.give(206, body, {"Content-Range": head}, is_cut=said == "cut")
            return
        lines = b"".join(
            f"--{BOUNDARY}\r\nContent-Type: application/octet-stream\r\nContent-Range: {head}\r\n\r\n".encode()
            + body
            + b"\r\n"
            for head, body in pieces
        )
        kind = {"Content-Type": f"multipart/byteranges; boundary={BOUNDARY}"}
        self.give(206, lines + f"--{BOUNDARY}--\r\n".encode(), kind, is_cut=said == "cut")

    def part(self, content: bytes, asked: Range, said: str) -> tuple[str, bytes]:
        first, last = asked
        begin = first + (said in ("shifted", "other-range"))
        end = last + 1 + (said in ("shifted", "other-range")) + 16 * (said == "long")
        shown = (begin, min(end, len(content)) - 1) if said == "other-range" else asked
        return f"bytes {shown[0]}-{shown[1]}/{len(content)}", tampered(content[begin:end], said)

    def give(self, status: int, body: bytes, headers: Mapping[str, str] = {}, *, is_cut: bool = False) -> None:
        """Send the body; only half of it where the response is cut."""
        self.send_response(status)
        for name, value in {"Content-Type": "application/octet-stream", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if is_cut:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if is_cut else body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the runner's output is its results."""


def tampered(body: bytes, said: str) -> bytes:
    return body[:-1] + bytes([body[-1] ^ 1]) if said == "changed" and body else body


def parse(header: str, size: int) -> list[Range] | None:
    """First and last byte of each satisfiable range; None without a valid Range header."""
    if not re.fullmatch(r"bytes=[0-9,\- ]{1,4000}", header):
        return None
    found: list[Range] = []
    for text in header[6:].split(","):
        match = re.fullmatch(r" *([0-9]{0,18})-([0-9]{0,18}) *", text)
        if match is None or match[0].strip() == "-":
            return None
        if match[1]:
            first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
        else:
            first, last = max(size - int(match[2]), 0), size - 1
        if first <= last and first < size:
            found.append((first, last))
    return found


def type_of(document: bytes) -> str:
    try:
        return str(json.loads(document)["mediaType"])
    except (ValueError, KeyError, TypeError):
        return "application/vnd.oci.image.index.v1+json"


@contextmanager
def serve(blobs: Mapping[str, bytes], script: list[Json]) -> Iterator[str]:
    """The URL of a registry that runs in this context."""
    server = Registry(blobs, script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def main() -> None:
    """Serve the case whose id is the argument."""
    case = next(each for each in json.loads(Path("index.json").read_bytes())["cases"] if each["id"] == sys.argv[1])
    given = case["input"]
    files = {digest: digest for digest in given.get("blobs", [])} | given.get("stored_as", {})
    blobs = {digest: Path("blobs/sha256", at.removeprefix("sha256:")).read_bytes() for digest, at in files.items()}
    with serve(blobs, given.get("script", [])) as url:
        sys.stdout.write(f"{url}/v2/vectors/manifests/{given['root']}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()

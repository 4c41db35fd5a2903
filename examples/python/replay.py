#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR CC0-1.0
"""Repeats the requests of counterexamples against a registry: Python's standard library only.

    cd reports/latest/counterexamples/seed-0-… && python …/examples/python/replay.py http://127.0.0.1:5000/PREFIX

reads index.json there, sends the requests of each case of the kind "requests" to new repositories below PREFIX, and
writes a line for each case: "accepted" when the responses agree with the requests, "refused" when one contradicts them,
"skipped" when the registry responded to an earlier request in another way than when the case was found. Exit status 1
when
one was refused. OCI_AUTHORIZATION is the value of the header Authorization, if there is to be one.
"""

import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

Json = Any
TIMEOUT = 60
LIMIT = 2**24
ACCEPT = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)


def ask(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes, str]:
    """Status, content and Location of one response."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    if os.environ.get("OCI_AUTHORIZATION"):
        named["Authorization"] = os.environ["OCI_AUTHORIZATION"]
    request = urllib.request.Request(url, body, named, method=method)  # noqa: S310 (the user's registry)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            return response.status, response.read(LIMIT), response.headers.get("Location", "")
    except urllib.error.HTTPError as error:
        return error.code, error.read(LIMIT), ""


def upload(base: str, content: bytes) -> int:
    """POST, then PUT at the Location of the same host."""
    url = f"{base}/blobs/uploads/"
    status, _, location = ask("POST", url, b"", Content_Length="0")
    target = urljoin(url, location)
    if status != 202 or urlsplit(target)[:2] != urlsplit(url)[:2]:
        return status
    digest = quote(f"sha256:{hashlib.sha256(content).hexdigest()}")
    target += f"{'&' if '?' in target else '?'}digest={digest}"
    return ask("PUT", target, content, Content_Type="application/octet-stream")[0]


def send(root: str, repositories: str, step: Json) -> tuple[int, bytes]:
    """One step; status and content."""
    base, reference = f"{root}/v2/{repositories}/{step['name']}", step.get("reference", "")
    if step["do"] == "upload":
        return upload(base, blob(step["content"])), b""
    if step["do"] == "put":
        content = blob(step["content"])
        return ask("PUT", f"{base}/manifests/{reference}", content, Content_Type=step["media_type"])[:2]
    if step["do"] == "mount":
        query = f"mount={quote(reference)}&from={quote(repositories + '/' + step['source'], safe='')}"
        return ask("POST", f"{base}/blobs/uploads/?{query}", b"", Content_Length="0")[:2]
    if step["do"] == "delete":
        return ask("DELETE", f"{base}/manifests/{reference}")[:2]
    kind = "blobs" if step["do"] == "get-blob" else "manifests"
    return ask("GET", f"{base}/{kind}/{reference}", Accept=ACCEPT)[:2]


def blob(digest: str) -> bytes:
    """Bytes of the case."""
    return Path("blobs", "sha256", digest.removeprefix("sha256:")).read_bytes()


def contradiction(step: Json, status: int, content: bytes) -> str:
    """What is wrong with a response; "" when nothing is."""
    if step["status"] and status not in step["status"]:
        return f"HTTP {status}, not {' or '.join(map(str, step['status']))}"
    is_read = step["do"].startswith("get-") and status == 200
    found = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return f"content {found}" if is_read and step.get("content") and found != step["content"] else ""


def replay(root: str, repositories: str, case: Json) -> Json:
    """The line of one case."""
    steps = case["input"]["steps"]
    for number, step in enumerate(steps, 1):
        status, content = send(root, repositories, step)
        where = f"request {number}, {step['do']} {step.get('reference') or step.get('content')}"
        problem = contradiction(step, status, content)
        if problem:
            return {"id": case["id"], "outcome": "refused", "stage": "transfer", "reason": f"{where}: {problem}"}
        if number < len(steps) and status != step["seen"]:
            reason = f"{where}: HTTP {status}, and {step['seen']} when the case was found"
            return {"id": case["id"], "outcome": "skipped", "reason": reason}
    return {"id": case["id"], "outcome": "accepted"}


def main() -> int:
    """Every case of the index in this directory."""
    at = urlsplit(sys.argv[1])
    root, prefix = f"{at.scheme}://{at.netloc}", at.path.strip("/") or "replay"
    is_refused = False
    for number, case in enumerate(json.loads(Path("index.json").read_bytes())["cases"]):
        if case["kind"] == "requests":
            line = replay(root, f"{prefix}/{time.time_ns():x}-{number}", case)
            is_refused |= line["outcome"] == "refused"
            sys.stdout.write(json.dumps(line) + "\n")
    return int(is_refused)


if __name__ == "__main__":
    sys.exit(main())

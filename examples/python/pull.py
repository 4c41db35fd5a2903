# SPDX-License-Identifier: 0BSD OR CC0-1.0
"""A minimal pull by TOC over HTTP: one byte range in each request, every byte verified, no repeated requests.

It selects the sentinel manifest of an index, or the manifest itself, and reads each zstd:chunked layer by byte ranges.
"""

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from typing import Any

import runner

Json = Any
TIMEOUT = 20
LIMIT = 2**24


def fetch(url: str, span: tuple[int, int] | None = None) -> bytes:
    """A whole document, or the bytes from ``span[0]`` to before ``span[1]``; Refused for any other response."""
    request = urllib.request.Request(url)  # noqa: S310 (the URL is of this process)
    if span is not None:
        request.add_header("Range", f"bytes={span[0]}-{span[1] - 1}")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            content: bytes = response.read(LIMIT)
            status, told = response.status, response.headers.get("Content-Range", "")
    except (OSError, http.client.HTTPException, urllib.error.URLError) as error:
        raise runner.Refused("transfer", f"{type(error).__name__}: {error}") from None
    if span is None:
        runner.need(status == 200, "transfer", f"HTTP {status}")
        return content
    if status == 200:  # without ranges the response is the whole blob
        return content[span[0] : span[1]]
    is_asked = status == 206 and told.startswith(f"bytes {span[0]}-{span[1] - 1}/")
    runner.need(is_asked and len(content) == span[1] - span[0], "transfer", f"HTTP {status}, {told}")
    return content


def verified(url: str, descriptor: Json, stage: str) -> bytes:
    content = fetch(url)
    runner.need(runner.sha256(content) == descriptor["digest"], stage, "digest")
    return content


def tree_of(repository: str, root: str) -> str:
    """The digest of the trees of all zstd:chunked layers."""
    document = runner.parsed(verified(f"{repository}/manifests/{root}", {"digest": root}, "index"), "index")
    marked = [each for each in document.get("manifests", []) if is_sentinel(each)]
    if marked:
        url = f"{repository}/manifests/{marked[0]['digest']}"
        document = runner.parsed(verified(url, marked[0], "manifest"), "manifest")
    config = json.loads(verified(f"{repository}/blobs/{document['config']['digest']}", document["config"], "config"))
    trees = {
        each["digest"]: layer(f"{repository}/blobs/{each['digest']}", each, diff_id)
        for each, diff_id in zip(document["layers"], config["rootfs"]["diff_ids"], strict=True)
        if runner.CHECKSUM in (each.get("annotations") or {})
    }
    return runner.of_trees(trees)


def is_sentinel(entry: Json) -> bool:
    return (entry.get("annotations") or {}).get(runner.PREFIX + "sentinel") == "true"


def layer(url: str, descriptor: Json, diff_id: str) -> str:
    """Fetch TOC, tar-split and every file by a separate range, and read the tar that they form."""
    annotations = descriptor["annotations"]
    toc_at, split_at = (
        runner.numbers(annotations[key], count) for key, count in ((runner.POSITION, 4), (runner.SPLIT, 3))
    )
    packed = fetch(url, (toc_at[0], toc_at[0] + toc_at[1]))
    runner.need(runner.sha256(packed) == annotations[runner.CHECKSUM], "annotation", "digest of the TOC")
    toc = runner.parsed(runner.inflate(packed, "toc"), "toc")
    split = fetch(url, (split_at[0], split_at[0] + split_at[1]))
    runner.need(runner.sha256(split) == toc["tarSplitDigest"], "tarsplit", "digest of the tar-split")
    files = {}
    for entry in toc["entries"]:
        if entry["type"] == "reg" and entry.get("size"):
            content = runner.inflate(fetch(url, (entry["offset"], entry["endOffset"])), "chunk")
            runner.need(runner.sha256(content) == entry["digest"], "chunk", "digest of a file")
            files[entry["name"]] = content
    tar = runner.reassembled(runner.inflate(split, "tarsplit"), files)
    runner.need(f"sha256:{hashlib.sha256(tar).hexdigest()}" == diff_id, "tarsplit", "DiffID")
    return runner.tree(toc["entries"])

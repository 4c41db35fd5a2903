#!/usr/bin/env python3
# SPDX-License-Identifier: 0BSD OR CC0-1.0
"""An example runner for the vectors: it uses the standard library and zstandard, nothing of this project.

    cd fixtures/vectors && python ../../examples/python/runner.py < index.json > results.jsonl

It reads a whole artifact like a careful client, and applies the most frequent rules. It accepts all other artifacts.
"""

import base64
import hashlib
import io
import json
import re
import struct
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zstandard

sys.path.insert(0, str(Path(__file__).parent))  # also for python -I
import pull
import registry

PREFIX = "io.github.containers.zstd-chunked."
CHECKSUM, POSITION, SPLIT = (PREFIX + name for name in ("manifest-checksum", "manifest-position", "tarsplit-position"))
ESTARGZ = "containerd.io/snapshot/stargz/toc.digest"
SENTINEL = "application/vnd.containers.zstd-chunked-sentinel"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
LAYER_TYPES = tuple(f"application/vnd.oci.image.layer.{kind}v1.tar+zstd" for kind in ("", "nondistributable."))
LIMIT = 64 * 2**20
KINDS = {"0": "reg", "1": "hardlink", "2": "symlink", "3": "char", "4": "block", "5": "dir", "6": "fifo"}
Json = Any
Blobs = Mapping[str, bytes]


class Refused(Exception):  # noqa: N818 (an outcome)
    """The artifact is refused at a stage."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason)
        self.stage = stage


def need(condition: object, stage: str, reason: str) -> None:
    """Refuse unless the condition holds."""
    if not condition:
        raise Refused(stage, reason)


def parsed(raw: bytes, stage: str) -> Json:
    """A JSON document without repeated keys, compared without case."""

    def once(pairs: list[tuple[str, Json]]) -> Json:
        need(len({key.lower() for key, _ in pairs}) == len(pairs), stage, "a key comes twice")
        return dict(pairs)

    try:
        return json.loads(raw.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise Refused(stage, f"no JSON: {error}") from None


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


# --- frames


def frames(blob: bytes) -> list[tuple[int, int, bool]]:
    """Start, end, and whether it is skippable, of each frame."""
    found, place = [], 0
    while place < len(blob):
        start = place
        need(place + 8 <= len(blob), "frame", "the blob ends within a frame")
        magic, length = struct.unpack_from("<II", blob, place)
        is_skippable = 0x184D2A50 <= magic <= 0x184D2A5F
        place = place + 8 + length if is_skippable else data_frame(blob, place)
        need(place <= len(blob), "frame", "the blob ends within a frame")
        found.append((start, place, is_skippable))
    need(found and not found[0][2], "frame", "the first frame is skippable")
    return found


def data_frame(blob: bytes, start: int) -> int:
    """The end of a zstd frame (RFC 8878 section 3.1.1)."""
    need(blob[start : start + 4] == b"\x28\xb5\x2f\xfd", "frame", "no frame where one should begin")
    descriptor = blob[start + 4]
    single = descriptor >> 5 & 1
    need(not descriptor & 3, "frame", "a dictionary")
    place = start + 5 + (not single) + (single, 2, 4, 8)[descriptor >> 6]
    if not single:
        exponent, mantissa = blob[start + 5] >> 3, blob[start + 5] & 7
        need((1 << 10 + exponent) * (8 + mantissa) // 8 <= 2**27, "frame", "a window beyond 128 MiB")
    while True:
        need(place + 3 <= len(blob), "frame", "the blob ends within a frame")
        header = int.from_bytes(blob[place : place + 3], "little")
        place += 3 + (1 if header >> 1 & 3 == 1 else header >> 3)
        if header & 1:
            return place + 4 * (descriptor >> 2 & 1)


def inflate(compressed: bytes, stage: str) -> bytes:
    """The concatenated content of frames, up to a limit."""
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(
            io.BytesIO(compressed), read_across_frames=True
        )
        content = reader.read(LIMIT + 1)
    except zstandard.ZstdError as error:
        raise Refused(stage, str(error)) from None
    need(len(content) <= LIMIT, stage, "too large")
    return content


# --- a layer


def layer(blob: bytes, descriptor: Json, diff_id: str) -> str:
    """Read a zstd:chunked layer with all its parts; return the digest of its tree."""
    need(descriptor["mediaType"] in LAYER_TYPES, "manifest", "media type")
    verify(descriptor, blob, "manifest")
    annotations = descriptor.get("annotations") or {}
    need(ESTARGZ not in annotations, "annotation", "eStargz and zstd:chunked")
    need(CHECKSUM in annotations and POSITION in annotations, "annotation", "half of the annotations")
    toc_at = numbers(annotations[POSITION], 4)
    split_at = numbers(annotations[SPLIT], 3) if SPLIT in annotations else None
    places = frames(blob)
    last = [place for place in places[-3:] if place[2]]
    footer(blob[last[-1][0] + 8 : last[-1][1]] if last else b"", toc_at, split_at)
    payloads = {(begin + 8, end - begin - 8) for begin, end, is_skippable in places if is_skippable}
    need((toc_at[0], toc_at[1]) in payloads, "annotation", "no TOC at its position")
    packed = blob[toc_at[0] : toc_at[0] + toc_at[1]]
    need(sha256(packed) == annotations[CHECKSUM], "annotation", "digest of the TOC")
    document = inflate(packed, "toc")
    need(len(document) == toc_at[2], "annotation", "length of the TOC")
    toc = parsed(document, "toc")
    need(isinstance(toc, dict) and toc.get("version") == 1, "toc", "version")
    need(isinstance(toc.get("entries", 0), list | None), "toc", "entries")
    data_end = toc_at[0] - 8
    tar = inflate(blob[:data_end], "frame")
    need(sha256(tar) == diff_id, "frame", "DiffID")
    files = entries(toc["entries"] or [], blob, {begin for begin, _, _ in places} | {data_end}, data_end)
    if toc.get("tarSplitDigest"):
        need(split_at, "annotation", "no position of the tar-split")
        need((split_at[0], split_at[1]) in payloads, "annotation", "no tar-split at its position")
        packed = blob[split_at[0] : split_at[0] + split_at[1]]
        need(sha256(packed) == toc["tarSplitDigest"], "tarsplit", "digest of the tar-split")
        lines = inflate(packed, "tarsplit")
        need(len(lines) == split_at[2], "annotation", "length of the tar-split")
        need(reassembled(lines, files) == tar, "tarsplit", "another tar comes out")
    headers(tar)
    compare(tar, toc["entries"] or [], files)
    return tree(toc["entries"] or [])


def tree(listed: list[Json]) -> str:
    """The digest of a tree by its TOC (docs/vectors.md); the contents are verified."""
    by_name = {clean(entry["name"]): entry for entry in listed if entry["type"] != "chunk"}
    lines = []
    for name, own in sorted(by_name.items(), key=lambda item: item[0].encode()):
        entry = own
        while entry["type"] == "hardlink" and clean(entry.get("linkName") or "") in by_name:
            entry = by_name[clean(entry["linkName"])]
        if name:
            lines.append(f"{name.encode().hex()} {line(entry)}\n")
    return sha256("".join(lines).encode())


def clean(name: str) -> str:
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def line(entry: Json) -> str:
    kind, value = entry["type"], "-"
    if kind == "reg":
        value = (entry.get("digest") or sha256(b"")).removeprefix("sha256:") if entry.get("size") else sha256(b"")[7:]
    elif kind in ("symlink", "hardlink"):
        value = (entry.get("linkName") or "").encode().hex()
    elif kind in ("char", "block"):
        value = f"{entry.get('devMajor', 0)}:{entry.get('devMinor', 0)}"
    try:
        decoded = {key: base64.b64decode(text, validate=True) for key, text in (entry.get("xattrs") or {}).items()}
    except (ValueError, TypeError):
        raise Refused("toc", "an extended attribute") from None
    xattrs = (f"{key.encode().hex()}={each.hex()}" for key, each in decoded.items())
    mode = 0o777 if kind == "symlink" else entry.get("mode", 0) & 0o7777
    owner = f"{entry.get('uid', 0)} {entry.get('gid', 0)}"
    return f"{kind} {mode:o} {owner} {value} {','.join(sorted(xattrs)) or '-'}"


def numbers(text: str, count: int) -> list[int]:
    need(re.fullmatch(r"[0-9]{1,19}(:[0-9]{1,19}){2,3}", text), "annotation", "a position")
    found = [int(part) for part in text.split(":")]
    need(len(found) == count, "annotation", "a position")
    need(count == 3 or found[3] == 1, "annotation", "type of the TOC")
    return found


def footer(payload: bytes, toc_at: list[int], split_at: list[int] | None) -> None:
    need(len(payload) == 64 and payload.endswith(b"GNUlInUx"), "footer", "no footer")
    said = struct.unpack_from("<7Q", payload)
    need(list(said) == [*toc_at, *(split_at or (0, 0, 0))], "footer", "other numbers than the annotations")


def entries(listed: list[Json], blob: bytes, boundaries: set[int], data_end: int) -> dict[str, bytes]:
    """The contents of the regular files, read by the TOC alone."""
    found: dict[str, bytes] = {}
    names: set[str] = set()
    current: list[Json] = []
    for entry in listed:
        name, kind = entry.get("name"), entry.get("type")
        need(isinstance(name, str) and name, "toc", "an entry without a name")
        need(".." not in name.split("/"), "toc", "a name that climbs")
        need(kind in (*KINDS.values(), "chunk"), "toc", f"type {kind!r}")
        if kind == "chunk":
            need(current and current[0]["name"] == name, "chunk", "a chunk of another file")
            current.append(entry)
            continue
        need(clean(name) not in names, "toc", "a name comes twice")
        names.add(clean(name))
        if current:
            found[current[0]["name"]] = content_of(current, blob, boundaries, data_end)
        current = [entry] if kind == "reg" and entry.get("size", 0) else []
    if current:
        found[current[0]["name"]] = content_of(current, blob, boundaries, data_end)
    return found


def content_of(parts: list[Json], blob: bytes, boundaries: set[int], data_end: int) -> bytes:
    """One file, chunk by chunk, every digest verified."""
    first, end = parts[0], parts[0].get("endOffset")
    starts = [part.get("offset") for part in parts]
    numeric = all(isinstance(place, int) and place in boundaries for place in (*starts, end))
    need(numeric and max(starts) < end <= data_end and sorted(set(starts)) == starts, "toc", "offsets")
    content = b""
    for part, (begin, stop) in zip(parts, zip(starts, [*starts[1:], end], strict=True), strict=True):
        need((part.get("chunkType") or "") in ("", "zeros"), "chunk", "type of a chunk")
        need(part.get("chunkOffset", 0) == len(content), "chunk", "a gap between chunks")
        piece = inflate(blob[begin:stop], "chunk")[: part.get("chunkSize") or first["size"]]
        need(len(parts) == 1 or len(piece) == part.get("chunkSize"), "chunk", "size of a chunk")
        need(part.get("chunkDigest") in (None, sha256(piece)), "chunk", "digest of a chunk")
        need(part.get("chunkType") != "zeros" or not any(piece), "chunk", "a chunk of zeros has others")
        content += piece
    need(len(content) == first["size"] and sha256(content) == first.get("digest"), "toc", "digest of a file")
    return content


def reassembled(lines: bytes, files: dict[str, bytes]) -> bytes:
    """The tar from tar-split and contents."""
    tar, seen = b"", set()
    by_name = {name.removeprefix("./").strip("/"): content for name, content in files.items()}
    for number, line in enumerate(line for line in lines.splitlines() if line.strip()):
        record = parsed(line, "tarsplit")
        need(record.get("position") == number and record.get("type") in (1, 2), "tarsplit", f"line {number}")
        payload = base64.b64decode(record.get("payload") or "")
        if record["type"] == 2:
            tar += payload
        elif record.get("size"):
            name = record.get("name") or base64.b64decode(record.get("name_raw", "")).decode("utf-8", "replace")
            name = name.removeprefix("./").strip("/")
            need(name in by_name and name not in seen, "tarsplit", f"no file {name!r}, or twice")
            need(len(by_name[name]) == record["size"], "tarsplit", "size of a file")
            need(len(payload) == 8, "tarsplit", "checksum of a file")
            seen.add(name)
            tar += by_name[name]
    return tar


# --- the tar of a layer


def headers(tar: bytes) -> None:
    """Require headers that all readers read alike: octal fields, checksum, magic, known types, no bytes after a NUL."""
    place = 0
    while place + 512 <= len(tar) and any(tar[place : place + 512]):
        block = tar[place : place + 512]
        for start, end in ((100, 108), (108, 116), (116, 124), (124, 136), (136, 148), (148, 156)):
            field = block[start:end]
            is_octal = re.fullmatch(rb" *[0-7]+[ \0]*", field) or (field[0] & 0x80 and start != 148)
            need(is_octal, "tar", f"the field at {start}")
        total = sum(block[:148]) + 8 * 32 + sum(block[156:])
        need(int(block[148:156].strip(b" \0"), 8) == total, "tar", "checksum")
        need(block[257:265] in (b"ustar\x0000", b"ustar  \0"), "tar", "magic")
        need(block[156:157] in b"\x000123456xLK", "tar", "type")
        for start, end in ((0, 100), (157, 257), (265, 297), (297, 329)):
            need(not block[start:end].partition(b"\0")[2].strip(b"\0"), "tar", "bytes behind a NUL")
        if block[124] & 0x80:
            return  # sizes beyond octal: left to tarfile
        size = int(block[124:136].strip(b" \0") or b"0", 8)
        need(not size or block[156:157] in b"\x000xLK", "tar", "content of what has none")
        padding = tar[place + 512 + size : place + 512 + -(-size // 512) * 512]
        need(not any(padding), "tar", "bytes in the padding")
        place += 512 + -(-size // 512) * 512


def compare(tar: bytes, listed: list[Json], files: dict[str, bytes]) -> None:
    """Require that tarfile and the TOC yield the same entries."""
    mine = [entry for entry in listed if entry["type"] != "chunk"]
    by_name = {entry["name"].rstrip("/"): entry for entry in mine}
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), errors="strict") as archive:
            theirs = archive.getmembers()
            need(len(theirs) == len(mine), "toc", "other entries than the tar")
            for member in theirs:
                entry = by_name.get(member.name.rstrip("/"))
                need(entry is not None, "toc", "no entry of this name")
                told = (member.mode, member.uid, member.gid, member.linkname)
                said = [entry.get(key, 0) for key in ("mode", "uid", "gid")]
                need(told == (*said, entry.get("linkName") or ""), "toc", "an attribute")
                need(KINDS.get(member.type.decode().replace("\0", "0")) == entry["type"], "toc", "a type")
                if member.isreg() and member.size:
                    content = archive.extractfile(member)
                    same = content is not None and content.read() == files.get(entry["name"])
                    need(same, "toc", "another content than the tar")
    except (tarfile.TarError, UnicodeError) as error:
        raise Refused("tar", str(error)) from None


# --- sentinel blobs and images


def sentinel(blob: bytes) -> None:
    """Require that no tar reader accepts the blob as an archive."""
    need(b"\0" in blob[:512], "sentinel", "no zero")
    need(any(blob[:512]) and (blob[:1] != b"\0" or len(blob) < 346 or blob[345] != 0), "sentinel", "looks empty")
    need(blob[257:262] not in (b"ustar", b"USTAR"), "sentinel", "magic of a tar")
    need(not blob.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh")), "sentinel", "compressed")
    for start in range(0, len(blob), 512):
        try:
            tarfile.TarInfo.frombuf(blob[start : start + 512], "utf-8", "surrogateescape")
        except tarfile.HeaderError:
            continue
        raise Refused("sentinel", "a tar header")


def image(root: bytes, blobs: Blobs) -> str:
    """Read an index and everything that it names, or one manifest; return the digest of its trees."""
    trees: dict[str, str] = {}
    document = parsed(root, "index")
    need(isinstance(document, dict) and document.get("schemaVersion") == 2, "index", "schemaVersion")
    need(not ("layers" in document and "manifests" in document), "index", "index and manifest at once")
    if "layers" in document:
        kinds = [each.get("mediaType") for each in document["layers"]]
        manifest(document, blobs, trees, is_sentinel=SENTINEL in kinds)
        return of_trees(trees)
    is_index = document.get("mediaType") in (None, INDEX_TYPE) and isinstance(document.get("manifests"), list)
    need(is_index, "index", "no index")
    plain: list[tuple[Json, Json]] = []
    for entry in document["manifests"]:
        kind = entry.get("mediaType")
        need(isinstance(kind, str), "index", "media type of an entry")
        inner = stored(entry, blobs, "index")
        if kind != MANIFEST_TYPE:
            continue
        marks = entry.get("annotations") or {}
        is_sentinel = marks.get(PREFIX + "sentinel") == "true"
        read = parsed(inner, "manifest")
        need(isinstance(read, dict) and read.get("mediaType") in (None, kind), "manifest", "media type")
        layers = manifest(read, blobs, trees, is_sentinel=is_sentinel)
        if is_sentinel:
            twins = [each for each in plain if each == (platform(entry), layers)]
            need(twins, "index", "no plain entry before it with the same platform and layers")
        else:
            plain.append((platform(entry), layers))
    return of_trees(trees)


def of_trees(trees: dict[str, str]) -> str:
    """The digest of an image: over the trees of its zstd:chunked layers, each layer once."""
    return sha256("".join(f"{each}\n" for each in trees.values()).encode()) if trees else ""


def platform(entry: Json) -> Json:
    """The platform of an entry; its os.features are a set."""
    found = dict(entry.get("platform") or {})
    if "os.features" in found:
        found["os.features"] = sorted(set(found["os.features"]))
    return found


def manifest(document: Json, blobs: Blobs, trees: dict[str, str], *, is_sentinel: bool) -> list[Json]:
    """Read a manifest with config and layers; return digest and size of its data layers."""
    layers = document.get("layers")
    need(isinstance(layers, list) and document.get("schemaVersion") == 2, "manifest", "layers, schemaVersion")
    kinds = [each.get("mediaType") for each in layers]
    wanted = [SENTINEL] if is_sentinel else []
    need(kinds[: len(wanted)] == wanted and kinds.count(SENTINEL) == len(wanted), "manifest", "place of the sentinel")
    config = parsed(stored(document["config"], blobs, "config"), "config")
    if document.get("artifactType") or not isinstance(config, dict) or "rootfs" not in config:
        return []
    diff_ids = config["rootfs"].get("diff_ids")
    need(isinstance(diff_ids, list) and len(diff_ids) == len(layers), "config", "number of DiffIDs")
    for each, diff_id in zip(layers, diff_ids, strict=True):
        content = stored(each, blobs, "manifest")
        if each["mediaType"] == SENTINEL:
            need(diff_id == each["digest"], "config", "DiffID of the sentinel")
            sentinel(content)
        elif CHECKSUM in (each.get("annotations") or {}):
            trees.setdefault(each["digest"], layer(content, each, diff_id))
        else:
            need(not is_sentinel, "manifest", "a layer without a TOC beside the sentinel")
    return [(each["digest"], each["size"]) for each in layers if each["mediaType"] != SENTINEL]


def stored(descriptor: Json, blobs: Blobs, stage: str) -> bytes:
    content = blobs.get(descriptor.get("digest"))
    need(content is not None, stage, "a blob is missing")
    verify(descriptor, content, stage)
    return content


def verify(descriptor: Json, content: bytes, stage: str) -> None:
    algorithm, _, _ = descriptor["digest"].partition(":")
    need(algorithm in ("sha256", "sha512"), stage, "algorithm")
    actual = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    need(actual == descriptor["digest"] and len(content) == descriptor.get("size"), stage, "digest or size")


def judge(case: Json) -> str:
    """The digest of the tree, "" for a case without a tree; raises Refused for a refused case."""
    given = case["input"]
    files = {digest: digest for digest in given.get("blobs", [])} | given.get("stored_as", {})
    blobs = {digest: Path("blobs/sha256", at.removeprefix("sha256:")).read_bytes() for digest, at in files.items()}
    root = blobs[given["root"]]
    if case["kind"] == "blob":
        sentinel(root)
        return ""
    if case["kind"] == "layer":
        return layer(root, given["descriptor"], given["diff_id"])
    if case["kind"] == "http":
        with registry.serve(blobs, given.get("script", [])) as url:
            return pull.tree_of(f"{url}/v2/vectors", given["root"])
    return image(root, blobs)


def main() -> None:
    for case in json.load(sys.stdin)["cases"]:
        response = {"id": case["id"], "outcome": "accepted"}
        try:
            if tree_sha256 := judge(case):
                response["tree_sha256"] = tree_sha256
        except Refused as refused:
            response |= {"outcome": "refused", "stage": refused.stage, "reason": str(refused)}
        except Exception as error:
            response |= {"outcome": "crashed", "reason": repr(error)[:200]}
        sys.stdout.write(json.dumps(response) + "\n")


if __name__ == "__main__":
    from runner import main as run  # under the module name that pull.py imports

    run()

"""Registries with one defect each, for the mutants of the REG requirements and to debug clients."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from conformance.format.document import decode_object, encode
from conformance.format.errors import FormatError
from conformance.format.names import DOCKER_MANIFEST_TYPE, INDEX_TYPE, SENTINEL_TYPE
from conformance.format.stored import StoredManifest
from conformance.registry.server.core import RegistryCore, listed_manifests
from conformance.registry.server.responses import content_of, error_reply, first_only, own_headers, reordered, whole
from conformance.registry.server.serving import Call, Reply, parse_ranges, ranges_reply


class Defect:
    """A deviation: ``before`` may respond instead of the registry, ``after`` may change its response."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        """A response instead of that of the registry; None: no change."""

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        """The response that is sent; may also change the state."""
        return reply

    def collected(self, core: RegistryCore) -> None:
        """Called after a garbage collection."""


class _Filter(Defect):
    """A defect that is one function on the response."""

    def __init__(self, change: Callable[[Call, Reply, RegistryCore], Reply]) -> None:
        self._change = change

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        return self._change(call, reply, core)


class RejectsSentinelType(Defect):
    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        if _puts_manifest(call) and SENTINEL_TYPE.encode() in call.body and b'"layers"' in call.body:
            return error_reply(400, "MANIFEST_INVALID", "unknown layer media type")
        return None


class RewritesManifests(Defect):
    """Changes a document before it is stored, under the digest and tag of the original."""

    def __init__(self, rewrite: Callable[[bytes], bytes]) -> None:
        self._rewrite = rewrite

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        digest = reply.headers.get("Docker-Content-Digest", "")
        if _puts_manifest(call) and reply.status == 201:
            name = call.path.split("/v2/")[1].rsplit("/manifests/")[0]
            stored = core.repositories[name].manifests[digest]
            core.repositories[name].manifests[digest] = StoredManifest(self._rewrite(stored.raw), stored.media_type)
        return reply


def _reencode(raw: bytes) -> bytes:
    return encode(dict(sorted(decode_object(raw, what="manifest").items()))) if not _is_index(raw) else raw


def _merge_twins(raw: bytes) -> bytes:
    fields = decode_object(raw, what="manifest")
    if _is_index(raw):
        by_platform = {str(entry.get("platform")): entry for entry in fields["manifests"]}
        if len(by_platform) < len(fields["manifests"]):
            return encode({**fields, "manifests": list(by_platform.values())})
    return raw


def _sort_entries(raw: bytes) -> bytes:
    fields = decode_object(raw, what="manifest")
    if _is_index(raw):
        ordered = sorted(fields["manifests"], key=lambda entry: str(entry.get("annotations")))
        if ordered != fields["manifests"]:
            return encode({**fields, "manifests": ordered})
    return raw


def _drop_annotations(raw: bytes) -> bytes:
    fields = decode_object(raw, what="manifest")
    if _is_index(raw) or "annotations" not in fields:
        return raw
    return encode({key: value for key, value in fields.items() if key != "annotations"})


class DropsMissingEntries(Defect):
    """Accepts an index naming a missing manifest, and silently omits the entry."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        if not _puts_manifest(call) or not _is_index(call.body):
            return None
        name = call.path.split("/v2/")[1].rsplit("/manifests/")[0]
        fields = decode_object(call.body, what="index")
        known = core.repository(name).manifests
        if all(digest in known for digest in listed_manifests(fields)):
            return None
        kept = [entry for entry in fields["manifests"] if entry["digest"] in known]
        body = encode({**fields, "manifests": kept})
        reference = call.path.rsplit("/", 1)[1]
        from conformance.format.digest import Digest  # noqa: PLC0415

        asked = reference if ":" in reference else str(Digest.of(call.body))
        core.repository(name).manifests[asked] = StoredManifest(body, INDEX_TYPE)
        if ":" not in reference:
            core.repository(name).tags[reference] = asked
        return Reply(201, {"Docker-Content-Digest": asked})


class AcceptsWrongDigest(Defect):
    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        digest = call.query.get("digest", "")
        if call.method == "PUT" and "/blobs/uploads/" in call.path and reply.status == 400 and digest:
            name = call.path.split("/v2/")[1].rsplit("/blobs/")[0]
            core.blobs[digest] = call.body
            core.repository(name).links.add(digest)
            return Reply(201, {"Docker-Content-Digest": digest, "Location": f"/v2/{name}/blobs/{digest}"})
        return reply


class LosesSharedBlobsOnDelete(Defect):
    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        if call.method == "DELETE" and "/manifests/sha256:" in call.path and reply.status == 202:
            name = call.path.split("/v2/")[1].rsplit("/manifests/")[0]
            links = core.repositories[name].links
            for digest in sorted(links, key=lambda item: -len(core.blobs.get(item, b"")))[:1]:
                links.discard(digest)
        return reply


class GarbageCollectionForgetsLists(Defect):
    """Deletes blobs that only manifests without a tag need."""

    def collected(self, core: RegistryCore) -> None:
        for repository in core.repositories.values():
            tagged = set(repository.tags.values())
            repository.manifests = {d: m for d, m in repository.manifests.items() if d in tagged}
        core.collect_garbage()


class LosesConcurrentUploads(Defect):
    """When two uploads of one repository overlap, the blob that is finished second is lost."""

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        if call.method == "PUT" and "/blobs/uploads/" in call.path and reply.status == 201:
            name = call.path.split("/v2/")[1].rsplit("/blobs/")[0]
            if any(owner == name for owner, _ in core.uploads.values()):
                core.repositories[name].links.discard(call.query.get("digest", ""))
        return reply


class DeletedManifestsStay(Defect):
    """Reports that it deleted, and continues serving."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        return Reply(202) if call.method == "DELETE" and "/manifests/sha256:" in call.path else None


def _blob_get(call: Call) -> bool:
    return call.method == "GET" and "/blobs/sha256:" in call.path


def _on_range(change: Callable[[list[tuple[int, int]], bytes, Reply], Reply]) -> Callable[[], Defect]:
    """A defect on responses to satisfiable range requests."""

    def after(call: Call, reply: Reply, core: RegistryCore) -> Reply:
        content = content_of(call, core)
        wanted = parse_ranges(call.header("range") or "", len(content)) if _blob_get(call) else None
        return change(wanted, content, reply) if wanted and reply.status == 206 else reply

    return lambda: _Filter(after)


def _wrong_content_range(wanted: list[tuple[int, int]], content: bytes, reply: Reply) -> Reply:
    if len(wanted) > 1:
        return reply
    first, last = wanted[0]
    return reply.replace(headers={**reply.headers, "Content-Range": f"bytes {first + 1}-{last + 1}/{len(content) + 1}"})


def _wrong_bytes(wanted: list[tuple[int, int]], content: bytes, reply: Reply) -> Reply:
    return ranges_reply(wanted, bytes(byte ^ 1 for byte in content), own_headers(reply))


def _whole_as_206(wanted: list[tuple[int, int]], content: bytes, reply: Reply) -> Reply:
    return Reply(206, own_headers(reply), content)


def _multi_ignored(wanted: list[tuple[int, int]], content: bytes, reply: Reply) -> Reply:
    return reply if len(wanted) == 1 else Reply(200, own_headers(reply), content)


def _many_fail(wanted: list[tuple[int, int]], content: bytes, reply: Reply) -> Reply:
    return error_reply(500, "UNKNOWN", "too many ranges") if len(wanted) > 512 else reply


def _past_end_is_200(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return Reply(200, {}, content_of(call, core)) if _blob_get(call) and reply.status == 416 else reply


def _suffix_from_start(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    match = re.fullmatch(r"bytes=-(\d+)", call.header("range") or "")
    if match and _blob_get(call) and reply.status == 206:
        content = content_of(call, core)
        return ranges_reply([(0, min(int(match[1]), len(content)) - 1)], content, own_headers(reply))
    return reply


def _short_sentinel(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    known = "sha256:1ca86838d2e4c36907ef90fc2a01dcd9ac34301f21c5412927894c34f1bf79cc"
    return reply.replace(body=reply.body.rstrip(b"\0")) if call.path.endswith(known) and reply.status == 200 else reply


class RefusesDockerEntries(Defect):
    """Refuses an index that lists manifests of two kinds."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        mixed = _puts_manifest(call) and _is_index(call.body) and DOCKER_MANIFEST_TYPE.encode() in call.body
        return error_reply(400, "MANIFEST_INVALID", "manifests of two kinds") if mixed else None


class RefusesWhileUploadsOverlap(Defect):
    """Once uploads of a repository have overlapped, refuses the next manifest put there."""

    def __init__(self) -> None:
        self._due: set[str] = set()

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        name = call.path.removeprefix("/v2/").rsplit("/manifests/")[0]
        if _puts_manifest(call) and name in self._due:
            self._due.discard(name)
            return error_reply(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
        return None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        owners = [owner for owner, _ in core.uploads.values()]
        self._due |= {owner for owner in owners if owners.count(owner) > 1}
        return reply


def _head_without_length(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    if call.method == "HEAD" and "/blobs/" in call.path and reply.status == 200:
        return reply.replace(headers={**reply.headers, "X-No-Length": "1"}, body=b"")
    return reply


def _joins_near(wanted: list[tuple[int, int]], content: bytes, reply: Reply) -> Reply:
    """Coalesces ranges less than 80 bytes apart (RFC 9110 section 15.3.7.2 allows it)."""
    joined: list[tuple[int, int]] = []
    for first, last in wanted:
        if joined and 0 <= first - joined[-1][1] < 80:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return ranges_reply(joined, content, own_headers(reply))


def _head_missing_is_200(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return Reply(200) if call.method == "HEAD" and "/blobs/" in call.path and reply.status == 404 else reply


def _mounts(change: Callable[[Call, Reply], Reply]) -> Callable[[], Defect]:
    def after(call: Call, reply: Reply, core: RegistryCore) -> Reply:
        return change(call, reply) if call.method == "POST" and "mount" in call.query else reply

    return lambda: _Filter(after)


class NeverMounts(Defect):
    """Treats every mount as an upload."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        if call.method == "POST" and "mount" in call.query:
            return core.handle(Call("POST", call.path, {}, call.headers))
        return None


class RedirectsDropRange(Defect):
    """Redirects blob requests to a server that misreads the Range header."""

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        if _blob_get(call) and "moved" not in call.query:
            return Reply(307, {"Location": f"{call.path}?moved=1"})
        if _blob_get(call) and call.header("range"):
            content = content_of(call, core)
            return Reply(206, {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}, content)
        return None


def _generic_type(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    if "/manifests/" in call.path and call.method in ("GET", "HEAD") and reply.status == 200:
        return reply.replace(headers={**reply.headers, "Content-Type": "application/json"})
    return reply


def _no_referrers(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return error_reply(404, "UNSUPPORTED", "no referrers here") if "/referrers/" in call.path else reply


def _invents_without_accept(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    accept = call.header("accept") or ""
    if "/manifests/" in call.path and call.method == "GET" and reply.status == 200 and "json" not in accept:
        body = b'{"schemaVersion":1,"name":"converted","tag":"latest","fsLayers":[],"history":[]}'
        return Reply(200, {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}, body)
    return reply


def _refuses_mount(call: Call, reply: Reply) -> Reply:
    return error_reply(405, "UNSUPPORTED", "no mounts here")


DEFECTS: Final[Mapping[str, Callable[[], Defect]]] = {
    "rejects-sentinel-type": RejectsSentinelType,
    "merges-twin-platforms": lambda: RewritesManifests(_merge_twins),
    "sorts-index": lambda: RewritesManifests(_sort_entries),
    "reencodes-json": lambda: RewritesManifests(_reencode),
    "drops-annotations": lambda: RewritesManifests(_drop_annotations),
    "shortens-sentinel": lambda: _Filter(_short_sentinel),
    "ignores-range": _on_range(whole),
    "ignores-multi-range": _on_range(_multi_ignored),
    "first-range-only": _on_range(first_only),
    "joins-near-ranges": _on_range(_joins_near),
    "reorders-parts": _on_range(reordered),
    "wrong-content-range": _on_range(_wrong_content_range),
    "wrong-bytes-in-206": _on_range(_wrong_bytes),
    "whole-body-as-206": _on_range(_whole_as_206),
    "500-on-many-ranges": _on_range(_many_fail),
    "past-end-is-200": lambda: _Filter(_past_end_is_200),
    "suffix-from-start": lambda: _Filter(_suffix_from_start),
    "redirects-drop-range": RedirectsDropRange,
    "head-missing-is-200": lambda: _Filter(_head_missing_is_200),
    "never-mounts": NeverMounts,
    "refuses-mount": _mounts(_refuses_mount),
    "loses-shared-blobs-on-delete": LosesSharedBlobsOnDelete,
    "garbage-collection-forgets-lists": GarbageCollectionForgetsLists,
    "accepts-wrong-digest": AcceptsWrongDigest,
    "drops-missing-entries": DropsMissingEntries,
    "generic-content-type": lambda: _Filter(_generic_type),
    "no-referrers": lambda: _Filter(_no_referrers),
    "head-without-length": lambda: _Filter(_head_without_length),
    "refuses-docker-entries": RefusesDockerEntries,
    "refuses-while-uploads-overlap": RefusesWhileUploadsOverlap,
    "loses-concurrent-uploads": LosesConcurrentUploads,
    "deleted-manifests-stay": DeletedManifestsStay,
    "invents-without-accept": lambda: _Filter(_invents_without_accept),
}


def _puts_manifest(call: Call) -> bool:
    return call.method == "PUT" and "/manifests/" in call.path


def _is_index(raw: bytes) -> bool:
    try:
        return "manifests" in decode_object(raw, what="manifest")
    except FormatError:
        return False

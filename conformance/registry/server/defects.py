"""The embedded registry with one defect each: the mutants of the REG requirements."""

import re

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, decode_object, encode
from conformance.format.names import DOCKER_MANIFEST_TYPE, INDEX_TYPE, SENTINEL_TYPE
from conformance.format.stored import StoredManifest
from conformance.registry.server.core import RegistryCore, listed_manifests
from conformance.registry.server.deviations import (
    Defect,
    gets_blob,
    instead,
    is_index,
    on_ranges,
    on_response,
    puts_manifest,
    repository_of,
    rewrites_manifests,
)
from conformance.registry.server.responses import Ranges, content_of, error_reply, first_only, own_headers, whole
from conformance.registry.server.responses import reordered as in_reverse_order
from conformance.registry.server.serving import Call, Reply, ranges_reply
from conformance.requirements import mutant


@mutant("REG-001", implies=("REG-002", "REG-003", "REG-014", "REG-020", "REG-025", "REG-026"))
@instead
def rejects_sentinel_type(call: Call, core: RegistryCore) -> Reply | None:
    if puts_manifest(call) and SENTINEL_TYPE.encode() in call.body and b'"layers"' in call.body:
        return error_reply(400, "MANIFEST_INVALID", "unknown layer media type")
    return None


@mutant("REG-002", implies=("REG-003", "REG-020", "REG-021", "REG-025"))
@rewrites_manifests
def merges_twin_platforms(fields: JsonObject) -> JsonObject:
    entries = fields.get("manifests", ())
    by_platform = {str(entry.get("platform")): entry for entry in entries}
    return fields if len(by_platform) == len(entries) else {**fields, "manifests": list(by_platform.values())}


@mutant("REG-002", implies=("REG-003", "REG-020", "REG-021", "REG-025"))
@rewrites_manifests
def sorts_index(fields: JsonObject) -> JsonObject:
    entries = fields.get("manifests", [])
    ordered = sorted(entries, key=lambda entry: str(entry.get("annotations")))
    return fields if ordered == entries else {**fields, "manifests": ordered}


@mutant("REG-003", implies=("REG-014", "REG-020", "REG-025", "REG-030"))
@rewrites_manifests
def reencodes_json(fields: JsonObject) -> JsonObject:
    return fields if "manifests" in fields else dict(sorted(fields.items()))


@mutant("REG-003", implies=("REG-014", "REG-020", "REG-025", "REG-030"))
@rewrites_manifests
def drops_annotations(fields: JsonObject) -> JsonObject:
    if "manifests" in fields or "annotations" not in fields:
        return fields
    return {key: value for key, value in fields.items() if key != "annotations"}


@mutant("REG-004", implies=("REG-011", "REG-014", "REG-020", "REG-025"))
@on_response
def shortens_sentinel(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    known = "sha256:1ca86838d2e4c36907ef90fc2a01dcd9ac34301f21c5412927894c34f1bf79cc"
    return reply.replace(body=reply.body.rstrip(b"\0")) if call.path.endswith(known) and reply.status == 200 else reply


@mutant("REG-005", implies=("REG-006",))
@on_ranges
def ignores_range(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return whole(wanted, content, reply)


@mutant("REG-006")
@on_ranges
def ignores_multi_range(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return reply if len(wanted) == 1 else whole(wanted, content, reply)


@mutant("REG-029", implies=("REG-006", "REG-024"))
@on_ranges
def first_range_only(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return first_only(wanted, content, reply)


@mutant("REG-006", implies=("REG-024",))
@on_ranges
def reorders_parts(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return in_reverse_order(wanted, content, reply)


@mutant("REG-028", implies=("REG-005",))
@on_ranges
def wrong_content_range(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    if len(wanted) > 1:
        return reply
    first, last = wanted[0]
    return reply.replace(headers={**reply.headers, "Content-Range": f"bytes {first + 1}-{last + 1}/{len(content) + 1}"})


@mutant("REG-028", implies=("REG-005", "REG-006", "REG-024"))
@on_ranges
def wrong_bytes_in_206(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return ranges_reply(wanted, bytes(byte ^ 1 for byte in content), own_headers(reply))


@mutant("REG-028", implies=("REG-005", "REG-006", "REG-024"))
@on_ranges
def whole_body_as_206(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return Reply(206, own_headers(reply), content)


@mutant("REG-022", implies=("REG-006", "REG-028"))
@on_ranges
def server_error_on_many_ranges(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    return error_reply(500, "UNKNOWN", "too many ranges") if len(wanted) > 512 else reply


@mutant("REG-008")
@on_response
def past_end_is_200(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return Reply(200, {}, content_of(call, core)) if gets_blob(call) and reply.status == 416 else reply


@mutant("REG-028")
@on_response
def suffix_from_start(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    match = re.fullmatch(r"bytes=-(\d+)", call.header("range") or "")
    if match and gets_blob(call) and reply.status == 206:
        content = content_of(call, core)
        return ranges_reply([(0, min(int(match[1]), len(content)) - 1)], content, own_headers(reply))
    return reply


@mutant("REG-010", implies=("REG-005", "REG-006", "REG-008", "REG-024", "REG-028"))
@instead
def redirects_drop_range(call: Call, core: RegistryCore) -> Reply | None:
    """Redirects blob requests to a server that misreads the Range header."""
    if gets_blob(call) and "moved" not in call.query:
        return Reply(307, {"Location": f"{call.path}?moved=1"})
    if gets_blob(call) and call.header("range"):
        content = content_of(call, core)
        return Reply(206, {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}, content)
    return None


@mutant("REG-011", implies=("REG-015", "REG-030"))
@on_response
def head_missing_is_200(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return Reply(200) if call.method == "HEAD" and "/blobs/" in call.path and reply.status == 404 else reply


@mutant("REG-012")
@instead
def never_mounts(call: Call, core: RegistryCore) -> Reply | None:
    """Treats every mount as an upload."""
    return core.handle(Call("POST", call.path, {}, call.headers)) if _mounts(call) else None


@mutant("REG-013", implies=("REG-012",))
@on_response
def refuses_mount(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return error_reply(405, "UNSUPPORTED", "no mounts here") if _mounts(call) else reply


@mutant("REG-014")
@on_response
def loses_shared_blobs_on_delete(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    if call.method == "DELETE" and "/manifests/sha256:" in call.path and reply.status == 202:
        links = core.repositories[repository_of(call)].links
        for digest in sorted(links, key=lambda item: -len(core.blobs.get(item, b"")))[:1]:
            links.discard(digest)
    return reply


@mutant("REG-014")
class GarbageCollectionForgetsLists(Defect):
    """Deletes blobs that only manifests without a tag need."""

    def collected(self, core: RegistryCore) -> None:
        for repository in core.repositories.values():
            tagged = set(repository.tags.values())
            repository.manifests = {d: m for d, m in repository.manifests.items() if d in tagged}
        core.collect_garbage()


@mutant("REG-015")
@on_response
def accepts_wrong_digest(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    digest = call.query.get("digest", "")
    if call.method == "PUT" and "/blobs/uploads/" in call.path and reply.status == 400 and digest:
        name = repository_of(call)
        core.blobs[digest] = call.body
        core.repository(name).links.add(digest)
        return Reply(201, {"Docker-Content-Digest": digest, "Location": f"/v2/{name}/blobs/{digest}"})
    return reply


@mutant("REG-016")
@instead
def drops_missing_entries(call: Call, core: RegistryCore) -> Reply | None:
    """Accepts an index naming a missing manifest, and silently omits the entry."""
    if not puts_manifest(call) or not is_index(call.body):
        return None
    repository, fields = core.repository(repository_of(call)), decode_object(call.body, what="index")
    if all(digest in repository.manifests for digest in listed_manifests(fields)):
        return None
    kept = [entry for entry in fields["manifests"] if entry["digest"] in repository.manifests]
    reference = call.path.rsplit("/", 1)[1]
    asked = reference if ":" in reference else str(Digest.of(call.body))
    repository.manifests[asked] = StoredManifest(encode({**fields, "manifests": kept}), INDEX_TYPE)
    if ":" not in reference:
        repository.tags[reference] = asked
    return Reply(201, {"Docker-Content-Digest": asked})


@mutant("REG-017")
@on_response
def generic_content_type(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    if "/manifests/" in call.path and call.method in ("GET", "HEAD") and reply.status == 200:
        return reply.replace(headers={**reply.headers, "Content-Type": "application/json"})
    return reply


@mutant("REG-018")
@on_response
def no_referrers(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return error_reply(404, "UNSUPPORTED", "no referrers here") if "/referrers/" in call.path else reply


@mutant("REG-025", implies=("REG-020", "REG-026"))
@on_response
def loses_concurrent_uploads(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    """When two uploads of one repository overlap, the blob that is finished second is lost."""
    if call.method == "PUT" and "/blobs/uploads/" in call.path and reply.status == 201:
        name = repository_of(call)
        if any(owner == name for owner, _ in core.uploads.values()):
            core.repositories[name].links.discard(call.query.get("digest", ""))
    return reply


@mutant("REG-020")
@instead
def deleted_manifests_stay(call: Call, core: RegistryCore) -> Reply | None:
    """Reports that it deleted, and continues serving."""
    return Reply(202) if call.method == "DELETE" and "/manifests/sha256:" in call.path else None


@mutant("REG-020")
class DeletesWhatATagNamed(Defect):
    """Deletes the manifest that a tag named before, though the index that it names now lists it (zot 6d19b445fe)."""

    def __init__(self) -> None:
        self._named: dict[str, str] = {}

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        repository, tag = core.repositories.get(repository_of(call)), call.path.rpartition("/")[2]
        if puts_manifest(call) and repository is not None and tag in repository.tags:
            self._named[call.path] = repository.tags[tag]
        return None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        digest = self._named.pop(call.path, "") if puts_manifest(call) else ""
        if digest and reply.status == 201 and is_index(call.body) and digest.encode() in call.body:
            core.repositories[repository_of(call)].manifests.pop(digest, None)
        return reply


@mutant("REG-021")
@on_response
def invents_without_accept(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    accept = call.header("accept") or ""
    if "/manifests/" in call.path and call.method == "GET" and reply.status == 200 and "json" not in accept:
        body = b'{"schemaVersion":1,"name":"converted","tag":"latest","fsLayers":[],"history":[]}'
        return Reply(200, {"Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws"}, body)
    return reply


@mutant("REG-023")
@instead
def refuses_docker_entries(call: Call, core: RegistryCore) -> Reply | None:
    """Refuses an index that lists manifests of two kinds."""
    mixed = puts_manifest(call) and is_index(call.body) and DOCKER_MANIFEST_TYPE.encode() in call.body
    return error_reply(400, "MANIFEST_INVALID", "manifests of two kinds") if mixed else None


@mutant("REG-024")
@on_ranges
def joins_near_ranges(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    """Coalesces ranges less than 80 bytes apart (RFC 9110 section 15.3.7.2 allows it)."""
    joined: Ranges = []
    for first, last in wanted:
        if joined and 0 <= first - joined[-1][1] < 80:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    return ranges_reply(joined, content, own_headers(reply))


@mutant("REG-026", implies=("REG-020",))
class RefusesWhileUploadsOverlap(Defect):
    """Once uploads of a repository have overlapped, refuses the next manifest put there."""

    def __init__(self) -> None:
        self._due: set[str] = set()

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        if puts_manifest(call) and (name := repository_of(call)) in self._due:
            self._due.discard(name)
            return error_reply(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry")
        return None

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        owners = [owner for owner, _ in core.uploads.values()]
        self._due |= {owner for owner in owners if owners.count(owner) > 1}
        return reply


@mutant("REG-027")
@on_response
def head_without_length(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    if call.method == "HEAD" and "/blobs/" in call.path and reply.status == 200:
        return reply.replace(headers={**reply.headers, "X-No-Length": "1"}, body=b"")
    return reply


def _mounts(call: Call) -> bool:
    return call.method == "POST" and "mount" in call.query

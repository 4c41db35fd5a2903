"""The embedded registry with one defect each in what it finds and states: mutants of REG-030, REG-031 and others."""

from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import (
    Defect,
    gets_blob,
    instead,
    on_ranges,
    on_response,
    puts_manifest,
    repository_of,
)
from conformance.registry.server.responses import Ranges, error_reply, own_headers, wrong_digest
from conformance.registry.server.serving import Call, Reply
from conformance.requirements import mutant

_GAP = 8  # RegistryProbe.near_ranges


def _is_blob(call: Call) -> bool:
    return "/blobs/sha256:" in call.path


@mutant("REG-030")
@instead
def head_finds_blobs_of_other_repositories(call: Call, core: RegistryCore) -> Reply | None:
    """HEAD looks up a blob in the whole registry, GET in the repository: a client uploads nothing, and cannot pull."""
    digest = call.path.rpartition("/")[2]
    if call.method != "HEAD" or not _is_blob(call) or digest not in core.blobs:
        return None
    return Reply(200, {"Docker-Content-Digest": digest}, core.blobs[digest])


@mutant("REG-030")
@instead
def get_finds_blobs_of_other_repositories(call: Call, core: RegistryCore) -> Reply | None:
    """GET looks up a blob in the whole registry, HEAD in the repository: what is there is uploaded again."""
    digest = call.path.rpartition("/")[2]
    if call.header("range") or not gets_blob(call) or digest not in core.blobs:
        return None
    return Reply(200, {"Docker-Content-Digest": digest}, core.blobs[digest])


@mutant("REG-030")
class HeadRemembersWhatWasDeleted(Defect):
    """HEAD of a blob responds from a cache, which a deletion does not clear."""

    def __init__(self) -> None:
        self._kept: dict[str, Reply] = {}

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        if call.method != "HEAD" or not _is_blob(call):
            return reply
        if reply.status == 200:
            self._kept[call.path] = reply
        return self._kept.get(call.path, reply)


@mutant("REG-030")
class HeadRemembersTags(Defect):
    """HEAD of a tag responds from a cache, though the tag has moved: a client takes the old digest for the present."""

    def __init__(self) -> None:
        self._kept: dict[str, Reply] = {}

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        if call.method != "HEAD" or "/manifests/" not in call.path or ":" in call.path or reply.status != 200:
            return reply
        return self._kept.setdefault(call.path, reply)


@mutant("REG-030")
@on_response
def finds_no_manifest_by_head(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return Reply(404) if call.method == "HEAD" and "/manifests/" in call.path else reply


@mutant("REG-030")
@on_response
def head_states_the_length_of_another_form(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    """Content-Length of HEAD is that of a manifest before it was stored in another form (RFC 9110 section 8.6)."""
    if call.method == "HEAD" and "/manifests/" in call.path and reply.status == 200:
        return reply.replace(headers={**reply.headers, "Content-Length": str(len(reply.body) + 1)})
    return reply


@mutant("REG-030")
@on_response
def head_states_the_digest_of_another_manifest(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    if call.method == "HEAD" and "/manifests/" in call.path and reply.status == 200:
        return reply.replace(headers={**reply.headers, "Docker-Content-Digest": "sha256:" + "0" * 64})
    return reply


@mutant("REG-030")
class RemembersDeletions(Defect):
    """A blob that was deleted is not found again, though it is pushed again: its absence is cached."""

    def __init__(self) -> None:
        self._gone: set[str] = set()

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        if call.method == "DELETE" and _is_blob(call) and reply.status == 202:
            self._gone.add(call.path)
        absent = call.method in ("GET", "HEAD") and call.path in self._gone
        return Reply(404) if absent else reply


@mutant("REG-031")
@on_response
def deletes_a_blob_everywhere(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    """Deletes a blob of one repository from all, as crane 0.22.1 does."""
    if call.method == "DELETE" and _is_blob(call) and reply.status == 202:
        for repository in core.repositories.values():
            repository.links.discard(call.path.rpartition("/")[2])
    return reply


@mutant("REG-031")
class DeletesWhatWasMounted(Defect):
    """A mount is a link to the other repository: the blob is gone where it was deleted there."""

    def __init__(self) -> None:
        self._mounts: list[tuple[str, str, str]] = []

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
        if call.method == "POST" and "mount" in call.query and reply.status == 201:
            self._mounts.append((repository_of(call), call.query.get("from", ""), call.query["mount"]))
        if call.method == "DELETE" and _is_blob(call) and reply.status == 202:
            for target, source, digest in self._mounts:
                if (source, digest) == (repository_of(call), call.path.rpartition("/")[2]):
                    core.repositories[target].links.discard(digest)
        return reply


@mutant("REG-031")
@on_response
def deletes_a_manifest_everywhere(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    digest = call.path.rpartition("/")[2]
    if call.method == "DELETE" and "/manifests/sha256:" in call.path and reply.status == 202:
        for repository in core.repositories.values():
            repository.manifests.pop(digest, None)
            repository.tags = {tag: named for tag, named in repository.tags.items() if named != digest}
    return reply


@mutant("REG-028", implies=("REG-005",))
@on_response
def sends_one_range_as_multipart(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    """RFC 9110 section 15.3.7.2: a client that requests one range may not be able to read it."""
    if not gets_blob(call) or reply.status != 206 or "Content-Range" not in reply.headers:
        return reply
    head = f"--one\r\nContent-Range: {reply.headers['Content-Range']}\r\n\r\n".encode()
    headers = {**own_headers(reply), "Content-Type": "multipart/byteranges; boundary=one"}
    return Reply(206, headers, head + reply.body + b"\r\n--one--\r\n")


@mutant("REG-028", implies=("REG-006", "REG-024"))
@on_response
def states_one_range_over_the_parts(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    """A Content-Range of the whole multipart response (RFC 9110 section 15.3.7.2)."""
    if not gets_blob(call) or reply.status != 206 or "Content-Range" in reply.headers:
        return reply
    return reply.replace(headers={**reply.headers, "Content-Range": f"bytes 0-{len(reply.body) - 1}/*"})


@mutant("REG-028", implies=("REG-024",))
@on_ranges
def joins_near_ranges_without_the_gap(wanted: Ranges, content: bytes, reply: Reply) -> Reply:
    """Two ranges eight bytes apart as one: their bytes, without those between, under one Content-Range."""
    if len(wanted) != 2 or wanted[1][0] - wanted[0][1] != _GAP + 1:
        return reply
    body = b"".join(content[first : last + 1] for first, last in wanted)
    first = wanted[0][0]
    stated = f"bytes {first}-{first + len(body) - 1}/{len(content)}"
    return Reply(206, {**own_headers(reply), "Content-Range": stated}, body)


@mutant("REG-030")
@on_response
def breaks_on_a_missing_blob(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    missing = call.method == "GET" and _is_blob(call) and reply.status == 404
    return error_reply(500, "UNKNOWN", "no such file") if missing else reply


@mutant("REG-004")
@on_response
def states_another_digest_of_a_blob(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return wrong_digest(call, reply, core) if gets_blob(call) else reply


@mutant("REG-003")
@on_response
def states_another_digest_of_what_was_put(call: Call, reply: Reply, core: RegistryCore) -> Reply:
    return wrong_digest(call, reply, core) if puts_manifest(call) and reply.status == 201 else reply

"""Registries with choices that the specifications permit and the embedded registry does not make."""

import re

from conformance.cases.variants.registries.choice import Choice
from conformance.format.digest import Digest
from conformance.format.names import MANIFEST_TYPE
from conformance.format.stored import StoredManifest
from conformance.registry.server import defects
from conformance.registry.server.core import RegistryCore, referenced
from conformance.registry.server.deviations import Defect
from conformance.registry.server.responses import content_of, error_reply
from conformance.registry.server.serving import Call, Reply, Wire, parse_ranges
from conformance.requirements import variant


def _gets_blob(call: Call) -> bool:
    return call.method == "GET" and "/blobs/sha256:" in call.path


def _wanted(call: Call, core: RegistryCore) -> list[tuple[int, int]] | None:
    """The satisfiable byte ranges of a blob request; None without a valid Range header."""
    if not _gets_blob(call):
        return None
    return parse_ranges(call.header("range") or "", len(content_of(call, core)))


@variant("REG-028", "REG-022", "REG-024", warns=("REG-005", "REG-006", "REG-008"))
def ignores_range() -> Defect:
    """Responds to every byte range request with the whole blob: a server MAY ignore Range (RFC 9110 section 14.2)."""
    return Choice(before=lambda call, core: Reply(200, {}, content_of(call, core)) if _has_blob(call, core) else None)


def _has_blob(call: Call, core: RegistryCore) -> bool:
    repository = core.repositories.get(call.path.removeprefix("/v2/").split("/blobs/")[0])
    return _gets_blob(call) and repository is not None and call.path.rsplit("/", 1)[1] in repository.links


@variant("REG-028", warns=("REG-006", "REG-022"))
def refuses_long_range_headers() -> Defect:
    """Responds with 431 to a Range header of more than 4 KiB (RFC 6585 section 5)."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        long = len(call.header("range") or "") > 4096
        return error_reply(431, "UNSUPPORTED", "header too large") if long else None

    return Choice(before=before)


def _refuses_several(status: int) -> Defect:
    def before(call: Call, core: RegistryCore) -> Reply | None:
        wanted = _wanted(call, core)
        return error_reply(status, "UNSUPPORTED", "one range only") if wanted and len(wanted) > 1 else None

    return Choice(before=before)


@variant("REG-028", "REG-024", warns=("REG-006", "REG-022"))
def refuses_two_ranges_with_416() -> Defect:
    """Responds with 416 to more than one range: a server may refuse ranges it finds unreasonable (RFC 9110 section
    14.2).
    """
    return _refuses_several(416)


@variant("REG-028", "REG-024", warns=("REG-006", "REG-022"))
def refuses_two_ranges_with_501() -> Defect:
    """Responds with 501 to more than one range, as GHCR does; ranges are optional (RFC 9110 section 14)."""
    return _refuses_several(501)


@variant("REG-028", "REG-024", warns=("REG-006",))
def takes_one_range_only() -> Defect:
    """Responds to more than one range with the whole blob (RFC 9110 section 14.2)."""
    return defects.ignores_multi_range()


@variant("REG-028", warns=("REG-006", "REG-024", "REG-029"))
def sends_the_first_range_only() -> Defect:
    """Sends a part of what was requested, and states which, as crane's registry does (RFC 9110 section 15.3.7)."""
    return defects.first_range_only()


@variant("REG-028", warns=("REG-024",))
def coalesces_near_ranges() -> Defect:
    """Joins ranges whose gap is smaller than the overhead of a part (RFC 9110 section 15.3.7.2)."""
    return defects.joins_near_ranges()


@variant("REG-028")
def refuses_suffix_ranges() -> Defect:
    """Responds with 416 to a suffix range: a server may support the forms of ranges it likes (RFC 9110 section
    14.2).
    """

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        suffix = (call.header("range") or "").startswith("bytes=-")
        return error_reply(416, "UNSUPPORTED", "no suffix ranges") if suffix else None

    return Choice(before=before)


@variant("REG-004", "REG-011")
def sends_blobs_in_chunks() -> Defect:
    """Sends blobs with chunked transfer coding, without Content-Length (RFC 9112 section 7.1)."""

    def after(call: Call, reply: Reply) -> Reply:
        return reply.replace(wire=Wire(chunked=True)) if _gets_blob(call) and reply.status == 200 else reply

    return Choice(after=after)


@variant("REG-004", "REG-011", warns=("REG-027",))
def states_no_length_to_head() -> Defect:
    """States no Content-Length to HEAD of a blob: SHOULD in distribution-spec v1.1.1."""
    return defects.head_without_length()


def _mount(status: int, code: str) -> Defect:
    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        asked = call.method == "POST" and "mount" in call.query
        return error_reply(status, code, "no mounts") if asked else None

    return Choice(before=before)


@variant("REG-020", warns=("REG-012", "REG-013"))
def responds_404_to_mounts() -> Defect:
    """Does not support mounts: they are optional, and 202 instead is a SHOULD (distribution-spec v1.1.1)."""
    return _mount(404, "NAME_UNKNOWN")


@variant("REG-012", "REG-013", "REG-020")
def mounts_from_anywhere() -> Defect:
    """Mounts what any repository has, whatever ``from`` states (distribution-spec v1.1.1: ``from`` may be left out)."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        digest = call.query.get("mount", "")
        if call.method != "POST" or digest not in core.blobs:
            return None
        name = call.path.removeprefix("/v2/").split("/blobs/")[0]
        core.repository(name).links.add(digest)
        return Reply(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    return Choice(before=before)


@variant("REG-016")
def keeps_dangling_references() -> Defect:
    """Accepts a manifest that names something missing, and keeps it (distribution-spec v1.1.1, Pushing manifests)."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        if call.method != "PUT" or "/manifests/" not in call.path:
            return None
        name, reference = call.path.removeprefix("/v2/").split("/manifests/")
        digest, repository = str(Digest.of(call.body)), core.repository(name)
        repository.manifests[digest] = StoredManifest(call.body, call.header("content-type") or MANIFEST_TYPE)
        if ":" not in reference:
            repository.tags[reference] = digest
        return Reply(201, {"Docker-Content-Digest": digest, "Location": f"/v2/{name}/manifests/{digest}"})

    return Choice(before=before)


def _no_deletes(status: int) -> Defect:
    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        return error_reply(status, "UNSUPPORTED", "deleting is switched off") if call.method == "DELETE" else None

    return Choice(before=before)


@variant("REG-014", "REG-020")
def deletes_nothing_405() -> Defect:
    """Deleting is switched off: 405 (distribution-spec v1.1.1, Content management)."""
    return _no_deletes(405)


@variant("REG-014", "REG-020")
def deletes_nothing_400() -> Defect:
    """Deleting is switched off: 400 (distribution-spec v1.1.1, Content management)."""
    return _no_deletes(400)


@variant("REG-014", "REG-020")
def keeps_manifests_that_an_index_lists() -> Defect:
    """Refuses to delete a manifest that an index lists (409): the specification does not forbid it."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        if call.method != "DELETE" or "/manifests/sha256:" not in call.path:
            return None
        name, digest = call.path.removeprefix("/v2/").split("/manifests/")
        listed = any(
            digest.encode() in manifest.raw
            for other, manifest in core.repository(name).manifests.items()
            if other != digest
        )
        return error_reply(409, "DENIED", "an index lists it") if listed else None

    return Choice(before=before)


@variant("REG-020", "REG-014")
def removes_what_no_tag_reaches() -> Defect:
    """Removes a manifest at once when its last tag moves to a document that does not list it.

    When to collect garbage is left to the registry.
    """

    def before(call: Call, core: RegistryCore) -> Reply | None:
        if call.method != "PUT" or "/manifests/" not in call.path or "/manifests/sha256:" in call.path:
            return None
        name, tag = call.path.removeprefix("/v2/").split("/manifests/")
        repository = core.repository(name)
        before = repository.tags.get(tag)
        is_reached = before is None or before == str(Digest.of(call.body)) or before.encode() in call.body
        if before is not None and not is_reached and list(repository.tags.values()).count(before) == 1:
            repository.manifests.pop(before, None)
        return None

    return Choice(before=before)


@variant("REG-005", "REG-010")
def redirects_blobs() -> Defect:
    """Redirects blob requests elsewhere, where ranges work (distribution-spec v1.1.1 allows 307)."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        if _gets_blob(call) and "moved" not in call.query:
            return Reply(307, {"Location": f"{call.path}?moved=1"})
        return None

    return Choice(before=before)


@variant("REG-017")
def adds_a_charset() -> Defect:
    """Adds a parameter to the Content-Type of manifests (RFC 9110 section 8.3.1)."""

    def after(call: Call, reply: Reply) -> Reply:
        if "/manifests/" in call.path and reply.status == 200:
            typed = f"{reply.headers.get('Content-Type', '')}; charset=utf-8"
            return reply.replace(headers={**reply.headers, "Content-Type": typed})
        return reply

    return Choice(after=after)


@variant("REG-021")
def wants_an_accept_header() -> Defect:
    """Responds with 406 to a request for a manifest without a usable Accept (RFC 9110 section 15.5.7)."""

    def after(call: Call, reply: Reply) -> Reply:
        usable = "json" in (call.header("accept") or "")
        asked = call.method == "GET" and "/manifests/" in call.path
        return error_reply(406, "UNSUPPORTED", "state what you accept") if asked and not usable else reply

    return Choice(after=after)


@variant("REG-001", "REG-020")
def takes_names_of_two_parts_only() -> Defect:
    """Takes repositories of a namespace and a name, no deeper, as Docker Hub does."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        name = re.split("/(?:blobs|manifests|referrers|tags)/", call.path.removeprefix("/v2/"))[0]
        deep = name.count("/") > 1
        return error_reply(404, "NAME_INVALID", "two parts, no more") if deep else None

    return Choice(before=before)


@variant("REG-016", "REG-020")
def has_tags_that_do_not_move() -> Defect:
    """Refuses to put another manifest under a tag that is there: nothing states that a tag can be moved.

    Quay, Harbor, zot and the registries of clouds call it immutability of tags.
    """

    def before(call: Call, core: RegistryCore) -> Reply | None:
        if call.method != "PUT" or "/manifests/" not in call.path:
            return None
        name, tag = call.path.removeprefix("/v2/").split("/manifests/")
        named = core.repository(name).tags.get(tag)
        moves = named is not None and named != str(Digest.of(call.body))
        return error_reply(409, "DENIED", "the tag is immutable") if moves else None

    return Choice(before=before)


@variant("REG-014", "REG-020", "REG-031")
def collects_what_a_deleted_manifest_named() -> Defect:
    """Removes the blobs that no manifest names any more, when a manifest is deleted.

    When to collect garbage is left to the registry.
    """

    class Collecting(Defect):
        def __init__(self) -> None:
            self._named: dict[str, set[str]] = {}

        def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:
            if call.method not in ("PUT", "DELETE") or "/manifests/" not in call.path or reply.status not in (201, 202):
                return reply
            name = call.path.removeprefix("/v2/").split("/manifests/")[0]
            repository = core.repository(name)
            needed = {digest for manifest in repository.manifests.values() for digest in referenced(manifest)}
            named = self._named.setdefault(name, set())
            named |= needed
            if call.method == "DELETE":
                repository.links -= named - needed
            return reply

    return Collecting()


@variant("REG-014", "REG-020", "REG-031")
def has_no_endpoint_for_deletions() -> Defect:
    """404 to every deletion (distribution-spec v1.1.1, end-9 and end-10)."""
    return _no_deletes(404)

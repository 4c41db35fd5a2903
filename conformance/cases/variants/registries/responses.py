"""Registries whose responses have other headers, bodies and places than those of the embedded registry."""

import itertools
from urllib.parse import urlsplit

from conformance.cases.variants.registries.choice import Choice
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.registry.server import defects
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.responses import error_reply
from conformance.registry.server.serving import Call, Reply
from conformance.requirements import variant

_PAGE = b"<!DOCTYPE html><title>404</title><h1>not found</h1>"


def _not_found(headers: dict[str, str], body: bytes) -> Defect:
    def after(call: Call, reply: Reply) -> Reply:
        # Of a refused manifest the body has the code: MANIFEST_BLOB_UNKNOWN is a MUST there (Pushing Manifests).
        missing = reply.status == 404 and call.method != "PUT"
        return Reply(404, headers, b"" if call.method == "HEAD" else body) if missing else reply

    return Choice(after=after)


@variant("REG-001", "REG-015", "REG-020")
def responds_404_with_a_page() -> Defect:
    """Errors with a body of HTML: a body may have any format (distribution-spec v1.1.1, "Error Codes")."""
    return _not_found({"Content-Type": "text/html"}, _PAGE)


@variant("REG-001", "REG-015", "REG-020")
def responds_404_without_a_body() -> Defect:
    """Errors without a body: a 4xx response MAY have one (distribution-spec v1.1.1, "Error Codes")."""
    return _not_found({}, b"")


@variant("REG-004", "REG-011")
def states_no_digest_to_head() -> Defect:
    """No Docker-Content-Digest on HEAD: SHOULD in distribution-spec v1.1.1 ("Checking if content exists")."""

    def after(call: Call, reply: Reply) -> Reply:
        kept = {name: value for name, value in reply.headers.items() if name.lower() != "docker-content-digest"}
        return reply.replace(headers=kept) if call.method == "HEAD" else reply

    return Choice(after=after)


@variant("REG-021")
def finds_no_manifest_without_an_accept_header() -> Defect:
    """404 where no usable type is accepted: the manifest has no form that the client reads (RFC 9110 section 12.1)."""

    def after(call: Call, reply: Reply) -> Reply:
        asked = call.method == "GET" and "/manifests/" in call.path and "json" not in (call.header("accept") or "")
        return error_reply(404, "MANIFEST_UNKNOWN", "none in such a form") if asked else reply

    return Choice(after=after)


@variant("REG-005", "REG-010")
def redirects_blobs_to_another_host() -> Defect:
    """Blobs are in a storage under another host name (distribution-spec v1.1.1 allows 307)."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        blob = call.method == "GET" and "/blobs/sha256:" in call.path and "signed" not in call.query
        port = urlsplit(f"//{call.header('host') or ''}").port
        return Reply(307, {"Location": f"http://localhost:{port}{call.path}?signed=a%2Fb"}) if blob else None

    return Choice(before=before)


@variant("REG-001", "REG-015")
def takes_no_upload_in_one_request() -> Defect:
    """POST with a digest begins an upload (202): a single POST is OPTIONAL (distribution-spec v1.1.1)."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        if call.method == "POST" and call.path.endswith("/blobs/uploads/") and "digest" in call.query:
            call.query.pop("digest")
        return None

    return Choice(before=before)


@variant("REG-001", "REG-015")
def takes_no_upload_in_pieces() -> Defect:
    """405 to PATCH: chunked uploads are one way of several (distribution-spec v1.1.1, "Pushing blobs")."""
    return Choice(before=lambda call, _: error_reply(405, "UNSUPPORTED", "PUT") if call.method == "PATCH" else None)


@variant("REG-014", "REG-020", warns=("REG-018",))
def lists_no_referrers() -> Defect:
    """404 to the referrers API: clients then use tags (distribution-spec v1.1.1, "Unavailable Referrers API")."""
    return defects.no_referrers()


@variant("REG-030", "REG-031", "REG-020")
def deletes_no_blobs() -> Defect:
    """405 to the deletion of a blob, 202 to that of a manifest (distribution-spec v1.1.1, "Deleting Blobs")."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        blob = call.method == "DELETE" and "/blobs/sha256:" in call.path
        return error_reply(405, "UNSUPPORTED", "blobs are collected") if blob else None

    return Choice(before=before)


@variant("REG-014", "REG-020", "REG-031")
def denies_every_deletion() -> Defect:
    """403 to every deletion: the user lacks the right (distribution-spec v1.1.1, "Error Codes", DENIED)."""
    return Choice(before=lambda call, _: error_reply(403, "DENIED", "no") if call.method == "DELETE" else None)


@variant("REG-030", "REG-031")
def shares_blobs_between_repositories() -> Defect:
    """Finds each blob in every repository, as zot and crane do: the specification does not state who may read what."""

    def before(call: Call, core: RegistryCore) -> Reply | None:
        digest = call.path.rpartition("/")[2]
        reads = call.method in ("GET", "HEAD") and "/blobs/sha256:" in call.path
        if reads and any(digest in repository.links for repository in core.repositories.values()):
            core.repository(call.path.removeprefix("/v2/").split("/blobs/")[0]).links.add(digest)
        return None

    return Choice(before=before)


@variant("REG-003", "REG-004", "REG-011", "REG-030")
def states_digests_by_another_algorithm() -> Defect:
    """Docker-Content-Digest by SHA-512: it may differ where the algorithm does (distribution-spec v1.1.1)."""

    def after(call: Call, reply: Reply) -> Reply:
        if "Docker-Content-Digest" not in reply.headers or call.method not in ("GET", "HEAD"):
            return reply
        return reply.replace(headers={**reply.headers, "Docker-Content-Digest": str(Digest.of(reply.body, "sha512"))})

    return Choice(after=after)


@variant("REG-018")
def lists_referrers_in_pages() -> Defect:
    """One referrer on a page, and none on the first (distribution-spec v1.1.1, "Listing Referrers", Link)."""

    def after(call: Call, reply: Reply) -> Reply:
        if "/referrers/" not in call.path or reply.status != 200:
            return reply
        page = int(call.query.get("page", "0"))
        fields = decode_object(reply.body, what="referrers")
        entries = fields["manifests"]
        more = {"Link": f'<{call.path}?page={page + 1}>; rel="next"'} if page < len(entries) else {}
        body = encode({**fields, "manifests": entries[page - 1 : page] if page else []})
        return reply.replace(headers={**reply.headers, **more}, body=body)

    return Choice(after=after)


@variant("REG-001", "REG-020", "REG-025")
def is_overloaded_now_and_then() -> Defect:
    """503 without Retry-After to one POST of nine: it processed nothing (RFC 9110 section 15.6.4)."""
    count = itertools.count(1)

    def before(call: Call, core: RegistryCore) -> Reply | None:
        del core
        return Reply(503) if call.method == "POST" and next(count) % 9 == 0 else None

    return Choice(before=before)

"""An OCI registry without HTTP: from a call to a reply (OCI distribution-spec 1.1).

State is in memory, or in a ``Storage``; the transport is ``embedded``; deviations are ``defects``. Blobs are linked to
repositories: what was not pushed or mounted into a repository cannot be read there.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final, Protocol
from urllib.parse import urlencode

from conformance.format.assembled import index_of
from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, JsonObject, decode_object, encode
from conformance.format.errors import FormatError
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE
from conformance.format.patterns import REPOSITORY_NAME, TAG
from conformance.format.stored import StoredManifest
from conformance.registry.server.serving import Call, Reply, serve_content

_ROUTE = re.compile(r"/v2/(.+)/(manifests|blobs|tags|referrers)/(.*)")
# Numbers of clients are shorter; int() refuses some thousand digits with its own error.
_COUNT = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"(?:bytes )?([0-9]{1,18})-([0-9]{1,18})(?:/.*)?")
MAX_UPLOAD: Final = 256 * 2**20


class Repository:
    """Names that point to content: tags, manifests by digest, and links to blobs."""

    def __init__(self) -> None:
        self.tags: dict[str, str] = {}
        self.manifests: dict[str, StoredManifest] = {}
        self.links: set[str] = set()


class Problem(Exception):  # noqa: N818 (a response, not a failure)
    """An error response with a code of the distribution-spec."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = Reply(
            status, {"Content-Type": "application/json"}, encode({"errors": [{"code": code, "message": message}]})
        )


class Storage(Protocol):
    """Where the state outlives the process: contents by digest, and repositories."""

    blobs: MutableMapping[str, bytes]

    def load(self) -> dict[str, Repository]:
        """The stored state."""

    def keep(self, name: str, repository: Repository) -> None:
        """Keep the present state of one repository."""


class RegistryCore:
    """The state of a registry, and the effect of each request."""

    def __init__(self, storage: Storage | None = None) -> None:
        self._storage = storage
        self.blobs: MutableMapping[str, bytes] = {} if storage is None else storage.blobs
        self.repositories: dict[str, Repository] = {} if storage is None else storage.load()
        self.uploads: dict[str, tuple[str, bytearray]] = {}

    def handle(self, call: Call) -> Reply:
        """Respond to one request; never raises."""
        try:
            reply = self._route(call)
            match = _ROUTE.fullmatch(call.path)
            if call.method not in ("GET", "HEAD") and match is not None:
                self._keep(match[1])
        except Problem as problem:
            return problem.reply
        except OSError as error:  # of the storage: disk full, not writable
            return Problem(500, "UNKNOWN", f"the storage failed: {error.strerror}").reply
        return reply

    def collect_garbage(self) -> None:
        """Remove blobs that no manifest of their repository needs."""
        for repository in self.repositories.values():
            needed = {d for manifest in repository.manifests.values() for d in referenced(manifest)}
            repository.links &= needed
        for name in self.repositories:
            self._keep(name)
        kept = {d for repository in self.repositories.values() for d in (*repository.links, *repository.manifests)}
        for digest in [digest for digest in self.blobs if digest not in kept]:
            del self.blobs[digest]

    def repository(self, name: str) -> Repository:
        """The repository, made on first use."""
        return self.repositories.setdefault(name, Repository())

    def _keep(self, name: str) -> None:
        if self._storage is not None and name in self.repositories:
            self._storage.keep(name, self.repositories[name])

    def _route(self, call: Call) -> Reply:
        if call.path in ("/v2", "/v2/"):
            return Reply(200, {"Content-Type": "application/json"}, b"{}")
        if call.path == "/v2/_catalog":
            return _listing(call, "repositories", sorted(name for name, r in self.repositories.items() if r.manifests))
        match = _ROUTE.fullmatch(call.path)
        if match is None or not REPOSITORY_NAME.fullmatch(match[1]):
            raise Problem(404, "NAME_INVALID", "no such resource")
        name, kind, rest = match.groups()
        if kind == "manifests":
            return self._manifests(call, name, rest)
        if kind == "blobs":
            return self._uploads(call, name, rest) if rest.startswith("uploads") else self._blobs(call, name, rest)
        if kind == "referrers":
            return self._referrers(call, name, rest)
        if rest != "list" or name not in self.repositories:
            raise Problem(404, "NAME_UNKNOWN", "no such repository")
        return _listing(call, "tags", sorted(self.repositories[name].tags), name=name)

    def _manifests(self, call: Call, name: str, reference: str) -> Reply:
        if call.method == "PUT":
            return self._put_manifest(call, name, reference)
        repository = self.repositories.get(name, Repository())
        digest = repository.tags.get(reference, reference)
        manifest = repository.manifests.get(digest)
        if manifest is None:
            raise Problem(404, "MANIFEST_UNKNOWN", "no such manifest")
        if call.method == "DELETE":
            repository.tags = {
                t: d for t, d in repository.tags.items() if t != reference and (":" not in reference or d != digest)
            }
            if ":" in reference:
                del repository.manifests[digest]
            return Reply(202)
        if call.method not in ("GET", "HEAD"):
            raise Problem(405, "UNSUPPORTED", "method not allowed")
        headers = {"Content-Type": manifest.media_type, "Docker-Content-Digest": digest}
        return Reply(200, headers, manifest.raw)

    def _put_manifest(self, call: Call, name: str, reference: str) -> Reply:
        if len(call.body) > MAX_DOCUMENT:
            raise Problem(413, "SIZE_INVALID", f"a manifest may have {MAX_DOCUMENT} bytes")
        by_digest = ":" in reference
        if not by_digest and not TAG.fullmatch(reference):
            raise Problem(400, "TAG_INVALID", "not a tag")
        if by_digest and not _parse(reference).matches(call.body):
            raise Problem(400, "DIGEST_INVALID", "the manifest has another digest")
        try:
            fields = decode_object(call.body, what="manifest")
        except FormatError as error:
            raise Problem(400, "MANIFEST_INVALID", str(error)) from None
        media_type = call.header("content-type") or str(fields.get("mediaType") or MANIFEST_TYPE)
        manifest = StoredManifest(call.body, media_type)
        repository = self.repository(name)
        for digest in referenced(manifest, manifests=False):
            if digest not in repository.links:
                raise Problem(404, "MANIFEST_BLOB_UNKNOWN", f"blob {digest} is not in this repository")
        for digest in listed_manifests(fields):
            if digest not in repository.manifests:
                raise Problem(404, "MANIFEST_BLOB_UNKNOWN", f"manifest {digest} is not in this repository")
        digest = reference if by_digest else str(Digest.of(call.body))
        repository.manifests[digest] = manifest
        if not by_digest:
            repository.tags[reference] = digest
        headers = {"Location": f"/v2/{name}/manifests/{digest}", "Docker-Content-Digest": digest}
        subject = fields.get("subject")
        if isinstance(subject, dict) and isinstance(subject.get("digest"), str):
            headers["OCI-Subject"] = subject["digest"]
        return Reply(201, headers)

    def _blobs(self, call: Call, name: str, digest: str) -> Reply:
        repository = self.repositories.get(name, Repository())
        if digest not in repository.links or digest not in self.blobs:
            raise Problem(404, "BLOB_UNKNOWN", "no such blob in this repository")
        if call.method == "DELETE":
            repository.links.discard(digest)
            return Reply(202)
        if call.method not in ("GET", "HEAD"):
            raise Problem(405, "UNSUPPORTED", "method not allowed")
        headers = {"Content-Type": "application/octet-stream", "Docker-Content-Digest": digest}
        return serve_content(call, self.blobs[digest], headers)

    def _uploads(self, call: Call, name: str, rest: str) -> Reply:
        session = rest.removeprefix("uploads").strip("/")
        if call.method == "POST" and not session:
            return self._start_upload(call, name)
        if session not in self.uploads or self.uploads[session][0] != name:
            raise Problem(404, "BLOB_UPLOAD_UNKNOWN", "no such upload")
        content = self.uploads[session][1]
        if call.method == "DELETE":
            del self.uploads[session]
            return Reply(204)
        if call.method in ("PATCH", "PUT"):
            self._append(call, content)
        if call.method == "PUT":
            del self.uploads[session]
            return self._finish(name, bytes(content), call.query.get("digest", ""))
        return _progress(202 if call.method == "PATCH" else 204, name, session, len(content))

    def _start_upload(self, call: Call, name: str) -> Reply:
        mount = call.query.get("mount", "")
        source = self.repositories.get(call.query.get("from", ""))
        if mount and source is not None and mount in source.links and mount in self.blobs:
            self.repository(name).links.add(mount)
            return Reply(201, {"Location": f"/v2/{name}/blobs/{mount}", "Docker-Content-Digest": mount})
        if "digest" in call.query:
            return self._finish(name, call.body, call.query["digest"])
        session = secrets.token_hex(16)
        self.uploads[session] = (name, bytearray())
        return _progress(202, name, session, 0)

    def _append(self, call: Call, content: bytearray) -> None:
        stated = _CONTENT_RANGE.fullmatch(call.header("content-range") or "")
        if stated and int(stated[1]) != len(content):
            raise Problem(416, "BLOB_UPLOAD_INVALID", f"the next byte is {len(content)}")
        if len(content) + len(call.body) > MAX_UPLOAD:
            raise Problem(413, "SIZE_INVALID", f"a blob may have {MAX_UPLOAD} bytes here")
        content += call.body

    def _finish(self, name: str, content: bytes, digest: str) -> Reply:
        if not _parse(digest).matches(content):
            raise Problem(400, "DIGEST_INVALID", "the content has another digest")
        self.blobs[digest] = content
        self.repository(name).links.add(digest)
        return Reply(201, {"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest})

    def _referrers(self, call: Call, name: str, digest: str) -> Reply:
        repository = self.repositories.get(name, Repository())
        found = []
        for own, manifest in repository.manifests.items():
            fields = decode_object(manifest.raw, what="manifest")
            subject = fields.get("subject")
            if isinstance(subject, dict) and subject.get("digest") == str(_parse(digest)):
                config = fields.get("config")
                kind = fields.get("artifactType") or (config.get("mediaType") if isinstance(config, dict) else None)
                entry = {
                    "mediaType": manifest.media_type,
                    "digest": own,
                    "size": len(manifest.raw),
                    "artifactType": kind,
                }
                found.append({**entry, **({"annotations": fields["annotations"]} if fields.get("annotations") else {})})
        headers = {"Content-Type": INDEX_TYPE}
        wanted = call.query.get("artifactType")
        if wanted:
            found = [entry for entry in found if entry["artifactType"] == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        return Reply(200, headers, encode(index_of(found)))


def referenced(manifest: StoredManifest, *, manifests: bool = True) -> Iterable[str]:
    """Digests of the blobs (config, layers) a manifest names; ``manifests`` is for callers that mark whole images."""
    fields = decode_object(manifest.raw, what="manifest")
    descriptors: list[Any] = [fields.get("config"), *_list(fields, "layers"), *_list(fields, "blobs")]
    found = [d["digest"] for d in descriptors if isinstance(d, dict) and isinstance(d.get("digest"), str)]
    return found + list(listed_manifests(fields)) if manifests else found


def listed_manifests(fields: JsonObject) -> list[str]:
    """Digests of the manifests that an index names."""
    return [d["digest"] for d in _list(fields, "manifests") if isinstance(d, dict) and isinstance(d.get("digest"), str)]


def _list(fields: Mapping[str, Any], key: str) -> list[Any]:
    value = fields.get(key)
    return value if isinstance(value, list) else []


def _parse(digest: str) -> Digest:
    try:
        return Digest.parse(digest)
    except FormatError as error:
        raise Problem(400, "DIGEST_INVALID", str(error)) from None


def _progress(status: int, name: str, session: str, size: int) -> Reply:
    headers = {"Location": f"/v2/{name}/blobs/uploads/{session}", "Docker-Upload-UUID": session}
    return Reply(status, {**headers, "Range": f"0-{max(size - 1, 0)}"})


def _listing(call: Call, key: str, names: list[str], **more: str) -> Reply:
    """A page of names: ``n`` at most, after ``last``, with a Link header when more follow."""
    after = call.query.get("last", "")
    rest = [name for name in names if name > after]
    limit = call.query.get("n", "")
    page = rest[: int(limit)] if _COUNT.fullmatch(limit) else rest
    headers = {"Content-Type": "application/json"}
    if page and len(page) < len(rest):
        headers["Link"] = f'<{call.path}?{urlencode({"n": limit, "last": page[-1]})}>; rel="next"'
    return Reply(200, headers, encode({**more, key: page}))

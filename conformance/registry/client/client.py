"""The registry client: the requests of the OCI distribution-spec, over ``Requester``."""

from collections.abc import Sequence
from typing import BinaryIO, NoReturn
from urllib.parse import urlencode

from conformance.format.digest import Digest
from conformance.registry.client.conventions import join_url
from conformance.registry.client.ranges import Range, range_header
from conformance.registry.client.requester import MAX_SMALL, Requester
from conformance.registry.client.transport import AuthenticationError, Response, TransportError

__all__ = ["AuthenticationError", "RegistryClient", "Response", "TransportError", "location_of", "uploads_of"]


class RegistryClient(Requester):
    """Raw access for conformance tests: no status raises, every attempt is recorded (see ``Requester``)."""

    def head_blob(self, repository: str, digest: str) -> Response:
        return self.request("HEAD", f"/v2/{repository}/blobs/{digest}")

    def get_blob(
        self,
        repository: str,
        digest: str,
        *,
        ranges: Sequence[Range] = (),
        max_bytes: int = MAX_SMALL,
        sink: BinaryIO | None = None,
        sink_bytes: int | None = None,
    ) -> Response:
        """A blob or ranges of it; a whole one goes to ``sink`` if that is given (see ``request``)."""
        headers = {"Range": range_header(ranges)} if ranges else {}
        path = f"/v2/{repository}/blobs/{digest}"
        return self.request("GET", path, headers=headers, max_bytes=max_bytes, sink=sink, sink_bytes=sink_bytes)

    def head_manifest(self, repository: str, reference: str, accept: Sequence[str] = ()) -> Response:
        return self.request("HEAD", f"/v2/{repository}/manifests/{reference}", headers=_accept(accept))

    def get_manifest_raw(self, repository: str, reference: str, *, accept: Sequence[str] | None = None) -> Response:
        return self.request("GET", f"/v2/{repository}/manifests/{reference}", headers=_accept(accept or ()))

    def put_manifest(self, *_: object) -> NoReturn:
        """Of the library: signs a manifest of schema 1 by jws and ecdsa, which nothing here may reach."""
        raise NotImplementedError("manifests of schema 1 are not written; use put_manifest_raw")

    def put_manifest_raw(self, repository: str, reference: str, raw: bytes, media_type: str) -> Response:
        headers = {"Content-Type": media_type}
        return self.request("PUT", f"/v2/{repository}/manifests/{reference}", headers=headers, body=raw)

    def upload_blob(
        self, repository: str, content: bytes, *, digest: str | None = None, chunk_size: int | None = None
    ) -> Response:
        """POST, then PATCHes of ``chunk_size`` (or none), then PUT; the response that ended it."""
        named = digest or str(Digest.of(content))
        base = uploads_of(repository)
        response = self.request("POST", base, headers={"Content-Length": "0"}, body=b"")
        rest = content
        if chunk_size is not None:
            for start in range(0, len(content), chunk_size):
                if response.status != 202:
                    return response
                piece = content[start : start + chunk_size]
                headers = {
                    "Content-Range": f"{start}-{start + len(piece) - 1}",
                    "Content-Type": "application/octet-stream",
                }
                base = location_of(response, base)
                response = self.request("PATCH", base, headers=headers, body=piece, scope=_push(repository))
            rest = b""
        if response.status != 202:
            return response
        location = location_of(response, base)
        target = f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': named})}"
        headers = {"Content-Type": "application/octet-stream"}
        # Not retried: the first attempt consumes an upload session.
        return self.request("PUT", target, headers=headers, body=rest, retry=False, scope=_push(repository))

    def refusal_to_push(self, repository: str) -> int | None:
        """The status that denies a push (401, 403, 405), from an upload that is cancelled at once."""
        base = uploads_of(repository)
        response = self.request("POST", base, headers={"Content-Length": "0"}, body=b"")
        if response.status == 202:
            self.request("DELETE", location_of(response, base), retry=False, scope=_push(repository))
        return response.status if response.status in (401, 403, 405) else None

    def mount_blob(self, repository: str, digest: str, source: str) -> Response:
        query = urlencode({"mount": digest, "from": source})
        scope = f"{_push(repository)} repository:{source}:pull"
        return self.request("POST", f"{uploads_of(repository)}?{query}", body=b"", scope=scope)

    def delete_manifest_raw(self, repository: str, digest: str) -> Response:
        return self.request("DELETE", f"/v2/{repository}/manifests/{digest}")

    def delete_tag(self, repository: str, tag: str) -> Response:
        return self.request("DELETE", f"/v2/{repository}/manifests/{tag}")

    def delete_blob_raw(self, repository: str, digest: str) -> Response:
        return self.request("DELETE", f"/v2/{repository}/blobs/{digest}")

    def referrers(self, repository: str, digest: str) -> Response:
        return self.request("GET", f"/v2/{repository}/referrers/{digest}")


def _accept(media_types: Sequence[str]) -> dict[str, str]:
    return {"Accept": ", ".join(media_types)} if media_types else {}


def uploads_of(repository: str) -> str:
    """Where an upload to a repository begins."""
    return f"/v2/{repository}/blobs/uploads/"


def location_of(response: Response, base: str) -> str:
    """The Location of the response to a request of ``base``, which it may be relative to (RFC 9110 section 10.2.2).

    "" where there is none, or an invalid one.
    """
    return join_url(base, response.header("Location") or "") if response.header("Location") else ""


def _push(repository: str) -> str:
    return f"repository:{repository}:pull,push"

"""An attestation in a registry: an artifact that refers to the image, in the form in which cosign searches for bundles.

sigstore/cosign, specs/BUNDLE_SPEC.md; OCI distribution-spec, "Pushing Manifests with Subject" and "Listing Referrers".
A registry without the referrers endpoint gets the index under the tag ``sha256-<hex>`` that the specification names.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.registry.client.client import RegistryClient, Response
from conformance.registry.client.transport import TransportError
from conformance.reports.attestation.bundle import BUNDLE_TYPE, MAX_BUNDLE
from conformance.reports.attestation.errors import AttestationError
from conformance.reports.attestation.statement import PREDICATE_TYPE

EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
EMPTY: Final = b"{}"
MAX_FOUND: Final = 32
"""Attestations of one image that are read; an index may list more."""


class Attached(msgspec.Struct, frozen=True):
    """Where an attestation is stored; ``tag`` is the fallback tag, or "" where the registry lists referrers itself."""

    digest: str
    tag: str = ""


def referrer_manifest(bundle: bytes, subject: Descriptor, created: datetime) -> bytes:
    """The manifest of the artifact: an empty config, the bundle as its one layer, and the image as its subject."""
    digest = Digest.of(bundle)
    layer = {
        **describe(bundle, BUNDLE_TYPE),
        "annotations": {"org.opencontainers.image.title": f"{digest.algorithm}-{digest.hex}.sigstore.json"},
    }
    manifest = {
        **manifest_of(describe(EMPTY, EMPTY_TYPE), [layer], artifact_type=BUNDLE_TYPE),
        "subject": {"mediaType": subject.media_type, "digest": subject.digest, "size": subject.size},
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": PREDICATE_TYPE,
            "org.opencontainers.image.created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        },
    }
    return msgspec.json.encode(manifest)


def attach(client: RegistryClient, repository: str, bundle: bytes, subject: Descriptor, created: datetime) -> Attached:
    """Push the artifact as a referrer of the image. Raises AttestationError where the registry refuses a step."""
    raw = referrer_manifest(bundle, subject, created)
    digest = str(Digest.of(raw))
    try:
        for blob in (EMPTY, bundle):
            _push_blob(client, repository, blob)
        response = client.put_manifest_raw(repository, digest, raw, MANIFEST_TYPE)
        _expect(response, "the manifest of the attestation")
        # The header states that the registry lists it (distribution-spec, "Pushing Manifests with Subject").
        tag = "" if response.header("OCI-Subject") else _add_to_tag(client, repository, raw, subject)
    except TransportError as error:
        raise AttestationError(f"{client.host}: {error}") from None
    return Attached(digest, tag)


def attached(client: RegistryClient, repository: str, digest: str) -> Iterator[bytes]:
    """The bundles that refer to an image, newest last as the registry lists them. Raises AttestationError."""
    try:
        for entry in _listed(client, repository, digest)[:MAX_FOUND]:
            raw = _whole(client.get_manifest_raw(repository, entry["digest"], accept=(MANIFEST_TYPE,)), entry["digest"])
            layers = _fields(raw).get("layers")
            if isinstance(layers, list) and len(layers) == 1 and _is_bundle(layers[0]):
                named = layers[0]["digest"]
                yield _whole(client.get_blob(repository, named, max_bytes=MAX_BUNDLE), named)
    except TransportError as error:
        raise AttestationError(f"{client.host}: {error}") from None


def _listed(client: RegistryClient, repository: str, digest: str) -> list[dict[str, Any]]:
    """The referrers that hold bundles, by the endpoint, else by the tag."""
    response = client.referrers(repository, digest)
    if response.status == 404:
        response = client.get_manifest_raw(repository, fallback_tag(digest), accept=(INDEX_TYPE,))
    if response.status == 404:
        return []
    if response.status != 200:
        raise AttestationError(f"listing the referrers of {digest}: the registry responded with HTTP {response.status}")
    entries = _fields(response.content).get("manifests")
    return [
        entry
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and entry.get("artifactType") == BUNDLE_TYPE and isinstance(entry.get("digest"), str)
    ]


def fallback_tag(digest: str) -> str:
    """The tag of the index that lists referrers where the registry does not."""
    return digest.replace(":", "-", 1)


def _add_to_tag(client: RegistryClient, repository: str, raw: bytes, subject: Descriptor) -> str:
    """List the artifact in the index of the tag. Two concurrent pushes may lose one: the specification has no lock."""
    tag = fallback_tag(subject.digest)
    response = client.get_manifest_raw(repository, tag, accept=(INDEX_TYPE,))
    if response.status not in (200, 404):
        raise AttestationError(f"the index {tag}: the registry responded with HTTP {response.status}")
    index = _fields(response.content) if response.status == 200 else {}
    entries = index.get("manifests", [])
    if response.status == 200 and not isinstance(entries, list):
        raise AttestationError(f"the tag {tag} is not an index of referrers: it is not changed")
    own = _fields(raw)
    entry = {
        **describe(raw, MANIFEST_TYPE),
        "artifactType": own["artifactType"],
        "annotations": own["annotations"],
    }
    if all(not isinstance(each, dict) or each.get("digest") != entry["digest"] for each in entries):
        entries = [*entries, entry]
    new = {**index, "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
    _expect(client.put_manifest_raw(repository, tag, msgspec.json.encode(new), INDEX_TYPE), f"the index {tag}")
    return tag


def _push_blob(client: RegistryClient, repository: str, content: bytes) -> None:
    if client.head_blob(repository, str(Digest.of(content))).status != 200:
        _expect(client.upload_blob(repository, content), "the blob of the attestation")


def _expect(response: Response, what: str) -> None:
    if response.status != 201:
        raise AttestationError(f"pushing {what}: the registry responded with HTTP {response.status}")


def _whole(response: Response, digest: str) -> bytes:
    if response.status != 200:
        raise AttestationError(f"{digest}: the registry responded with HTTP {response.status}")
    if f"sha256:{Digest.of(response.content).hex}" != digest:
        raise AttestationError(f"{digest}: the registry responded with other bytes")
    return response.content


def _fields(raw: bytes) -> dict[str, Any]:
    """The fields of a JSON object of the registry's; AttestationError for anything else."""
    if len(raw) > MAX_DOCUMENT:
        raise AttestationError(f"a document of the registry has more than {MAX_DOCUMENT} bytes")
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AttestationError(f"a document of the registry cannot be read: {error}") from None


def _is_bundle(layer: object) -> bool:
    return isinstance(layer, dict) and layer.get("mediaType") == BUNDLE_TYPE and isinstance(layer.get("digest"), str)

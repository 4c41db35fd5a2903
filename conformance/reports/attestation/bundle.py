"""The file of an attestation: a sigstore bundle v0.3 with a key's fingerprint and one DSSE signature.

https://github.com/sigstore/protobuf-specs, protos/sigstore_bundle.proto: the hint of the key must be the key id of the
envelope. cosign finds no signature unless both are the fingerprint that ``ssh-keygen -lf`` prints, or empty.
"""

import base64
import binascii
from typing import Final

import msgspec

from conformance.reports.attestation.errors import RefusedError
from conformance.reports.encoding import indented_json

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
MAX_BUNDLE: Final = 4 * 2**20
"""Bytes: a larger file is not read."""


class _Key(msgspec.Struct, frozen=True):
    hint: str = ""


class _Material(msgspec.Struct, frozen=True, rename="camel"):
    public_key: _Key


class _Signature(msgspec.Struct, frozen=True):
    sig: str
    keyid: str = ""


class _Envelope(msgspec.Struct, frozen=True, rename="camel"):
    payload: str
    payload_type: str
    signatures: tuple[_Signature, ...]


class _Bundle(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str
    verification_material: _Material
    dsse_envelope: _Envelope


class Signed(msgspec.Struct, frozen=True):
    """A payload with its one signature; ``keyid`` is the fingerprint of the key, or ""."""

    payload: bytes
    payload_type: str
    signature: bytes
    keyid: str


def encode_bundle(signed: Signed) -> bytes:
    """The bundle as indented JSON."""
    signature = _Signature(_encoded(signed.signature), signed.keyid)
    envelope = _Envelope(_encoded(signed.payload), signed.payload_type, (signature,))
    return indented_json(_Bundle(BUNDLE_TYPE, _Material(_Key(signed.keyid)), envelope))


def read_bundle(raw: bytes) -> Signed:
    """The content of a bundle; RefusedError for other documents."""
    if len(raw) > MAX_BUNDLE:
        raise RefusedError(f"the attestation has more than {MAX_BUNDLE} bytes")
    try:
        bundle = msgspec.json.decode(raw, type=_Bundle)
        (signature,) = bundle.dsse_envelope.signatures
        payload, bare = _decoded(bundle.dsse_envelope.payload), _decoded(signature.sig)
    except (msgspec.DecodeError, UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise RefusedError(f"this is not a sigstore bundle with one signature by a key: {error}") from None
    if bundle.media_type != BUNDLE_TYPE:
        raise RefusedError(f"the bundle has media type {bundle.media_type[:80]!r}, not {BUNDLE_TYPE}")
    if bundle.verification_material.public_key.hint != signature.keyid:
        raise RefusedError("the bundle and its envelope name different keys")
    return Signed(payload, bundle.dsse_envelope.payload_type, bare, signature.keyid)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text, validate=True)

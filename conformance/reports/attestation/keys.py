"""Keys in PEM files, and signatures by them (securesystemslib and cryptography: the extra ``sign``)."""

import base64
import hashlib
from pathlib import Path
from typing import Any, Final

from conformance.reports.attestation.bundle import Signed
from conformance.reports.attestation.errors import AttestationError, RefusedError

KINDS: Final = "Ed25519 or ECDSA P-256"
_MAX_KEY: Final = 2**16
_SCHEMES: Final = frozenset({"ed25519", "ecdsa-sha2-nistp256"})


def sign(payload: bytes, payload_type: str, key_file: Path, password: str = "") -> Signed:
    """Sign with a private key in PEM form, encrypted with ``password`` or not. Raises AttestationError."""
    serialization = _serialization()
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 (an extra)
    from securesystemslib.signer import CryptoSigner  # noqa: PLC0415

    raw = _read(key_file)
    try:
        private = serialization.load_pem_private_key(raw, password.encode() or None)
    except TypeError:
        wanted = "is encrypted: give its password in ZCC_KEY_PASSWORD" if not password else "is not encrypted"
        raise AttestationError(f"--key {key_file}: it {wanted}") from None
    except ValueError:
        why = "it, or ZCC_KEY_PASSWORD, is wrong" if b"ENCRYPTED" in raw else "no private key in PEM form"
        raise AttestationError(f"--key {key_file}: {why}") from None
    public = _known(private.public_key(), key_file)
    envelope = Envelope(payload, payload_type, {})
    signature = envelope.sign(CryptoSigner(private, public))
    return Signed(payload, payload_type, bytes.fromhex(signature.signature), signature.keyid)


def verify(signed: Signed, key_file: Path) -> str:
    """The fingerprint of the key of the signature; RefusedError where it is not the key in this PEM file."""
    serialization = _serialization()
    from securesystemslib.dsse import Envelope  # noqa: PLC0415 (an extra)
    from securesystemslib.exceptions import VerificationError  # noqa: PLC0415
    from securesystemslib.signer import Signature  # noqa: PLC0415

    try:
        public = serialization.load_pem_public_key(_read(key_file))
    except ValueError:
        raise AttestationError(f"--key {key_file}: no public key in PEM form") from None
    key = _known(public, key_file)
    fingerprint = key.keyid
    if signed.keyid not in ("", fingerprint):
        raise RefusedError(f"it was signed by another key: {_short(signed.keyid)}, and {key_file} is {fingerprint}")
    signature = Signature(fingerprint, signed.signature.hex())
    try:
        Envelope(signed.payload, signed.payload_type, {fingerprint: signature}).verify([key], 1)
    except VerificationError:
        raise RefusedError(f"the signature is not valid for {key_file}: changed, or created by another key") from None
    return str(fingerprint)


def _known(public: Any, key_file: Path) -> Any:
    """The key with its fingerprint as the key id."""
    from securesystemslib.signer import SSlibKey  # noqa: PLC0415 (an extra)

    try:
        key = SSlibKey.from_crypto(public, fingerprint_of(public))
    except ValueError:
        key = None
    if key is None or key.scheme not in _SCHEMES:
        raise AttestationError(f"--key {key_file}: not a key of the kinds {KINDS}")
    return key


def fingerprint_of(public: Any) -> str:
    """As OpenSSH prints it (RFC 4253 section 6.6): ``SHA256:`` and base64 without padding. ValueError: no such key."""
    serialization = _serialization()
    try:
        line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except Exception as error:  # cryptography raises by kind of key: ValueError, UnsupportedAlgorithm, …
        raise ValueError(str(error)) from None
    wire = base64.b64decode(line.split()[1])
    return f"SHA256:{base64.b64encode(hashlib.sha256(wire).digest()).decode().rstrip('=')}"


def _serialization() -> Any:
    try:
        import securesystemslib.signer  # noqa: F401, PLC0415 (an extra)
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    except ImportError:
        raise AttestationError("signatures need the extra sign; in a checkout: pip install '.[sign]'") from None
    return serialization


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_KEY + 1)
    except OSError as error:
        raise AttestationError(f"--key {path}: {error.strerror}") from None
    if len(raw) > _MAX_KEY:
        raise AttestationError(f"--key {path}: larger than {_MAX_KEY} bytes")
    return raw


def _short(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text[:80])

"""A certificate for registries on loopback, for tools that support HTTPS only."""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

_SECONDS: Final = 60
_NAMES: Final = "subjectAltName=IP:127.0.0.1,IP:127.0.0.2,DNS:localhost"


class Certificate(msgspec.Struct, frozen=True):
    """The files of a certificate, which is its own authority, and of its key (PEM)."""

    chain: Path
    key: Path


class CertificateError(Exception):
    """No certificate can be created; one line."""


@cache
def own_certificate() -> Certificate:
    """One for 127.0.0.1, 127.0.0.2 and localhost, made once a process by openssl; CertificateError without it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        raise CertificateError("openssl, which makes the certificate for HTTPS, is not installed on this machine")
    directory = Path(_directory().name)
    made = Certificate(directory / "certificate.pem", directory / "key.pem")
    ended = subprocess.run(
        [
            *(openssl, "req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=zcc on loopback", "-addext", _NAMES),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-keyout", str(made.key), "-out", str(made.chain)),
        ],
        check=False,
        capture_output=True,
        timeout=_SECONDS,
    )
    if ended.returncode != 0:
        said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
        raise CertificateError(f"openssl made no certificate: {said[-1] if said else 'no output'}")
    return made


@cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    """Kept until the process ends, which removes it."""
    return tempfile.TemporaryDirectory(prefix="zcc-certificate-")

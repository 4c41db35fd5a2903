"""Content digests (OCI image-spec, descriptor.md, "Digests")."""

import hashlib
import re

import msgspec

from conformance.format.errors import FormatError

_PATTERN = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")
_MAX_SHOWN = 80
_COMPONENT = "[a-z0-9]+"
_GRAMMAR = re.compile(f"{_COMPONENT}(?:[+._-]{_COMPONENT})*:[a-zA-Z0-9=_-]+")
_REGISTERED = ("sha256:", "sha512:")


class Digest(msgspec.Struct, frozen=True, order=True):
    """A registered digest: algorithm ``sha256`` or ``sha512`` and lowercase hex."""

    algorithm: str
    hex: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read ``sha256:<64 hex>``; raise FormatError for anything else."""
        match = _PATTERN.fullmatch(text)
        if match is None:
            shown = text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "…"
            raise FormatError(f"{shown!r} is not a sha256 or sha512 digest in lowercase hex")
        algorithm, hexadecimal = (part for part in match.groups() if part is not None)
        return cls(algorithm, hexadecimal)

    @classmethod
    def of(cls, content: bytes | memoryview, algorithm: str = "sha256") -> "Digest":
        """The digest of these bytes."""
        return cls(algorithm, hashlib.new(algorithm, content).hexdigest())

    def matches(self, content: bytes | memoryview) -> bool:
        """Whether these bytes have this digest."""
        return hashlib.new(self.algorithm, content).hexdigest() == self.hex


def is_digest(text: str) -> bool:
    """Whether the text has the form of a digest; one of sha256 or sha512 has 64 or 128 lower-case hexadecimal digits.

    Source: OCI image-spec v1.1.1 descriptor.md, "Digests" and "Registered Algorithms".
    """
    return (_PATTERN if text.startswith(_REGISTERED) else _GRAMMAR).fullmatch(text) is not None

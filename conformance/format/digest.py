"""Content digests (OCI image-spec, descriptor.md, "Digests")."""

import hashlib
import re

import msgspec

from conformance.format.errors import FormatError

_PATTERN = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")
_MAX_SHOWN = 80


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

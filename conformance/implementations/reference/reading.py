"""What was read from a source, or the refusal that it could not be."""

from conformance.implementations.reference.errors import RefusalError
from conformance.observation import Stored


def content_of(stored: Stored, what: str) -> bytes:
    """The bytes, whole and with the digest and size that were asked for; else RefusalError."""
    if stored.content is None or stored.problem is not None:
        raise RefusalError(f"{what}: {stored.detail}")
    return stored.content

"""The result of a request to a registry: a response, or the reason why there is none."""

from typing import BinaryIO

import msgspec

from conformance.observed.evidence import Exchange
from conformance.observed.masking import SECRETS
from conformance.observed.response import Response

__all__ = ["AuthenticationError", "BrokenConnectionError", "Limit", "Response", "TransportError"]


class Limit(msgspec.Struct, frozen=True):
    """The number of bytes of a response in memory, and the file for the body of a 200 response, if any."""

    size: int
    sink: BinaryIO | None = None
    sink_size: int = 0


class TransportError(Exception):
    """No usable response: unreachable, TLS, time-out, too large. One line; ``exchange`` where recorded."""

    def __init__(self, message: str, exchange: Exchange | None = None) -> None:
        super().__init__(SECRETS.mask(message))
        self.exchange = exchange


class AuthenticationError(TransportError):
    """The registry, or its token service, does not accept the credentials."""


class BrokenConnectionError(TransportError):
    """No response; may be retried."""

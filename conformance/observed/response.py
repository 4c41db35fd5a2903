"""An HTTP response of a registry."""

import msgspec

from conformance.observed.evidence import Exchange, Headers


class Response(msgspec.Struct, frozen=True):
    """A complete response; ``content`` was bounded while it was read."""

    status: int
    headers: Headers
    content: bytes
    exchange: Exchange

    def header(self, name: str) -> str | None:
        """A header by name, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

"""Responses of a registry as observations."""

from conformance.observed.registry import ResponseSeen
from conformance.registry.client.client import Response


def seen_response(what: str, response: Response) -> ResponseSeen:
    """A response as observation; ``what`` describes the request."""
    return ResponseSeen(response.status, response.headers, response.content, response.exchange, what)

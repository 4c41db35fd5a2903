"""Whether the registry responds and authorizes the user, before any test."""

from conformance.registry.client.client import AuthenticationError, TransportError
from conformance.registry.client.credentials import CredentialError
from conformance.sources.errors import SourceError
from conformance.sources.remote import RemoteSource, client_for, explain_status
from conformance.suite.settings import SuiteSettings


def preflight(settings: SuiteSettings) -> str:
    """Why the registry or an image in one cannot be judged, in one line; "" when all respond and authorize the user."""
    for reference in settings.read_only:
        try:
            client = client_for(reference, settings.connection)
            RemoteSource(client, reference).root()
        except (SourceError, CredentialError) as error:
            return f"--read-only {' '.join(str(error).split())}"
    return _registry_preflight(settings) if settings.registry else ""


def _registry_preflight(settings: SuiteSettings) -> str:
    try:
        client = settings.connection.client(settings.registry, settings.repository)
        response = client.request("GET", "/v2/", max_bytes=2**20)
        if response.status == 200 and not settings.read_only:
            refused = client.refusal_to_push(f"{settings.repository}/{settings.run_id}/preflight")
            if refused:
                return (
                    f"{settings.registry}: no pushes below {settings.repository!r} (HTTP {refused}); authenticate as a "
                    "user with the right to push there, choose another --repository, or judge existing images "
                    "with --read-only REF"
                )
    except AuthenticationError as error:
        return str(error)
    except (TransportError, CredentialError) as error:
        reason = " ".join(str(error).split())
        return reason if reason.startswith(settings.registry) else f"{settings.registry}: {reason}"
    if response.status in (401, 403):
        given = "authentication failed" if settings.connection.username else "it requires authentication"
        return (
            f"{settings.registry}: {given} (HTTP {response.status}); give --username and OCI_PASSWORD, or docker login"
        )
    if response.status == 404:
        return f"{settings.registry}: no OCI registry here: GET /v2/ responded with HTTP 404"
    if response.status != 200:
        return f"{settings.registry}: GET /v2/: {explain_status(response)}"
    return ""

"""How to reach a registry: options, and the environment variables of the OCI conformance test."""

import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from conformance.observed.credentials import Credentials
from conformance.observed.evidence import Exchange
from conformance.registry.client.credentials import CredentialError, find_credentials

if TYPE_CHECKING:
    from conformance.registry.client.client import RegistryClient

_TIMEOUT = 30.0
_TLS = ("enabled", "disabled", "insecure")  # as the OCI conformance test has it


class ConnectionOptions(msgspec.Struct, frozen=True):
    """``password`` is never in a repr; "" means: not given.

    ``tls``: it was requested, also where plain HTTP is the default; a CA file requests it.
    """

    username: str = ""
    password: str = ""
    plain_http: bool = False
    insecure: bool = False
    ca_file: str = ""
    environ: Mapping[str, str] = {}
    tls: bool = False

    def __repr__(self) -> str:
        return f"ConnectionOptions(username={self.username!r}, insecure={self.insecure}, ca_file={self.ca_file!r})"

    __str__ = __repr__

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        *,
        username: str = "",
        plain_http: bool = False,
        insecure: bool = False,
        ca_file: str = "",
    ) -> "ConnectionOptions":
        """Options first, then OCI_USERNAME, OCI_PASSWORD and OCI_TLS (enabled, disabled, insecure).

        Raise CredentialError for another OCI_TLS.
        """
        tls = environ.get("OCI_TLS", "")
        if tls and tls not in _TLS:
            raise CredentialError(f"OCI_TLS={tls[:40]!r}: choose from {', '.join(_TLS)}")
        return cls(
            username or environ.get("OCI_USERNAME", ""),
            environ.get("OCI_PASSWORD", ""),
            plain_http or tls == "disabled",
            insecure or tls == "insecure",
            ca_file,
            environ,
            tls in ("enabled", "insecure") or bool(ca_file),
        )

    def arguments(self) -> tuple[str, ...]:
        """The options that reach the registry the same way; the password stays in the environment."""
        named = (("--username", self.username), ("--ca-file", self.ca_file))
        given = [part for name, value in named if value for part in (name, value)]
        return (*given, *(["--insecure"] if self.insecure else []))

    def client(
        self,
        url: str,
        repository: str = "",
        *,
        record: Callable[[Exchange], None] | None = None,
        timeout: float = _TIMEOUT,
        retries: int = 4,
        kind: "type[RegistryClient] | None" = None,
    ) -> "RegistryClient":
        """A client for ``scheme://host`` with the credentials found for that host, or a repository of it.

        Raise CredentialError for a bad file.
        """
        from conformance.registry.client.client import RegistryClient  # noqa: PLC0415 (a layout needs no HTTP)

        if self.ca_file:
            _check_ca_file(self.ca_file)
        explicit = Credentials(self.username, self.password) if self.username else None
        credentials = find_credentials(urlsplit(url).netloc, repository, explicit=explicit, environ=self.environ)
        return (kind or RegistryClient)(
            url,
            credentials=credentials,
            insecure=self.insecure,
            ca_file=self.ca_file or None,
            timeout=timeout,
            retries=retries,
            record=record,
        )


def _check_ca_file(path: str) -> None:
    """Report an error of the file here: in a connection it is a general error."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise CredentialError(f"--ca-file {path}: no certificates in PEM form") from None
    except OSError as error:
        raise CredentialError(f"--ca-file {path}: {error.strerror}") from None

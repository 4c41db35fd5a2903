"""Authentication of a client: which challenge of a registry is used, and which credentials are sent without a new
challenge.
"""

from typing import NoReturn

from conformance.observed.credentials import Credentials
from conformance.observed.evidence import Exchange
from conformance.observed.masking import SECRETS
from conformance.registry.client import auth
from conformance.registry.client.conventions import is_http_url, is_loopback_url, leads_inside, origin
from conformance.registry.client.transport import AuthenticationError, Response


class Authentication:
    """Tokens by scope, and a password after one Basic challenge; ``request`` reaches token services."""

    def __init__(self, registry: str, credentials: Credentials | None, request: auth.TokenRequest) -> None:
        self._registry, self._credentials, self._request = registry, credentials, request
        self._tokens: dict[str, str] = {}
        self._basic = ""
        self._admitted = False
        """Whether the credentials were accepted once: then 401 is about the requested scope."""
        if credentials is not None:
            SECRETS.remember_credentials(credentials.username, credentials.password)
            SECRETS.remember(credentials.identity_token)

    def share(self, tokens: dict[str, str]) -> None:
        """Share the store of tokens with other clients of the same credentials."""
        self._tokens = tokens

    def header(self, scope: str) -> str:
        """The Authorization to send for this scope; "" for none."""
        return self._tokens.get(scope) or self._basic

    def is_replaced(self, scope: str, tried: str) -> bool:
        """Whether another request has renewed the token of this scope since this one was sent."""
        return bool(tried) and self._tokens.get(scope, tried) != tried

    def note(self, response: Response, tried: str) -> None:
        """Note the end of a request. Raise AuthenticationError for 401 to a password that was never accepted."""
        if response.status != 401:
            self._admitted = self._admitted or bool(tried)
        elif tried and tried == self._basic and not self._admitted:
            self._refused(response.exchange)

    def take_up(self, response: Response, scope: str, tried: str, *, is_new: bool) -> bool:
        """Use one of the registry's challenges; return whether there is a new attempt.

        ``is_new``: what was tried was created for this request.
        """
        challenges = auth.parse_challenges(response.header("WWW-Authenticate") or "")
        self._tokens.pop(scope, None)
        for challenge in challenges:
            if tried.startswith("Bearer ") and is_new:
                continue  # another token of the same service would have the same result
            if challenge.scheme == "bearer" and (token := self._token(challenge, scope, response)):
                self._tokens[scope] = f"Bearer {token}"
                return True
        offered = any(challenge.scheme == "basic" for challenge in challenges)
        if offered and self._credentials and self._credentials.username and not tried.startswith("Basic "):
            # The next request sends it without a challenge: it applies to the whole registry.
            self._basic = auth.basic(self._credentials)
            return True
        return False

    def _token(self, challenge: auth.Challenge, scope: str, response: Response) -> str | None:
        realm = challenge.parameters.get("realm", "")
        if not is_http_url(realm) or leads_inside(realm, self._registry):
            return None
        safe = auth.may_have_credentials(realm, self._registry, is_loopback_url(realm))
        try:
            token = auth.fetch_token(challenge, scope, self._credentials if safe else None, self._request)
        except auth.RefusedError:
            self._refused(response.exchange)
        if token:
            SECRETS.remember(token)
        return token

    def _refused(self, exchange: Exchange) -> NoReturn:
        user = self._credentials.username if self._credentials else ""
        who = f"user {user!r}" if user else "the identity token"
        raise AuthenticationError(
            f"authentication failed for {who} at {origin(self._registry)[1]} (HTTP 401)", exchange
        )

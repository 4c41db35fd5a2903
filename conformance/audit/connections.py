"""The connections of an audit: few for each host, waits for rate limits, no retries without response, a byte budget."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

import requests

from conformance.audit.traffic import StoppedError, Traffic
from conformance.observed.evidence import Exchange
from conformance.registry.client.client import RegistryClient, Response, TransportError
from conformance.registry.client.conventions import wait_seconds
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.reference import RegistryReference

MAX_RATE_LIMIT_WAIT: Final = 300.0
"""Maximum seconds that a request waits for a rate limit."""
_SILENT_AFTER: Final = 3
_TIMEOUT: Final = 20.0
_MAX_CLIENTS: Final = 16
_LONGEST_BACK_OFF: Final = 30.0
_PASSING: Final = frozenset({502, 503, 504})


class _Host:
    """The state that all connections to one host share. ``given_up`` states why no more requests are sent, "" while
    they are.
    """

    def __init__(self, connections: int) -> None:
        self.slots = threading.Semaphore(connections)
        self.not_before = 0.0
        self.silences = 0
        self.given_up = ""
        self.tokens: dict[str, dict[str, str]] = {}


class Hosts:
    """The hosts of a run. ``pause``, ``resume`` and ``stop`` are for other threads and signal handlers.

    ``sleep`` and ``clock`` can be replaced by tests.
    """

    def __init__(
        self,
        traffic: Traffic,
        connections: int,
        *,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._going, self._stopping = threading.Event(), threading.Event()
        self._going.set()
        self.traffic, self.clock = traffic, clock
        self._sleep = sleep or self._stopping.wait  # a wait for a rate limit must not delay the end of an audit
        self._connections = connections
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}
        self._of_thread = threading.local()

    def pause(self) -> None:
        """Begin no request until ``resume``."""
        self._going.clear()

    def resume(self) -> None:
        """Allow requests again."""
        self._going.set()

    def stop(self) -> None:
        """Begin no further request, and give up those that wait."""
        self._stopping.set()
        self._going.set()

    def admit(self) -> None:
        """Wait while the audit is paused. Raises StoppedError when no more requests are allowed."""
        self._going.wait()
        if self._stopping.is_set():
            raise StoppedError("stopped")
        _ = self.traffic.left

    def sleep(self, seconds: float) -> None:
        """Wait for this time, or until the audit stops."""
        self._sleep(seconds)

    def client(self, reference: RegistryReference, connection: ConnectionOptions) -> RegistryClient:
        """A client of this thread for a repository; CredentialError for a bad file.

        Those of one thread and host share their connections, those of one repository their tokens.
        """
        clients, sessions = self._clients()
        url = reference.base_url(plain_http=connection.plain_http, tls=connection.tls)
        key = (url, reference.repository)
        client = clients.get(key)
        if client is None:
            made = connection.client(
                url, reference.repository, record=self.traffic.record, timeout=_TIMEOUT, retries=0, kind=WaitingClient
            )
            assert isinstance(made, WaitingClient)
            client = clients[key] = made
            client.share(self, self._host(url), sessions, reference.repository)
        clients.move_to_end(key)
        if len(clients) > _MAX_CLIENTS:
            clients.popitem(last=False)
        return client

    def _clients(self) -> "tuple[OrderedDict[tuple[str, str], WaitingClient], OrderedDict[str, requests.Session]]":
        mine = self._of_thread
        if not hasattr(mine, "clients"):
            mine.clients, mine.sessions = OrderedDict(), OrderedDict()
        clients: OrderedDict[tuple[str, str], WaitingClient] = mine.clients
        sessions: OrderedDict[str, requests.Session] = mine.sessions
        return clients, sessions

    def _host(self, url: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(url, _Host(self._connections))


class WaitingClient(RegistryClient):
    """Waits longer than the client of a single check, and makes the other connections to the host wait too."""

    _hosts: Hosts | None = None
    _host: _Host | None = None

    def share(self, hosts: Hosts, host: _Host, sessions: OrderedDict[str, requests.Session], repository: str) -> None:
        """Share the connections to a host, and the tokens for a repository."""
        self._hosts, self._host = hosts, host
        self._authentication.share(host.tokens.setdefault(repository, {}))
        own, self._session = self._session, sessions.setdefault(self.host, self._session)
        if own is not self._session:
            own.close()
        if len(sessions) > _MAX_CLIENTS:
            sessions.popitem(last=False)[1].close()

    def request(self, method: str, path: str, **options: Any) -> Response:
        """One request; raises TransportError, or StoppedError before it is sent."""
        hosts, host = self._hosts, self._host
        if hosts is None or host is None:
            return super().request(method, path, **options)
        start, limited, failures = hosts.clock(), 0, 0
        while True:
            self._await(hosts, host)
            try:
                with host.slots:
                    response = super().request(method, path, **options)
            except TransportError as error:
                failures += 1
                if not _is_silence(error):
                    raise
                if failures > 1:
                    self._note_silence(host)
                    raise
                hosts.sleep(1.0)
                continue
            host.silences = 0
            if _is_limited(response):
                limited += 1
                self._wait_longer(hosts, host, response, limited, hosts.clock() - start)
            elif response.status in _PASSING and not failures:
                failures += 1
                hosts.sleep(1.0)
            else:
                return response

    def _await(self, hosts: Hosts, host: _Host) -> None:
        """Wait until a request to the host is allowed."""
        hosts.admit()
        while (wait := host.not_before - hosts.clock()) > 0:
            hosts.sleep(wait)
            hosts.admit()
        if host.given_up:
            raise TransportError(f"{self.host}: {host.given_up}; no further request is sent to it")

    def _wait_longer(self, hosts: Hosts, host: _Host, response: Response, attempt: int, waited: float) -> None:
        """Wait as long as the host requests, up to the limit; after that, send it no more requests."""
        left = MAX_RATE_LIMIT_WAIT - waited
        if left <= 0:
            host.given_up = (
                f"it limits the rate of requests (HTTP {response.status}) for more than {MAX_RATE_LIMIT_WAIT:g} seconds"
            )
            raise TransportError(f"{self.host}: {host.given_up}; no further request is sent to it", response.exchange)
        asked = response.header("Retry-After") or ""
        back_off = min(2.0**attempt, _LONGEST_BACK_OFF)
        wait = wait_seconds(asked, attempt, most=MAX_RATE_LIMIT_WAIT) if asked else back_off
        host.not_before = max(host.not_before, hosts.clock() + min(max(wait, 1.0), left))

    @staticmethod
    def _note_silence(host: _Host) -> None:
        host.silences += 1
        if host.silences >= _SILENT_AFTER:
            host.given_up = f"it did not respond {host.silences} times"


def _is_silence(error: TransportError) -> bool:
    exchange: Exchange | None = error.exchange
    return exchange is not None and exchange.status is None


def _is_limited(response: Response) -> bool:
    return response.status == 429 or (response.status == 503 and bool(response.header("Retry-After")))

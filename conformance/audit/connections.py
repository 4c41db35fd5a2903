"""How an audit speaks with hosts: few connections each, patience with rate limits, none with silence, a byte budget."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from conformance.observed.evidence import Exchange
from conformance.registry.client.client import Answer, RegistryClient, TransportError
from conformance.registry.client.conventions import wait_seconds
from conformance.registry.client.options import ConnectionOptions
from conformance.sources.reference import RegistryReference

PATIENCE: Final = 300.0
"""Seconds that a request waits for a rate limit to pass before it is given up."""
_LIMITED: Final = frozenset({429, 503})
_SILENT_AFTER: Final = 3
_TIMEOUT: Final = 20.0
_RETRIES: Final = 1
_MAX_CLIENTS: Final = 16
_LONGEST_WAIT: Final = 30.0


class StoppedError(Exception):
    """The audit cannot go on now; one line for the user. What is done is kept."""


class OverBudgetError(StoppedError):
    """The answers so far have as many bytes as the user allowed."""


class Traffic:
    """Requests and bytes of answers of a run, counted by all threads; ``max_bytes`` 0: no bound."""

    def __init__(self, max_bytes: int = 0) -> None:
        self._lock = threading.Lock()
        self._max_bytes = max_bytes
        self.requests = self.bytes = 0

    def add(self, requests: int, size: int) -> None:
        """Count these."""
        with self._lock:
            self.requests += requests
            self.bytes += size

    def record(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self.add(1, exchange.response_size)

    @property
    def left(self) -> int:
        """Bytes that may still come; 0 when there is no bound. Raises OverBudgetError when none may."""
        if not self._max_bytes:
            return 0
        if self.bytes >= self._max_bytes:
            raise OverBudgetError(f"--max-bytes: {self.bytes} bytes were received, {self._max_bytes} are allowed")
        return self._max_bytes - self.bytes


class _Host:
    """What all connections to one host share."""

    def __init__(self, connections: int) -> None:
        self.slots = threading.Semaphore(connections)
        self.not_before = 0.0
        self.silences = 0


class Hosts:
    """The hosts of a run; ``sleep`` and ``clock`` can be replaced by tests."""

    def __init__(
        self,
        traffic: Traffic,
        connections: int,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.traffic, self.sleep, self.clock = traffic, sleep, clock
        self._connections = connections
        self._lock = threading.Lock()
        self._hosts: dict[str, _Host] = {}
        self._of_thread = threading.local()

    def client(self, reference: RegistryReference, connection: ConnectionOptions) -> RegistryClient:
        """A client of this thread for a repository; CredentialError for a bad file."""
        clients: OrderedDict[tuple[str, str], PatientClient] | None = getattr(self._of_thread, "clients", None)
        if clients is None:
            clients = self._of_thread.clients = OrderedDict()
        url = reference.base_url(plain_http=connection.plain_http, tls=connection.tls)
        key = (url, reference.repository)
        client = clients.get(key)
        if client is None:
            made = connection.client(
                url,
                reference.repository,
                record=self.traffic.record,
                timeout=_TIMEOUT,
                retries=_RETRIES,
                kind=PatientClient,
            )
            assert isinstance(made, PatientClient)
            client = clients[key] = made
            client.share(self, self._host(url))
        clients.move_to_end(key)
        if len(clients) > _MAX_CLIENTS:
            clients.popitem(last=False)[1].close()
        return client

    def _host(self, url: str) -> _Host:
        with self._lock:
            return self._hosts.setdefault(url, _Host(self._connections))


class PatientClient(RegistryClient):
    """Waits longer than the client of a single check, and tells the other connections to the host to wait too."""

    _hosts: Hosts | None = None
    _host: _Host | None = None

    def share(self, hosts: Hosts, host: _Host) -> None:
        """Take part in the connections to a host."""
        self._hosts, self._host = hosts, host

    def request(self, method: str, path: str, **options: Any) -> Answer:
        """One request; raises TransportError, or OverBudgetError before it is sent."""
        hosts, host = self._hosts, self._host
        if hosts is None or host is None:
            return super().request(method, path, **options)
        start, attempt = hosts.clock(), 0
        while True:
            _ = hosts.traffic.left
            if host.silences >= _SILENT_AFTER:
                raise TransportError(f"{self.host}: it did not answer {host.silences} times; it is not asked again")
            self._await(hosts, host)
            try:
                with host.slots:
                    answer = super().request(method, path, **options)
            except TransportError as error:
                if not _is_limited(error):
                    host.silences += error.exchange is not None and error.exchange.status is None
                    raise
                attempt += 1
                if hosts.clock() - start >= PATIENCE:
                    raise
                asked = _retry_after(error)
                wait = max(wait_seconds(asked, attempt) if asked else min(2.0**attempt, _LONGEST_WAIT), 1.0)
                host.not_before = max(host.not_before, hosts.clock() + wait)
                continue
            host.silences = 0
            return answer

    @staticmethod
    def _await(hosts: Hosts, host: _Host) -> None:
        while (wait := host.not_before - hosts.clock()) > 0:
            hosts.sleep(min(wait, _LONGEST_WAIT))


def _is_limited(error: TransportError) -> bool:
    return error.exchange is not None and error.exchange.status in _LIMITED


def _retry_after(error: TransportError) -> str:
    headers = () if error.exchange is None else error.exchange.response_headers
    return next((value for name, value in headers if name.lower() == "retry-after"), "")

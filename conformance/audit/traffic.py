"""What an audit has received, its byte budget, and the error that ends it early."""

import threading

from conformance.observed.evidence import Exchange


class StoppedError(Exception):
    """The audit cannot go on now; one line for the user. What is done is kept."""


class OverBudgetError(StoppedError):
    """The responses so far have as many bytes as the user allowed."""


class Traffic:
    """Requests and bytes of responses of a run, counted by all threads; ``max_bytes`` 0: no bound."""

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

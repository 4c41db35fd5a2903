"""The traffic of an audit, its byte budget, and the errors that end it early."""

import threading

from conformance.observed.evidence import Exchange


class StoppedError(Exception):
    """The audit cannot continue now; one line for the user. Finished verdicts are stored."""


class OverBudgetError(StoppedError):
    """The responses have reached the number of bytes that the user allowed."""


class Traffic:
    """Requests and bytes of responses of a run, counted by all threads; ``max_bytes`` 0: no bound."""

    def __init__(self, max_bytes: int = 0) -> None:
        self._lock = threading.Lock()
        self._max_bytes = max_bytes
        self.requests = self.bytes = 0

    def add(self, requests: int, size: int) -> None:
        """Add requests and bytes."""
        with self._lock:
            self.requests += requests
            self.bytes += size

    def record(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self.add(1, exchange.response_size)

    @property
    def left(self) -> int:
        """The remaining bytes of the budget; 0 without a bound. Raises OverBudgetError when none remain."""
        if not self._max_bytes:
            return 0
        if self.bytes >= self._max_bytes:
            raise OverBudgetError(f"--max-bytes: {self.bytes} bytes were received, {self._max_bytes} are allowed")
        return self._max_bytes - self.bytes

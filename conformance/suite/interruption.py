"""What runs leave: results of an earlier run, items in a registry, and registries that do not respond."""

import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from conformance.observed.evidence import Exchange
from conformance.registry.client.client import AuthenticationError, TransportError
from conformance.registry.client.credentials import CredentialError
from conformance.results import RequirementResult
from conformance.suite.settings import SuiteSettings

_PROBE_SECONDS: Final = 10.0
_LEFT: Final = "left.txt"


def remove_results(directory: Path) -> None:
    """Remove the results of an earlier run, which could be mistaken for those of an interrupted run."""
    for name in ("results.json", "junit.xml", _LEFT):
        with suppress(OSError):
            (directory / name).unlink()


def unwritable(directory: Path) -> str:
    """Create the directory of the results; why none can be written into it, "" if they can."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"--report-dir {directory}: {error.strerror}"
    return "" if os.access(directory, os.W_OK) else f"--report-dir {directory}: not writable"


def keep_left(directory: Path, urls: Iterable[str]) -> str:
    """Write the URLs of what a registry retains beside the results; the command that deletes them."""
    file = directory / _LEFT
    with suppress(OSError):
        directory.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{url}\n" for url in urls), "utf-8")
    return f"xargs -n 1 curl -X DELETE < {shlex.quote(str(file))} (with credentials: curl -u USER -X DELETE)"


def is_silent(settings: SuiteSettings) -> bool:
    """Whether the registry of this run sends no response at all."""
    try:
        client = settings.connection.client(settings.registry, timeout=_PROBE_SECONDS, retries=1)
        client.request("GET", "/v2/", max_bytes=2**20)
    except (AuthenticationError, CredentialError):
        return False
    except TransportError as error:
        return error.exchange is None or error.exchange.status is None
    return False


def lacks_a_response(results: Iterable[RequirementResult]) -> bool:
    """Whether a failure rests on a request without a response."""
    return any(
        isinstance(evidence, Exchange) and evidence.status is None
        for result in results
        if result.verdict == "fail"
        for finding in result.findings
        for evidence in finding.evidence
    )

"""Runs of tools that build readers."""

import sys

import pytest

from conformance.readers.places import run_tool
from conformance.sources.errors import SourceError


def _python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def test_the_reason_of_a_failed_build_is_in_its_last_lines() -> None:
    program = (
        r"import sys; sys.exit('first\nflag provided but not defined: -C\n\n\x1b[31musage: go build\x1b[0m\nRun help')"
    )
    with pytest.raises(SourceError) as raised:
        run_tool(_python(program), what="go build")
    assert str(raised.value) == ("go build failed: flag provided but not defined: -C | usage: go build | Run help")


def test_a_tool_that_fails_in_silence_is_reported_by_its_status() -> None:
    with pytest.raises(SourceError, match=r"^go build failed: exit 3$"):
        run_tool(_python("raise SystemExit(3)"), what="go build")


def test_a_tool_that_is_absent_or_too_slow_is_an_error() -> None:
    with pytest.raises(SourceError, match="no-such-tool"):
        run_tool(("no-such-tool",), what="make")
    with pytest.raises(SourceError, match="timed out"):
        run_tool(_python("import time; time.sleep(60)"), what="make", timeout=0.5)

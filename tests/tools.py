"""Tools that tests use when they are there: a visible skip by name, and in CI a failure."""

import os

import pytest


def need(present: bool, name: str) -> None:
    """Skip the test when a tool is absent; fail it where ZCC_REQUIRE_TOOLS is set (.ci/run sets it)."""
    if not present:
        message = f"{name} is not installed on this machine"
        if os.environ.get("ZCC_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)

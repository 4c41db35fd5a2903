"""SIGHUP as a terminal has it, also where these tests were started by nohup, which lets every child ignore it."""

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def hangups_end_programs() -> Iterator[None]:
    """Imported by the modules that send SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)

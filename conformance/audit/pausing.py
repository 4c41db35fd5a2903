"""Pauses and resumes an audit by signal: SIGUSR1 and SIGUSR2."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from conformance.audit.connections import Hosts

PAUSE: Final = signal.SIGUSR1
RESUME: Final = signal.SIGUSR2


@contextmanager
def pausable(hosts: Hosts, say: Callable[[str], None]) -> Iterator[None]:
    """In this context SIGUSR1 pauses the audit and SIGUSR2 resumes it; ``say`` is called with a message. Main thread
    only.
    """

    def pause(_number: int, _frame: FrameType | None) -> None:
        hosts.pause()
        say(f"paused: what is being read is read to its end; kill -{RESUME.name.removeprefix('SIG')} continues")

    def resume(_number: int, _frame: FrameType | None) -> None:
        hosts.resume()
        say("going on")

    before = signal.signal(PAUSE, pause), signal.signal(RESUME, resume)
    try:
        yield
    finally:
        hosts.resume()
        signal.signal(PAUSE, before[0])
        signal.signal(RESUME, before[1])

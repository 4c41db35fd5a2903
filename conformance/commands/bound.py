"""One time limit for a whole command, and one way in which signals end it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated, Final

import typer

DEFAULT_SECONDS: Final = 600.0
"""For a command that reads no blob whole."""

Timeout = Annotated[
    float | None,
    typer.Option(
        min=0,
        metavar="SECONDS",
        help="End the command after this time (0: never; default: 600 where no blob is read whole, else never).",
    ),
]


class OutOfTimeError(BaseException):
    """The time limit is exceeded. Like KeyboardInterrupt, it is not handled as an ordinary error."""


@contextmanager
def time_bound(seconds: float | None, *, reads_whole: bool) -> Iterator[None]:
    """Raise OutOfTimeError in the body when the time limit is exceeded, also during a wait."""
    wanted = (0.0 if reads_whole else DEFAULT_SECONDS) if seconds is None else seconds
    alarm = getattr(signal, "SIGALRM", None)
    if not wanted or alarm is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise OutOfTimeError(f"not done within {wanted:g} seconds (--timeout)")

    before = signal.signal(alarm, ring)
    signal.setitimer(signal.ITIMER_REAL, wanted)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(alarm, before)

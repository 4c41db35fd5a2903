"""Signals that end a run."""

import signal
import threading
from types import FrameType
from typing import Final

_RECEIVED: Final = threading.Event()


def end_on_signals() -> None:
    """SIGTERM ends a run as Ctrl-C does: verdicts are reported, and everything is cleaned up.

    That one of the two came is remembered for ``raise_again``.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        _RECEIVED.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        return
    _RECEIVED.clear()
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def raise_again() -> None:
    """End the run by a signal whose exception was lost.

    Python drops an exception that a signal raises within a destructor or a callback of the garbage collector, such as
    that of Hypothesis.

    Raises:
        KeyboardInterrupt: A signal came, and the run still continues.
    """
    if _RECEIVED.is_set():
        _RECEIVED.clear()
        raise KeyboardInterrupt

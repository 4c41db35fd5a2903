"""Signals that end a run."""

import signal
import threading
from types import FrameType


def end_on_sigterm() -> None:
    """SIGTERM ends a run as Ctrl-C does: verdicts are reported, and everything is cleaned up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)

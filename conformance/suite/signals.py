"""Signals that end a run."""

import signal
import threading
from types import FrameType


def end_on_sigterm() -> None:
    """SIGTERM is to end a run as Ctrl-C does: with what was decided stated, and everything cleaned up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, interrupt)

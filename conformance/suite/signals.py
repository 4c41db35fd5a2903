"""Signals that end a run, and the end of the process that started it."""

import atexit
import os
import shutil
import signal
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Final

STARTED_BY: Final = "ZCC_SUITE_STARTED_BY"
"""The variable with the id of the process that started this run, and that owns its TMPDIR."""
_RECEIVED: Final = threading.Event()
_POLL: Final = 1.0


def end_on_signals() -> None:
    """SIGTERM, and SIGHUP of a terminal that is closed, end a run as Ctrl-C does: verdicts are reported, and everything
    is cleaned up.

    That one of them came is remembered for ``raise_again``. A SIGHUP that is ignored (nohup) stays so.
    """

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        _RECEIVED.set()
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        return
    _RECEIVED.clear()
    signal.signal(signal.SIGTERM, interrupt)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def end_with_starter() -> None:
    """End this run, as SIGTERM does, when the process that started it is gone, and remove the TMPDIR that it made.

    Killed (SIGKILL), that process can end nothing, and the programs of this run would go on without an owner.
    """
    starter = os.environ.pop(STARTED_BY, "")
    if not starter.isdecimal():
        return
    place = Path(os.environ["TMPDIR"])

    def watch() -> None:
        while os.getppid() == int(starter):
            time.sleep(_POLL)
        atexit.register(shutil.rmtree, place, ignore_errors=True)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="starter", daemon=True).start()


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

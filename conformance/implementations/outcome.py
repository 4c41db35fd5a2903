"""The outcome of a program that was run, from its exit status and its output."""

import re
import signal as signals
from collections.abc import Sequence
from typing import Final

import msgspec

from conformance.implementations.protocol import DONE, REFUSED, UNSUPPORTED
from conformance.observed.outcome import RunOutcome

MAX_REASON: Final = 400


class Classified(msgspec.Struct, frozen=True):
    """An outcome, and its reason in one line: the message of the tool where there is one."""

    outcome: RunOutcome
    reason: str = ""


# 128 + ILL, ABRT, BUS, FPE, KILL, SEGV: the status that a shell or wrapper returns when a signal ended the program.
_SIGNAL_STATUS: Final = {128 + number: number for number in (4, 6, 7, 8, 9, 11)}
_CRASH = re.compile(
    r"(?m)^(?:panic: .*|fatal error: .*|goroutine \d+ \[.*|Traceback \(most recent call last\):.*"
    r"|thread '.*' .*panicked at.*|Exception in thread .*|Segmentation fault.*|==\d+==ERROR: \w+Sanitizer.*)"
    r"|\[signal SIG[A-Z]+: .*"
    r"|runtime error: (?:invalid memory address|index out of range|slice bounds|integer divide).*"
)
_SPEAKS_OF_ERROR = re.compile(
    r"(?i)\b(?:error|fatal|fata|refus\w*|reject\w*|den(?:y|ied)|cannot|can't|could not|unable|failed|failure|invalid"
    r"|illegal|malformed|corrupt\w*|mismatch|un(?:known|supported|recogni[sz]ed|expected)"
    r"|not (?:known|supported|recogni[sz]ed|allowed|permitted|found|valid|a)|does not|do not match)\b"
)


def classify(
    *,
    exit_status: int | None,
    signal: int | None = None,
    stdout: str = "",
    stderr: str = "",
    timed_out: bool = False,
    refusals: Sequence[str] = (),
    protocol: bool = False,
) -> Classified:
    """The outcome of a run of a program.

    ``refusals`` are an adapter's patterns for output, of either stream, that states a reason; ``protocol`` states that
    the program speaks the entry-point protocol, where only status 3 refuses.
    """
    if timed_out:
        return Classified("timed-out", "it did not end in time and was stopped")
    if signal is not None or exit_status in _SIGNAL_STATUS:
        number = signal if signal is not None else _SIGNAL_STATUS[exit_status or 0]
        return Classified("crashed", f"it was ended by {_signal_name(number)}")
    if exit_status == DONE:
        return Classified("succeeded")
    crash = _CRASH.search(stderr) or _CRASH.search(stdout)
    if crash is not None:
        return Classified("crashed", f"exit {exit_status}: {_cut(crash[0])}")
    if protocol and exit_status not in (REFUSED, UNSUPPORTED):
        return Classified("crashed", f"exit {exit_status} is not 0, 3 or 4 of the protocol")
    reason = _stated(refusals, stderr, stdout, anywhere=not protocol)
    if reason is None:
        return Classified("crashed", f"exit {exit_status} without a stated reason{_hint(stdout, protocol=protocol)}")
    return Classified("unsupported" if protocol and exit_status == UNSUPPORTED else "refused", reason)


def _stated(refusals: Sequence[str], stderr: str, stdout: str, *, anywhere: bool) -> str | None:
    """The reason: the line that an adapter's pattern matches, else the last line of stderr with an error, else its last
    line.

    With ``anywhere``, and where stderr is empty, the last line of stdout with an error, because some tools print it
    there.
    """
    for text in (stderr, stdout):
        for pattern in refusals:
            match = re.search(pattern, text)
            if match is not None:
                return _cut(_line_around(text, match.start()))
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = [line for line in lines if _SPEAKS_OF_ERROR.search(line)]
    if not lines and anywhere:
        telling = lines = [line.strip() for line in stdout.splitlines() if _SPEAKS_OF_ERROR.search(line)]
    return _cut((telling or lines)[-1]) if lines else None


def _hint(stdout: str, *, protocol: bool) -> str:
    """What the author of an adapter can do when the reason is on standard output, in words that are not known here."""
    lines = [line for line in stdout.splitlines() if line.strip()]
    if protocol or not lines:
        return ""
    return f"; if {_cut(lines[-1])[:100]!r} states one, give the adapter `refusals`"


def _line_around(text: str, position: int) -> str:
    start = text.rfind("\n", 0, position) + 1
    return text[start:].partition("\n")[0]


def _cut(text: str) -> str:
    line = text.strip()
    return line if len(line) <= MAX_REASON else line[: MAX_REASON - 1] + "…"


def _signal_name(number: int) -> str:
    try:
        return signals.Signals(number).name
    except ValueError:
        return f"signal {number}"

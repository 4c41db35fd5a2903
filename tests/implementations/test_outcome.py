"""The six outcomes, and what two runs side by side are worth."""

import msgspec
import pytest

from conformance.implementations.outcome import classify
from conformance.implementations.runner import Run
from conformance.observed.evidence import CommandEvidence
from conformance.observed.outcome import RunOutcome


class Case(msgspec.Struct, frozen=True):
    expected: RunOutcome
    status: int | None = 1
    signal: int | None = None
    stdout: str = ""
    stderr: str = ""
    timed_out: bool = False
    refusals: tuple[str, ...] = ()
    protocol: bool = False
    reason: str = ""


GO_PANIC = "time=now level=info\npanic: runtime error: index out of range [3]\n\ngoroutine 1 [running]:\nmain.main()\n"
TRACEBACK = 'Traceback (most recent call last):\n  File "x"\nValueError: bad\n'
CASES = {
    "success": Case("succeeded", 0, stderr="warning: slow"),
    "success that spoke of errors": Case("succeeded", 0, stderr="error: retrying"),
    "refusal with a reason": Case("refused", stderr="Copying blob\nError: bad digest\n", reason="Error: bad digest"),
    "the last error is the reason": Case("refused", stderr="error 1\nerror 2\nusage: x", reason="error 2"),
    "no word of error": Case("refused", 125, stderr="unhappy\n", reason="unhappy"),
    "a pattern finds it on stdout": Case("refused", stdout="a\nDENIED: x\nb", refusals=("DENIED",), reason="DENIED: x"),
    "stdout alone states nothing": Case("crashed", stdout="oops", reason="without a stated reason"),
    "stdout alone, with a hint": Case(
        "crashed", stdout="a\noops", reason="; if 'oops' states one, give the adapter `refusals`"
    ),
    "stdout states what is not known": Case(
        "refused", 125, stdout="pulling\nlayer 0: media type not known", reason="layer 0: media type not known"
    ),
    "stdout states a mismatch": Case("refused", 1, stdout="digest mismatch\nbye", reason="digest mismatch"),
    "progress on stdout": Case("crashed", 1, stdout="layer 1 of 2\nlayer 2 of 2"),
    "stdout mentions an error": Case("refused", stdout="pulling\nerror: bad digest\n", reason="error: bad digest"),
    "stderr goes before stdout": Case("refused", stdout="error: a", stderr="unhappy", reason="unhappy"),
    "a protocol's refusal on stdout": Case("crashed", 3, stdout="error: x", protocol=True),
    "silence": Case("crashed", 7, reason="exit 7 without a stated reason"),
    "blank lines are silence": Case("crashed", stderr="\n  \n"),
    "signal": Case("crashed", None, 11, reason="SIGSEGV"),
    "unknown signal": Case("crashed", None, 200, reason="signal 200"),
    "segfault under a wrapper": Case("crashed", 139, stderr="error: x", reason="SIGSEGV"),
    "abort under a wrapper": Case("crashed", 134, stderr="error: x", reason="SIGABRT"),
    "killed, as for memory": Case("crashed", 137, stderr="error: x", reason="SIGKILL"),
    "Go panic": Case("crashed", 2, stderr=GO_PANIC, reason="panic: runtime error"),
    "Go panic on stdout": Case("crashed", 2, stdout=GO_PANIC),
    "a crash outweighs a pattern": Case("crashed", 2, stderr="DENIED\n" + GO_PANIC, refusals=("DENIED",)),
    "Go fatal error": Case("crashed", 2, stderr="fatal error: all goroutines are asleep - deadlock!"),
    "recovered Go panic": Case("crashed", stderr="Error: runtime error: slice bounds out of range [5:3]"),
    "Python traceback": Case("crashed", stderr=TRACEBACK, reason="Traceback"),
    "Rust panic": Case("crashed", 101, stderr="thread 'main' (7) panicked at src/main.rs:1:1:\nx"),
    "Java exception": Case("crashed", stderr='Exception in thread "main" java.lang.Error'),
    "sanitizer": Case("crashed", stderr="==12==ERROR: AddressSanitizer: heap"),
    "fatal in another sense": Case("refused", stderr='level=fatal msg="don\'t panic: bad"', reason="level=fatal"),
    "time-out": Case("timed-out", None, stderr="error: x", timed_out=True, reason="did not end in time"),
    "time-out after a signal": Case("timed-out", None, 9, timed_out=True),
    "protocol refusal": Case("refused", 3, stderr="no", protocol=True, reason="no"),
    "protocol refusal in silence": Case("crashed", 3, protocol=True),
    "protocol unsupported": Case("unsupported", 4, stderr="no scan", protocol=True, reason="no scan"),
    "outside the protocol": Case("crashed", 1, stderr="error: x", protocol=True, reason="exit 1 is not 0, 3 or 4"),
    "3 and 4 mean nothing elsewhere": Case("refused", 4, stderr="error: x"),
}


@pytest.mark.parametrize("name", CASES)
def test_every_ending_has_its_outcome(name: str) -> None:
    case = CASES[name]
    found = classify(
        exit_status=case.status,
        signal=case.signal,
        stdout=case.stdout,
        stderr=case.stderr,
        timed_out=case.timed_out,
        refusals=case.refusals,
        protocol=case.protocol,
    )
    assert found.outcome == case.expected
    assert case.reason in found.reason
    assert "\n" not in found.reason


def test_reasons_are_cut() -> None:
    assert len(classify(exit_status=1, stderr="error " * 1000).reason) == 400


def a_run(outcome: RunOutcome, reason: str = "") -> Run:
    return Run("tool", "unpack", outcome, reason, (CommandEvidence(("tool",), 0),))

"""SEC-003 to SEC-007: an untrusted registry or network."""

from collections.abc import Iterator

from conformance.checks.trial_verdicts import bounded, describe, harmless, neither_crash_nor_hang, refusal
from conformance.observed.trials import TrialSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed


@decides("SEC-003")
def false_range_responses(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("SEC-003", seen)


@decides("SEC-004")
def bombs(seen: TrialSeen) -> Iterator[Judgement]:
    yield from refusal("SEC-004", seen, also=bounded(seen))


@decides("SEC-005")
def blobs_that_change(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("SEC-005", seen)


@decides("SEC-006")
def credentials_stay(seen: TrialSeen) -> Iterator[Judgement]:
    if "SEC-006" not in seen.about:
        return
    leaked = [item for item in seen.redirected if item.request_header("authorization") is not None]
    if leaked:
        yield failed(
            "The credentials of the registry were sent to the target of a redirect.",
            where=seen.name, expected="no Authorization header", found=leaked[0].request_header("authorization") or "",
            evidence=(*leaked[:1], *seen.run.evidence),
        )  # fmt: skip
        return
    # A client that does not follow redirects to other hosts leaks nothing; a crash proves nothing.
    yield neither_crash_nor_hang(
        seen, "The tool crashed or hung on a redirect to another host.", "followed without credentials, or refused",
        describe(seen.run),
    )  # fmt: skip


@decides("SEC-007")
def interrupted_pulls(seen: TrialSeen) -> Iterator[Judgement]:
    yield from harmless("SEC-007", seen)

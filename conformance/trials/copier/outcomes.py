"""What one copy shows before any check inspects it: no result, or a positive control that failed."""

from typing import Final

import msgspec

from conformance.checks.artifact.pairs import copy_of_one, data_layers
from conformance.checks.trial_verdicts import INCONCLUSIVE
from conformance.format.names import LAYER_GZIP_TYPE
from conformance.implementations.runner import Run
from conformance.observed.image import CopySeen, Requested
from conformance.observed.producer import PushSeen
from conformance.results import Judgement, failed, not_run, unsupported

# These need a result or a refusal: a crash fails. The others are then not observed.
_NEEDS_A_FINISHED_COPY: Final = frozenset(f"SENT-STRIP-{n:03}" for n in (1, 2, 9, 15, 17, 20, 25, 26, 27))


class Copied(msgspec.Struct, frozen=True):
    """A copy that was run, its observation, and the order of requests at the destination."""

    run: Run
    seen: CopySeen
    order: PushSeen


def no_result(copied: Copied, requirement_id: str) -> Judgement | None:
    """The judgement on a copy that neither succeeded nor was refused."""
    run, where = copied.run, copied.seen.name
    if run.outcome == "absent":
        return not_run(run.reason, where=where)
    if run.outcome == "unsupported":
        return unsupported(run.reason, where=where)
    if run.outcome in ("crashed", "timed-out"):
        if requirement_id in _NEEDS_A_FINISHED_COPY:
            message = "The copy neither succeeded nor was refused; a crash is not a refusal."
            return failed(message, where=where, expected="done, or refused with a reason", found=run.described)
        return not_run(f"the copy was not made: {run.described}", where=where)
    if run.succeeded and copied.seen.after is None:
        return not_run(f"{INCONCLUSIVE}it reported success, but there is no copy", where=where)
    return None


def wrong_with_control(copied: Copied) -> str:
    """Why a copy of an image without sentinel proves nothing; "" when it is one."""
    run, seen = copied.run, copied.seen
    if not run.succeeded:
        return f"an image without sentinel could not be copied either ({seen.name}; {run.described})"
    made = copy_of_one(seen.after) if seen.after is not None else None
    if made is None:
        return f"it reported success for an image without sentinel, but there is no copy ({seen.name})"
    config = seen.before.manifests[0].config
    if config is None or seen.data_diff_ids != config.view.rootfs.diff_ids:
        return f"the copy of an image without sentinel has other contents ({seen.name})"
    types = {layer.media_type for layer in data_layers(made)}
    if seen.requested == "gzip" and types != {LAYER_GZIP_TYPE} and not all(kind.endswith("gzip") for kind in types):
        return (
            f"requested gzip it wrote layers of {', '.join(sorted(types))}: it reports an operation that it did not do"
        )
    return ""


def cannot_write(requested: Requested, control: Copied) -> Judgement | None:
    """Why a copy in this compression is not counted, by that of an image without sentinel.

    Who cannot write it has refused nothing and retained nothing.
    """
    run = control.run
    if run.outcome == "absent":
        return not_run(run.reason)
    if run.outcome == "unsupported":
        return unsupported(run.reason)
    if run.outcome == "refused":
        return unsupported(f"it does not write an image without sentinel as {requested} either: {run.reason}")
    if not run.succeeded or control.seen.after is None:
        message = f"{INCONCLUSIVE}an image without sentinel was not written as {requested} either ({run.described})"
        return not_run(message, evidence=run.evidence)
    made = copy_of_one(control.seen.after)
    wrong = [kind for layer in data_layers(made) if not _is_of(kind := layer.media_type, requested)] if made else []
    if made is None or wrong:
        found = f"it wrote layers of {', '.join(sorted(set(wrong)))}" if wrong else "it did not write exactly one image"
        return unsupported(f"requested {requested} with an image without sentinel {found}")
    return None


def _is_of(media_type: str, requested: Requested) -> bool:
    if requested == "uncompressed":
        return not media_type.endswith(("gzip", "zstd"))
    return media_type.endswith("gzip" if requested == "gzip" else "zstd")

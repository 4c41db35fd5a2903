"""Whether what is stored is what its descriptor states."""

from conformance.format.oci import Descriptor
from conformance.observed.image import Stored
from conformance.results import Judgement, judge, not_run


def as_described(stored: Stored, descriptor: Descriptor, message: str, *, what: str, where: str) -> Judgement:
    """``message`` for a failure; not-run when ``what`` could not be read, and its size is not known either."""
    if stored.problem in ("unreadable", "not-fetched", "too-large") and stored.actual_size is None:
        return not_run(f"{what} could not be read: {stored.detail}.", where=where, evidence=stored.evidence)
    return judge(
        stored.problem is None,
        message,
        where=where,
        expected=f"{descriptor.digest}, {descriptor.size} bytes",
        found=stored.detail or "as described",
        evidence=stored.evidence,
    )

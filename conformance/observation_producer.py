"""What was seen of a producer's pushes: the input of the SENT-PUSH checks."""

import msgspec

from conformance.evidence import Evidence
from conformance.observation import ImageSeen


class AgainSeen(msgspec.Struct, frozen=True):
    """An image that has sentinels, and what a second push or a copy made of it; None: nothing was written."""

    name: str
    before: ImageSeen
    after: ImageSeen | None
    evidence: tuple[Evidence, ...] = ()

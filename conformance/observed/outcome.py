"""How a run of a tool ended, in six words. A crash or a time-out is never a refusal: a refusal states its reason."""

from typing import Final, Literal

RunOutcome = Literal["succeeded", "refused", "crashed", "timed-out", "unsupported", "absent"]
"""``refused``: a non-zero exit with a stated reason; ``absent``: the tool is not on this machine."""
ENDED: Final[frozenset[RunOutcome]] = frozenset(("succeeded", "refused", "crashed", "timed-out"))
"""The outcomes of runs that took place."""

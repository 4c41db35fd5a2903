"""Actions of a writer that are run in order, at once or in a thread of the caller; and who compresses."""

from collections.abc import Callable
from typing import BinaryIO, Final, NamedTuple, Protocol

from conformance.format.frame_writer import Frames, FrameWriter


class Lane(Protocol):
    """Runs actions in order."""

    def run(self, action: Callable[[], object], size: int) -> None:
        """Run an action now or later; ``size``: the bytes that it holds. May raise an error of an earlier
        action.
        """

    def settle(self) -> None:
        """Return when all actions have run; raise the error of one that failed."""


class Inline:
    """Runs each action at once."""

    def run(self, action: Callable[[], object], size: int) -> None:  # noqa: ARG002 - nothing waits
        """Run the action."""
        action()

    def settle(self) -> None:
        """Return: no action is waiting."""


class Lanes(NamedTuple):
    """What may run at the same time: digests, and ``frames``, which makes the writer of the frames of a blob."""

    digests: Lane
    frames: Callable[[BinaryIO, int, bool], FrameWriter]


INLINE: Final = Lanes(Inline(), Frames)

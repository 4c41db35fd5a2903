"""Actions of a writer that are run in order, at once or in a thread of the caller."""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol


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
    """Two lanes that may run at the same time: compression with the output, and digests."""

    compression: Lane
    digests: Lane


INLINE: Final = Lanes(Inline(), Inline())

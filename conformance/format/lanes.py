"""What can go on behind a reader: actions that are run one after the other, here or in a thread of the caller's."""

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol


class Lane(Protocol):
    """Runs actions in their order."""

    def run(self, action: Callable[[], object], size: int) -> None:
        """Run it now or later; ``size``: the bytes that it holds. May raise what an action before it raised."""

    def settle(self) -> None:
        """Return when all were run; raise what one raised."""


class Inline:
    """Runs each at once."""

    def run(self, action: Callable[[], object], size: int) -> None:  # noqa: ARG002 - nothing waits
        """Run it."""
        action()

    def settle(self) -> None:
        """Nothing waits."""


class Lanes(NamedTuple):
    """Two, that may go on at the same time: compression with the output, and digests."""

    compression: Lane
    digests: Lane


INLINE: Final = Lanes(Inline(), Inline())

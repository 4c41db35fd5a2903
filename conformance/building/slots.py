"""The memory that a writer shares with its processes: slots for the tar, filled in turn, and as many for frames."""

from typing import Final

SLOTS: Final = 12
"""Small files take longer to split than to compress, large ones the reverse: the slots absorb the difference."""
SLOT_SIZE: Final = 4 * 2**20
"""Bytes: a smaller layer needs no process, which takes a tenth of a second to start."""
MEMORY: Final = 2 * SLOTS * SLOT_SIZE


def tar_slot(number: int) -> slice:
    """Where a slot has bytes of the tar."""
    return slice(number * SLOT_SIZE, (number + 1) * SLOT_SIZE)


def frames_slot(number: int) -> slice:
    """Where the frames of these bytes are put, if they fit."""
    return tar_slot(SLOTS + number)

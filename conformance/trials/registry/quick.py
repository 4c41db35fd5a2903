"""The sequences of quick runs, as Hypothesis drew them once: its import takes a fifth of the time of a fast registry.

``quick_sequences.json`` states which version drew them. ``ZCC_WRITE_SEQUENCES=1 pytest tests/trials/test_sequences.py``
writes it again.
"""

from pathlib import Path
from typing import Final

import msgspec

from conformance.trials.registry.model import Action

QUICK_SEED: Final = 0
FILE: Final = Path(__file__).with_name("quick_sequences.json")


class Stored(msgspec.Struct, frozen=True):
    """The sequences of the seed QUICK_SEED with effort ``quick``, by this version of Hypothesis."""

    hypothesis: str
    sequences: tuple[tuple[Action, ...], ...]


def read_stored() -> Stored:
    """The file in this package."""
    return msgspec.json.decode(FILE.read_bytes(), type=Stored)

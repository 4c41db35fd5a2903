"""The interoperability matrix: what became of each image."""

from typing import Literal

import msgspec

CellOutcome = Literal[
    "same tree", "wrong tree", "refused", "crashed", "timed out", "unsupported", "not pushed", "not copied", "absent"
]
ImageName = Literal["small", "large"]


class Cell(msgspec.Struct, frozen=True):
    """One image from a producer through a registry to a consumer; where a ``copier`` is named, the copy that it made
    there.
    """

    producer: str
    compression: str
    registry: str
    consumer: str
    outcome: CellOutcome
    reason: str = ""
    copier: str = ""
    image: ImageName = "small"

    @property
    def place(self) -> tuple[ImageName, str, str]:
        """Which table it is in."""
        return self.image, self.registry, self.compression

"""The error that reading a hostile document raises, and its kinds."""


class FormatError(ValueError):
    """Bytes that do not follow the format.

    ``what`` is one sentence for the user; ``where`` is the place (a field path, or an offset in bytes) and may be
    empty.
    """

    def __init__(self, what: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.what = what
        self.where = where


class LimitError(FormatError):
    """More bytes than a conforming reader reads."""


class StructureError(FormatError):
    """Bytes that are not zstd or skippable frames."""


class ChecksumError(FormatError):
    """The content of a zstd frame does not have the checksum that the frame states."""


class NotTarError(FormatError):
    """What is to be a tar has no header where one is due, or ends within an entry: no reader reads it."""

"""The one error that reading a hostile document raises."""


class FormatError(ValueError):
    """Bytes that are not what the format states.

    ``what`` is one sentence in the user's words; ``where`` names the place (a field path, or an
    offset in bytes) and may be empty.
    """

    def __init__(self, what: str, *, where: str = "") -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.what = what
        self.where = where


class LimitError(FormatError):
    """Bytes beyond what a conforming reader takes: it stops there, whatever they are."""


class StructureError(FormatError):
    """Bytes that are not zstd or skippable frames."""


class ChecksumError(FormatError):
    """A zstd frame whose content does not have the checksum it carries."""

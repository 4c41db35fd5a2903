"""How much memory the tables of one image may take together (docs/format.md section 13).

The limits of one TOC and one layer (TOC-009) do not limit hundreds of them. Content beyond the budget is not
judged: it is reported as unread.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from conformance.format.decompress import MAX_WINDOW, WindowError, iterate
from conformance.format.errors import FormatError, LimitError
from conformance.format.json_problems import KeyProblem
from conformance.format.packed_entries import PackedEntries
from conformance.format.toc import MAX_TOC, Entry, Toc
from conformance.format.toc_slices import UncutError, read_sliced

MAX_TOC_ENTRIES: Final = 2**20
"""Entries of one TOC that are read. A TOC of 150 MiB whose files have digests has half as many."""
MAX_TABLES: Final = 48 * 2**20
"""Bytes of compressed TOC and tar-split of one layer that are held."""
MAX_TABLE_WINDOW: Final = MAX_WINDOW // 2
"""Bytes of the window of a TOC or tar-split."""
MAX_DECODED: Final = 48 * 2**20
"""Bytes that the decoded entries of an image take, about; those of further layers are held compressed."""
MAX_PACKED: Final = 64 * 2**20
"""Bytes that these take."""

_ENTRY_COST: Final = 500
"""Bytes that a decoded entry takes beside what is longer in it than in most."""


class NoRoomError(FormatError):
    """A table within its limits that is not read because it would take too much memory; ``size`` where it is known."""

    def __init__(self, what: str, size: int | None = None) -> None:
        super().__init__(what)
        self.size = size


class ReadToc(msgspec.Struct, frozen=True):
    """A decoded TOC, the length of its JSON in bytes, and its ambiguous keys."""

    toc: Toc
    size: int
    keys: tuple[KeyProblem, ...]


class TableBudget:
    """The remaining budget for the TOCs of one image."""

    def __init__(self) -> None:
        self._decoded, self._packed = MAX_DECODED, MAX_PACKED

    def read(self, payload: bytes | memoryview, *, declared_size: int | None = None) -> ReadToc:
        """Decompress and decode a TOC payload.

        Raise FormatError as ``read_toc`` does, LimitError beyond MAX_TOC, and NoRoomError beyond the budget.
        """
        limit = MAX_TOC if declared_size is None else declared_size
        if max(len(payload), limit) > MAX_TOC:
            raise LimitError(f"the TOC has {max(len(payload), limit)} bytes; the limit is {MAX_TOC}")
        pile = _Pile(self._decoded, self._packed)
        try:
            pieces = iterate(payload, limit=limit, what="the TOC", window=MAX_TABLE_WINDOW)
            found = read_sliced(pieces, pile.take)
        except (UncutError, WindowError, NoRoomError) as error:
            raise NoRoomError(error.what, _size(payload)) from None
        if declared_size is not None and found.size != declared_size:
            raise FormatError(f"the TOC decompresses to {found.size} bytes; {declared_size} were declared")
        self._decoded -= pile.decoded
        self._packed -= pile.packed.held
        toc = found.toc
        if not found.replaced and toc.entries_or_none is not None and toc.entries_or_none is not msgspec.UNSET:
            toc = msgspec.structs.replace(toc, entries_or_none=pile.entries)
        return ReadToc(toc, found.size, found.keys)


class _Pile:
    """The entries of one TOC while they are decoded: as objects within the budget, otherwise all packed."""

    def __init__(self, decoded: int, packed: int) -> None:
        self._decoded, self._room = decoded, packed
        self._plain: list[Entry] = []
        self._raw: list[tuple[bytes, int]] = []
        self.packed = PackedEntries()
        self._cost = 0

    @property
    def entries(self) -> Sequence[Entry]:
        return self.packed if len(self.packed) else self._plain

    @property
    def decoded(self) -> int:
        """What the entries that are held as objects cost."""
        return 0 if len(self.packed) else self._cost

    def take(self, raw: bytes, entries: list[Entry]) -> None:
        count = len(self._plain) + len(self.packed) + len(entries)
        if count > MAX_TOC_ENTRIES:
            raise NoRoomError(f"the TOC has more than {MAX_TOC_ENTRIES} entries")
        # A text of one wide character among plain ones takes four bytes for each (PEP 393).
        self._cost += len(entries) * _ENTRY_COST + len(raw) * (1 if raw.isascii() else 4)
        if not len(self.packed) and self._cost <= self._decoded:
            self._plain += entries
            self._raw.append((raw, len(entries)))
            return
        for earlier, number in self._raw:
            self._pack(earlier, number)
        self._plain, self._raw = [], []
        self._pack(raw, len(entries))

    def _pack(self, raw: bytes, count: int) -> None:
        self.packed.append(raw, count)
        if self.packed.held > self._room:
            raise NoRoomError("the TOC, with those of the other layers, would take more memory than one image may fill")


def _size(payload: bytes | memoryview) -> int | None:
    try:
        return sum(len(piece) for piece in iterate(payload, limit=MAX_TOC, what="the TOC"))
    except FormatError:
        return None

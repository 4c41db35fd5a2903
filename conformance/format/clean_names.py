"""Names after lexical cleaning, and those of them that occur twice (docs/format.md section 12; TARSPLIT-008)."""

from conformance.format.discrepancy import MAX_KEPT, shown
from conformance.format.entries import clean_name


class CleanNames:
    """A set of cleaned names; ``duplicates`` are the first names that were added again."""

    def __init__(self) -> None:
        # Keyed hashes instead of the names: a million names may exceed the available memory.
        self._seen: set[int] = set()
        self.duplicates: list[str] = []

    def add(self, name: bytes) -> None:
        """Add a name as a tar header has it."""
        bare = name[:-1] if name.endswith(b"/") else name
        # Most names are clean; cleaning a name takes longer than all other steps.
        if not bare or bare[0] in b"./" or b"//" in bare or b"/." in bare or bare.endswith(b"/"):
            bare = clean_name(name)
        key = hash(bare)
        if key in self._seen and len(self.duplicates) < MAX_KEPT:
            self.duplicates.append(shown(name))
        self._seen.add(key)

"""What several defective clients share."""

from typing import Any

from conformance.format.oci import Descriptor
from conformance.reference.consumer import Consumer
from conformance.reference.contents import ContentFetcher
from conformance.reference.plan import Chunk, Item
from conformance.reference.store import Writing
from conformance.reference.toolkit import Toolkit


def consumer(base: type[Consumer] = Consumer, **steps: Any) -> Toolkit:
    """The reference with steps of its consumer replaced."""
    return Toolkit(consumer=type("Defective", (base,), steps), name="defective reference")


class ByKind(Consumer):
    """Falls back to tar for one kind of layers."""

    current: Descriptor | None = None

    def can_pull_by_toc(self, layer: Descriptor) -> bool:
        self.current = layer
        return super().can_pull_by_toc(layer)


class SkipsDigests(ContentFetcher):
    """Verifies no content."""

    def verify_chunk(self, item: Item, chunk: Chunk, found: str) -> None:
        pass

    def verify_file(self, item: Item, writing: Writing) -> None:
        pass

"""Consumers that do not know sentinels: one pulls by TOC, as current clients do, one reads tar.

``python -m conformance.reference.unaware toc|tar unpack …`` is such a client as a command.
"""

import sys
from collections.abc import Sequence
from typing import Final

from conformance.format.oci import Descriptor, Index, Manifest
from conformance.format.selection import Policy, select
from conformance.reference.__main__ import main as run_toolkit
from conformance.reference.consumer import Consumer
from conformance.reference.errors import RefusalError
from conformance.reference.toolkit import Toolkit


class TocConsumer(Consumer):
    """Selects the first zstd entry of its platform and pulls by TOC; every layer is also verified by its DiffID.

    It refuses a sentinel as a layer of an unknown media type.
    """

    policy = Policy.ZSTD

    def select(self, index: Index) -> Descriptor:
        """The first entry that fits, also a sentinel entry."""
        position = select(index, self.policy, self._options.platform)
        if position is None:
            raise RefusalError(f"the index has no image for {self._options.platform}")
        return index.manifests[position]

    def has_sentinel(self, manifest: Manifest) -> bool:  # noqa: ARG002
        """False: this client does not know sentinels."""
        return False


class TarConsumer(TocConsumer):
    """Downloads whole layers and reads them as tar."""

    def can_pull_by_toc(self, layer: Descriptor) -> bool:  # noqa: ARG002
        """Never."""
        return False


TOC: Final = Toolkit(consumer=TocConsumer, name="reference that knows no sentinels")
TAR: Final = Toolkit(consumer=TarConsumer, name="reference that reads tar")


def main(arguments: Sequence[str]) -> int:
    """The first argument names the client, the others are the protocol's."""
    return run_toolkit(arguments[1:], TAR if arguments[:1] == ["tar"] else TOC)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

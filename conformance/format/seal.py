"""The three skippable frames at the end of a layer, and the annotations that name them (docs/format.md section 9.3).

Separate from the writer, so that a layer can be given another TOC over the same data frames.
"""

import msgspec
import zstandard

from conformance.format import names
from conformance.format.digest import Digest
from conformance.format.errors import FormatError
from conformance.format.footer import Footer, FooterForm
from conformance.format.frames import SKIPPABLE_HEADER, skippable
from conformance.format.positions import Position, Positions, TocPosition
from conformance.format.toc import MAX_TOC, Toc, encode_toc


class CompressedTarSplit(msgspec.Struct, frozen=True):
    """A compressed tar-split and its length before compression, in bytes."""

    payload: bytes
    uncompressed: int

    @property
    def digest(self) -> Digest:
        """The value for the TOC's tarSplitDigest."""
        return Digest.of(self.payload)

    @classmethod
    def of(cls, document: bytes, *, level: int = 3) -> "CompressedTarSplit":
        """Compress the JSON lines."""
        return cls(zstandard.compress(document, level), len(document))


class Tail(msgspec.Struct, frozen=True):
    """The bytes after the data frames, and the annotations of the descriptor."""

    content: bytes
    positions: Positions
    annotations: dict[str, str]


def seal(
    data_size: int, toc: Toc | bytes, tar_split: CompressedTarSplit | None, *, level: int = 3, footer: bool = True
) -> Tail:
    """The tail for data frames of ``data_size`` bytes; a TOC given as bytes is JSON and is used unchanged."""
    document = toc if isinstance(toc, bytes) else encode_toc(toc)
    payload = zstandard.compress(document, level)
    if max(len(document), len(payload)) > MAX_TOC:
        raise FormatError(f"the TOC has {len(document)} bytes; readers refuse more than {MAX_TOC}")
    toc_position = TocPosition(data_size + SKIPPABLE_HEADER, len(payload), len(document))
    content = skippable(payload)
    split_position: Position | None = None
    if tar_split is not None:
        start = toc_position.end + SKIPPABLE_HEADER
        split_position = Position(start, len(tar_split.payload), tar_split.uncompressed)
        content += skippable(tar_split.payload)
    if footer:
        content += skippable(Footer(FooterForm.CURRENT, toc_position, split_position).build())
    annotations = {
        names.MANIFEST_CHECKSUM: str(Digest.of(payload)),
        names.MANIFEST_POSITION: str(toc_position),
    }
    if split_position is not None:
        annotations[names.TARSPLIT_POSITION] = str(split_position)
    return Tail(content, Positions(toc_position, split_position), annotations)

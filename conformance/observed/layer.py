"""Observations of a zstd:chunked layer: its tail and tables (shallow), and every byte of it (deep)."""

from array import array

import msgspec

from conformance.format.discrepancy import Discrepancies, Discrepancy
from conformance.format.errors import FormatError
from conformance.format.examine import Examined
from conformance.format.footer import Footer
from conformance.format.json_problems import KeyProblem
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations
from conformance.format.toc import Toc
from conformance.format.toc_outline import Outline
from conformance.format.unpack import FrameTable
from conformance.observed.evidence import Evidence


class WholeLayer(msgspec.Struct, frozen=True):
    """The result of one pass over a blob: digests as text, sizes in bytes; ``problem`` is why it did not decompress."""

    blob_digest: str
    blob_size: int
    diff_id: str
    tar_size: int
    frames: FrameTable
    examined: Examined
    problem: FormatError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the tar was read and compared to its end."""
        return self.problem is None and self.examined.problem is None


class PayloadSeen(msgspec.Struct, frozen=True):
    """A payload at its annotated position: the received bytes, and the frame header before them.

    ``framed`` is the payload length in the header of a skippable frame that ends right before ``offset``; None when
    no such header is there. ``window`` is that of its first zstd frame, in bytes.
    """

    offset: int
    length: int
    digest: str
    framed: int | None = None
    window: int = 0


class TocSeen(msgspec.Struct, frozen=True):
    """A TOC, and the ``outline`` of its entries that the rules inspect.

    ``problem`` states why there is no ``toc``: not fetched (``unreadable``), not decompressed (``over_limit``: for its
    size), no TOC. ``document_size`` is what it really decompresses to, None when it does not. ``lenient_problem``
    states what containers-storage, which reads keys in its own way, reads differently; "" for
    nothing. ``stands_alone``: it is known, without the ``outline``, that nothing in it depends on lower layers.
    """

    payload: PayloadSeen | None = None
    toc: Toc | None = None
    outline: Outline | None = None
    problem: str = ""
    unreadable: bool = False
    over_limit: bool = False
    document_size: int | None = None
    key_problems: tuple[KeyProblem, ...] = ()
    lenient_problem: str = ""
    stands_alone: bool = False


class TarSplitSeen(msgspec.Struct, frozen=True):
    """A tar-split. ``problem`` states why its records could not be read to the end; ``unreadable`` that no bytes were
    received.

    ``differences`` are those between its tar headers and the TOC (None: not compared).
    ``duplicates`` are names that are equal after lexical cleaning. ``ranks`` are the positions of the TOC's entries in
    the tar (EntryMatcher). ``segment_problem`` is the problem of the segments (SegmentRules).
    """

    payload: PayloadSeen | None = None
    problem: str = ""
    unreadable: bool = False
    document_size: int | None = None
    file_count: int = 0
    differences: Discrepancies | None = None
    duplicates: tuple[str, ...] = ()
    ranks: "array[int] | None" = None
    segment_problem: str = ""


class ReaderSeen(msgspec.Struct, frozen=True):
    """The result of a real reader for a layer, compared with its TOC.

    ``refused`` is why it refuses the layer ("" when it accepts), ``limited`` a feature of the layer that this reader
    does not support: it is then not compared. Of the ``count`` differences the first are in ``differences``: expected
    is the TOC.
    """

    reader: str
    version: str
    members: int = 0
    refused: str = ""
    limited: str = ""
    count: int = 0
    differences: tuple[Discrepancy, ...] = ()


class LayerSeen(msgspec.Struct, frozen=True):
    """One data layer. ``name`` is where the image names it first; ``diff_ids`` what the configs state about it.

    ``skippable`` has the payload length by payload offset of each skippable frame whose header was read (``whole`` is
    None: only those the tables and footer name). ``has_lower`` indicates whether a data layer lies below it in every
    image that has it. ``notes`` are remarks on how it could be read; ``unread`` are places that the footer names and
    that could not be fetched. ``readers`` are the results of real readers, where they were run; ``readers_problem`` why
    they were not.
    """

    name: str
    descriptor: Descriptor
    annotations: ChunkedAnnotations
    diff_ids: tuple[str, ...] = ()
    has_lower: bool = False
    stored_size: int | None = None
    footer_raw: bytes = b""
    footer: Footer | None = None
    footer_problem: str = ""
    skippable: dict[int, int] = {}
    toc: TocSeen = TocSeen()
    split: TarSplitSeen = TarSplitSeen()
    whole: WholeLayer | None = None
    whole_problem: str = ""
    notes: tuple[str, ...] = ()
    unread: tuple[int, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    readers: tuple[ReaderSeen, ...] = ()
    readers_problem: str = ""
    by_legacy_keys: "LayerSeen | None" = None

    @property
    def is_current(self) -> bool:
        """Whether the layer claims this revision of the format; legacy layers are only reported."""
        return self.annotations.is_chunked


class OtherLayerSeen(msgspec.Struct, frozen=True):
    """One layer of an image that is neither zstd:chunked nor a sentinel; ``compression`` None: unknown.

    ``stored_problem`` states why no byte of it could be read (``unreadable``: it may be there), ``stored_size`` how
    many bytes the store has, where known. ``has_footer``: it ends like a zstd:chunked layer. Of a layer that was read
    whole ``diff_id`` and ``blob_digest`` are digests as text, else None and ``whole_problem`` states why (``damaged``:
    it does not decompress); ``padded_diff_id`` is that of the tar with zeros up to a whole record of 10240 bytes.
    ``overlay`` are the first entries that only overlayfs interprets, as text, ``tar_problem`` why its tar could not be
    inspected for them. ``packed`` is the compression whose magic it begins with, where what its media type names is no
    tar.
    """

    name: str
    descriptor: Descriptor
    diff_ids: tuple[str, ...] = ()
    compression: str | None = None
    is_foreign: bool = False
    stored_problem: str = ""
    unreadable: bool = False
    stored_size: int | None = None
    has_footer: bool = False
    blob_digest: str | None = None
    blob_size: int | None = None
    diff_id: str | None = None
    padded_diff_id: str | None = None
    whole_problem: str = ""
    damaged: bool = False
    overlay: tuple[str, ...] = ()
    tar_problem: str = ""
    is_tar: bool = True
    packed: str = ""
    evidence: tuple[Evidence, ...] = ()


class LayersSeen(msgspec.Struct, frozen=True):
    """The zstd:chunked layers of one image, each once, and the ``others``; ``deep``: they were read whole."""

    layers: tuple[LayerSeen, ...] = ()
    deep: bool = False
    others: tuple[OtherLayerSeen, ...] = ()

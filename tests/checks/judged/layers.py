"""A layer as it is seen when all is right, in small numbers, and the same with something changed.

byte    0   10  110  210  250   290   300 (8)  408 (8)    466 (8)   538
        |    a   b's two chunks  end  TOC      tar-split  footer
tar     0  512  612  1536 1636  1736  10240
"""

from array import array
from typing import Any

import msgspec

from conformance.format.discrepancy import Discrepancies, Discrepancy, Kind
from conformance.format.examine import Examined
from conformance.format.footer import Footer, FooterForm
from conformance.format.frames import SKIPPABLE_MAGIC, ZSTD_MAGIC, Frame, FrameKind
from conformance.format.names import LAYER_ZSTD_TYPE, MANIFEST_CHECKSUM, MANIFEST_POSITION, TARSPLIT_POSITION
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations, Position, TocPosition
from conformance.format.tar_faults import TarFault, TarFaults, TarRule
from conformance.format.toc import Entry, Toc
from conformance.format.toc_outline import outline
from conformance.format.unpack import FrameTable
from conformance.observed.evidence import Note
from conformance.observed.layer import LayerSeen, LayersSeen, PayloadSeen, TarSplitSeen, TocSeen, WholeLayer

TOC_AT = TocPosition(308, 100, 400)
SPLIT_AT = Position(416, 50, 200)
SIZE = 538
DIGEST = "sha256:" + "ab" * 32
ENTRIES = (
    Entry(type="dir", name="d"),
    Entry(type="reg", name="a", size=100, digest=DIGEST, offset=10, end_offset=110),
    Entry(type="reg", name="b", size=200, digest=DIGEST, offset=210, end_offset=290, chunk_size=100),
    Entry(type="chunk", name="b", offset=250, chunk_offset=100, chunk_size=100, chunk_digest=DIGEST),
    Entry(type="hardlink", name="h", link_name="a"),
)
ANNOTATIONS = {
    MANIFEST_CHECKSUM: "sha256:toc",
    MANIFEST_POSITION: str(TOC_AT),
    TARSPLIT_POSITION: str(SPLIT_AT),
}


def data(offset: int, end: int, **more: Any) -> Frame:
    return Frame(FrameKind.DATA, ZSTD_MAGIC, offset, end, offset + 6, end, **more)


def skippable(offset: int, end: int, magic: int = SKIPPABLE_MAGIC) -> Frame:
    return Frame(FrameKind.SKIPPABLE, magic, offset, end, offset + 8, end)


def frames(**changed: Any) -> FrameTable:
    table: dict[str, Any] = {
        "offsets": array("Q", (0, 10, 110, 210, 250, 290, 300, 408, 466, 538)),
        "tar_offsets": array("Q", (0, 512, 612, 1536, 1636, 1736, 10240, 10240, 10240, 10240)),
        "data_count": 6,
        "skippable_count": 3,
        "skippable": [skippable(300, 408), skippable(408, 466), skippable(466, 538)],
        "wide": [],
        "with_dictionary": [],
        "last_data_end": 300,
        "first": data(0, 10),
    }
    return FrameTable(**{**table, **changed})


def examined(**changed: Any) -> Examined:
    result: dict[str, Any] = {
        "starts": array("q", (-1, 512, 1536, -1, -1)),
        "discrepancies": Discrepancies(),
        "tar_faults": TarFaults(),
        "members": 4,
        "files": 2,
        "chunks": 2,
        "size": 10240,
        "split_compared": 2,
        "ranks": array("q", (0, 1, 2, -1, 3)),
    }
    return Examined(**{**result, **changed})


def whole(**changed: Any) -> WholeLayer:
    """``problem`` and what a WholeLayer has; ``of_frames`` and ``of_tar`` go one level down."""
    of_frames, of_tar = changed.pop("of_frames", {}), changed.pop("of_tar", {})
    return WholeLayer(
        **{
            "blob_digest": "sha256:blob",
            "blob_size": SIZE,
            "diff_id": "sha256:tar",
            "tar_size": 10240,
            "frames": frames(**of_frames),
            "examined": examined(**of_tar),
            **changed,
        }
    )


def toc(*entries: Entry, **changed: Any) -> TocSeen:
    entries = entries or ENTRIES
    document = Toc(1, entries, "sha256:split")
    seen: dict[str, Any] = {
        "payload": PayloadSeen(308, 100, "sha256:toc", 100),
        "toc": document,
        "outline": outline(entries),
        "document_size": 400,
    }
    return TocSeen(**{**seen, **changed})


def split(**changed: Any) -> TarSplitSeen:
    seen: dict[str, Any] = {
        "payload": PayloadSeen(416, 50, "sha256:split", 50),
        "document_size": 200,
        "file_count": 4,
        "differences": Discrepancies(),
        "ranks": array("q", (0, 1, 2, -1, 3)),
    }
    return TarSplitSeen(**{**seen, **changed})


def layer(name: str = "layer", *, annotations: dict[str, str] | None = None, **changed: Any) -> LayerSeen:
    """The layer; ``annotations`` are put over its own, ``media_type`` and others take the place of its own."""
    given = {**ANNOTATIONS, **(annotations or {})}
    given = {key: value for key, value in given.items() if value != "-"}
    footer = Footer(FooterForm.CURRENT, TOC_AT, SPLIT_AT)
    fields: dict[str, Any] = {
        "descriptor": Descriptor(changed.pop("media_type", LAYER_ZSTD_TYPE), "sha256:blob", changed.pop("size", SIZE)),
        "annotations": ChunkedAnnotations.of(given),
        "diff_ids": ("sha256:tar",),
        "stored_size": SIZE,
        "footer_raw": footer.build(),
        "footer": footer,
        "skippable": {308: 100, 416: 50, 474: 64},
        "toc": toc(),
        "split": split(),
        "whole": whole(),
        "evidence": (Note("how it was read"),),
    }
    return LayerSeen(name, **{**fields, **changed})


def image(*layers: LayerSeen) -> LayersSeen:
    """These layers, and one after them with which all is right."""
    return LayersSeen((*layers, layer("right")), deep=True)


def differences(*kinds: Kind, count: int = 1, offset: int = 512) -> Discrepancies:
    """So many of each kind."""
    found = Discrepancies()
    for kind in kinds:
        for number in range(count):
            found.add(Discrepancy(kind, f"name{number}" if number else "", "what", "this", "that", offset))
    return found


def faults(*rules: TarRule, count: int = 1) -> TarFaults:
    """So many of each rule."""
    found = TarFaults()
    for rule in rules:
        for number in range(count):
            found.add(TarFault(rule, f"name{number}" if number else "", "what", "this", "that", 512 * number))
    return found


def other(entry: Entry, **fields: Any) -> Entry:
    return msgspec.structs.replace(entry, **fields)

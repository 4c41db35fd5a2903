"""The stage at which a reader can detect that a requirement is violated."""

from collections.abc import Iterable
from typing import Final

from conformance.cases.vectors.model import Stage

_BY_GROUP: Final[dict[str, tuple[Stage, ...]]] = {
    "SENT-BLOB": ("sentinel",),
    "SENT-DESC": ("manifest", "sentinel"),
    "SENT-MANIFEST": ("manifest",),
    "SENT-CONFIG": ("config",),
    "SENT-INDEX": ("index", "manifest"),
    "DOC": ("index", "manifest", "config"),
    "ANNOT": ("annotation", "toc", "tarsplit"),
    "FOOTER": ("footer",),
    "LAYER": ("frame", "manifest"),
    "TOC": ("toc",),
    "CHUNK": ("chunk", "toc"),
    "TARSPLIT": ("tarsplit", "toc"),
    "TAR": ("tar",),
    "SEC": ("toc", "tarsplit", "tar"),
}
# Requirements whose group does not determine the stage: they compare the tar (decompressed, or assembled by the
# tar-split), its DiffID in the config, or an entry of the TOC with the bytes in its range.
_BY_ID: Final[dict[str, tuple[Stage, ...]]] = {
    "DOC-011": ("manifest",),
    "LAYER-002": ("frame", "tar", "tarsplit", "config"),
    "LAYER-005": ("frame", "footer", "annotation"),
    "LAYER-012": ("manifest",),
    "LAYER-013": ("frame", "tar", "config"),
    "LAYER-014": ("tar", "toc"),
    "LAYER-015": ("manifest",),
    "TAR-035": ("tar", "toc"),
    "TARSPLIT-007": ("annotation", "tarsplit"),
    "TOC-004": ("toc", "chunk"),
    "TOC-007": ("toc", "chunk"),
    "TOC-008": ("toc", "chunk"),
}


def stages_of(requirement_ids: Iterable[str]) -> tuple[Stage, ...]:
    """The distinct stages of these requirements, in order."""
    found: dict[Stage, None] = {}
    for requirement_id in requirement_ids:
        group = requirement_id.rpartition("-")[0]
        found |= dict.fromkeys(_BY_ID.get(requirement_id) or _BY_GROUP[group])
    return tuple(found)

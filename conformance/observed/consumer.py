"""The selection of an index entry by a client: the input of the SENT-SELECT checks."""

import msgspec

from conformance.format.oci import Index, Platform
from conformance.observed.evidence import Evidence


class SelectionSeen(msgspec.Struct, frozen=True):
    """One choice. ``chosen`` is a position in ``index.manifests``, None when the client refused.

    ``aware`` states whether the client knows sentinels, ``toc_capable`` whether it could pull by TOC here.
    ``has_sentinel_layer`` is a fact of the selected manifest, ``relaxed`` whether the client skipped the
    full digest for it; None where that is not known. ``read_whole_by_toc``: there were no ranges, and the pull worked
    nevertheless, of a sentinel variant by reading whole blobs by their TOC (SENT-PULL-030 judges that).
    """

    name: str
    index: Index
    platform: Platform
    chosen: int | None
    aware: bool = True
    prefer_gzip: bool = False
    toc_capable: bool = True
    has_sentinel_layer: bool | None = None
    relaxed: bool | None = None
    read_whole_by_toc: bool = False
    evidence: tuple[Evidence, ...] = ()

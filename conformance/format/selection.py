"""Which entry of an index a client pulls (docs/format.md section 17).

Three kinds of clients are known: aware clients; clients that prefer zstd and then the first entry (container-libs
before PR 681); and clients that select the first entry of their platform. None of them opens the manifests for this.
"""

from enum import StrEnum
from typing import Final

from conformance.format.names import SENTINEL_ANNOTATION, ZSTD_ANNOTATION
from conformance.format.oci import Descriptor, Index, Platform

# Variants that a CPU can run, the most capable first. Other architectures have no such order.
KNOWN_VARIANTS: Final = {"arm": ("v8", "v7", "v6", "v5"), "arm64": ("v8",)}


class Policy(StrEnum):
    """How a client chooses among the entries of one platform."""

    AWARE = "aware"
    ZSTD = "zstd"
    FIRST = "first"


def wanted_platforms(os: str, architecture: str, variant: str = "") -> tuple[Platform, ...]:
    """The platforms that a client on this platform can run, best first; ``os.version`` and features are ignored."""
    known = KNOWN_VARIANTS.get(architecture, ())
    if not variant:
        variants: tuple[str, ...] = ("", *known)
    elif variant in known:
        variants = (*known[known.index(variant) :], "")
    else:
        variants = (variant, "")
    return tuple(Platform(architecture, os, each) for each in variants)


def platform_rank(entry: Descriptor, wanted: tuple[Platform, ...]) -> int | None:
    """The rank of an entry's platform among those wanted; their number if it has no platform; None for others."""
    if entry.platform is None:
        return len(wanted)
    plain = Platform(entry.platform.architecture, entry.platform.os, entry.platform.variant)
    return wanted.index(plain) if plain in wanted else None


def is_zstd(entry: Descriptor) -> bool:
    """Whether the entry is annotated as zstd: the value is exactly ``true``."""
    return entry.annotation(ZSTD_ANNOTATION) == "true"


def is_annotated_sentinel(entry: Descriptor) -> bool:
    """Whether the entry is annotated as a sentinel variant: the value is exactly ``true``."""
    return entry.annotation(SENTINEL_ANNOTATION) == "true"


def select(index: Index, policy: Policy, platform: Platform, *, prefer_gzip: bool = False) -> int | None:
    """The position of the entry that a client on ``platform`` pulls, or None when no entry fits."""
    wanted = wanted_platforms(platform.os, platform.architecture, platform.variant)
    best: tuple[int, bool, bool, int] | None = None
    for position, entry in enumerate(index.manifests):
        rank = platform_rank(entry, wanted)
        if rank is None:
            continue
        worse_compression = policy is not Policy.FIRST and is_zstd(entry) == prefer_gzip
        no_sentinel = policy is Policy.AWARE and not is_annotated_sentinel(entry)
        key = (rank, worse_compression, no_sentinel, position)
        if best is None or key < best:
            best = key
    return None if best is None else best[-1]

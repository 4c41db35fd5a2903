"""The copies that are requested of a tool, their source images, and the requirements that each shows."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec

from conformance.images.inputs import (
    Image,
    image,
    other_sentinel,
    pair,
    pairs_of_two_platforms,
    sentinel_of_two_readings,
    with_a_diff_id_less,
)
from conformance.implementations.adapter_document import Operation, Option
from conformance.observed.image import Requested

Source = Literal["plain", "plain-gzip", "sentinel", "index", "other", "other-index", "short", "dual", "platforms"]


class CopyJob(msgspec.Struct, frozen=True):
    """One requested copy, and its source image."""

    name: str
    source: Source = "sentinel"
    operation: Operation = "copy"
    requested: Requested = ""
    options: tuple[Option, ...] = ()


def _recompress(name: str, to: Requested, source: Source = "sentinel", *options: Option) -> CopyJob:
    return CopyJob(name, source, "recompress", to, options)


JOBS: Final = {
    job.name: job
    for job in (
        CopyJob("plain", "plain"),
        CopyJob("plain gzip", "plain-gzip"),
        _recompress("plain gzip to gzip", "gzip", "plain-gzip"),
        CopyJob("plain gzip from storage", "plain-gzip", "export"),
        _recompress("plain to gzip", "gzip", "plain"),
        _recompress("plain to uncompressed", "uncompressed", "plain-gzip"),
        _recompress("plain to zstd", "zstd", "plain-gzip"),
        _recompress("plain to zstd:chunked", "zstd:chunked", "plain-gzip"),
        _recompress("to gzip", "gzip"),
        _recompress("to tar", "uncompressed"),
        _recompress("to zstd", "zstd"),
        _recompress("to zstd:chunked", "zstd:chunked"),
        CopyJob("kept"),
        CopyJob("index", "index", options=("all",)),
        _recompress("index to gzip", "gzip", "index", "all"),
        _recompress("index to zstd:chunked", "zstd:chunked", "index", "all"),
        _recompress("gzip, digests preserved", "gzip", "sentinel", "preserve-digests"),
        CopyJob("digests preserved", options=("preserve-digests",)),
        CopyJob("index, digests preserved", "index", options=("all", "preserve-digests")),
        CopyJob("to a layout, digests preserved", "sentinel", "pull", options=("preserve-digests",)),
        CopyJob("to Docker", options=("to-docker",)),
        CopyJob("plain to Docker", "plain", options=("to-docker",)),
        CopyJob("index to Docker", "index", options=("all", "to-docker")),
        _recompress("other sentinel, to gzip", "gzip", "other"),
        CopyJob("plain from storage", "plain", "export"),
        CopyJob("from storage", operation="export"),
        CopyJob("other sentinel, from storage", "other", "export"),
        CopyJob("two readings, from storage", "dual", "export"),
        _recompress("a DiffID less, to gzip", "gzip", "short"),
        CopyJob("built on a plain image", "plain", "build"),
        CopyJob("built on a pair", "index", "build"),
        CopyJob("built on a sentinel variant", "sentinel", "build"),
        CopyJob("index, one platform", "platforms", options=("platform",)),
    )
}
_STRIPS: Final = ("to gzip", "to zstd", "to tar")
JOBS_OF: Final[Mapping[str, Sequence[str]]] = {
    "SENT-STRIP-001": ("to gzip", "index to gzip"),
    "SENT-STRIP-002": ("to tar",),
    "SENT-STRIP-004": _STRIPS,
    "SENT-STRIP-005": (*_STRIPS, "index to gzip", "to zstd:chunked", "index to zstd:chunked"),
    "SENT-STRIP-006": _STRIPS,
    "SENT-STRIP-008": ("kept", "index"),
    "SENT-STRIP-009": ("other sentinel, to gzip",),
    "SENT-STRIP-010": _STRIPS,
    "SENT-STRIP-011": ("index", "index to gzip"),
    "SENT-STRIP-013": (*_STRIPS, "kept"),
    "SENT-STRIP-014": (
        *_STRIPS,
        "index to gzip",
        "kept",
        "from storage",
        "other sentinel, to gzip",
        "built on a pair",
        "built on a sentinel variant",
    ),
    "SENT-STRIP-015": ("digests preserved", "index, digests preserved", "to a layout, digests preserved"),
    "SENT-STRIP-016": ("plain", "plain gzip"),
    "SENT-STRIP-017": ("index to Docker",),
    "SENT-STRIP-018": _STRIPS,
    "SENT-STRIP-019": _STRIPS,
    "SENT-STRIP-020": ("from storage", "other sentinel, from storage"),
    "SENT-STRIP-021": ("index, one platform",),
    "SENT-STRIP-023": ("a DiffID less, to gzip",),
    "SENT-STRIP-024": ("plain to gzip", "plain to zstd:chunked"),
    "SENT-STRIP-025": ("to zstd",),
    "SENT-STRIP-026": ("to Docker",),
    "SENT-STRIP-027": ("gzip, digests preserved",),
    "SENT-STRIP-028": ("built on a pair",),
    "SENT-PULL-025": ("kept",),
    "SENT-PULL-026": ("from storage", "two readings, from storage"),
    "SENT-PUSH-018": ("plain", "plain gzip", "plain to zstd:chunked"),
    # No manifest may have two sentinels after these.
    "SENT-PUSH-014": ("to zstd:chunked", "kept", "index", "index to zstd:chunked"),
    # The order of requests is inspected in these.
    "SENT-PUSH-001": ("plain", "kept", "index", "to gzip", "plain from storage"),
}
ALSO: Final[Mapping[str, Sequence[str]]] = {
    "SENT-STRIP-004": ("kept", "to Docker"),
    "SENT-STRIP-006": ("kept", "to Docker", "index to gzip"),
    "SENT-PUSH-001": ("index to gzip", "to Docker"),
}
"""More copies that show a requirement, of tools that make them: one that is not made leaves nothing undecided."""
TWINS: Final[Mapping[str, str]] = {
    # Not "to gzip": a tool may refuse to recompress any image with a layer that it does not know.
    "gzip, digests preserved": "plain to gzip",
    "a DiffID less, to gzip": "to gzip",
    "two readings, from storage": "plain from storage",
    "to Docker": "plain to Docker",
    "index to Docker": "plain to Docker",
    "from storage": "plain from storage",
    "other sentinel, from storage": "plain from storage",
    "built on a pair": "built on a plain image",
    "built on a sentinel variant": "built on a plain image",
}
"""Copies that may be refused, each with a positive control: otherwise the refusal has another reason."""


CONTROLS: Final[Mapping[Operation, tuple[str, str]]] = {
    "copy": ("plain", "plain gzip"),
    "recompress": ("plain to gzip", "plain gzip to gzip"),
    "export": ("plain from storage", "plain gzip from storage"),
}
"""The copy of an image without sentinel, by operation, and the same of one with gzip layers."""


def sources() -> dict[Source, Image]:
    """The image of each source."""
    plain = image(compression="zstd:chunked", annotations={"org.example.kept": "yes"})
    index, sentinel = pair(plain)
    other_index, other = pair(plain, other_sentinel())
    return {
        "plain": plain,
        "plain-gzip": image(compression="gzip"),
        "index": index,
        "sentinel": sentinel,
        "other": other,
        "other-index": other_index,
        "platforms": pairs_of_two_platforms(),
        "short": with_a_diff_id_less(sentinel),
        "dual": sentinel_of_two_readings(),
    }

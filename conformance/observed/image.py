"""Observations of an image: the input of checks. Frozen values, no I/O."""

from typing import Literal

import msgspec

from conformance.format.digest import Digest
from conformance.format.image_kind import is_image
from conformance.format.json_problems import KeyProblem
from conformance.format.oci import Config, Descriptor, Document, Index, Manifest, Platform, Reading
from conformance.observed.evidence import CommandEvidence, Evidence
from conformance.observed.layer import LayersSeen

Problem = Literal["missing", "unreadable", "too-large", "digest-mismatch", "size-mismatch", "not-fetched", "no-digest"]


class IndexFile(msgspec.Struct, frozen=True):
    """The index.json of a layout, how readers decode it, and the entry of it that leads to the image."""

    content: bytes
    read: Reading[Index]
    entry: Descriptor | None = None


class Stored(msgspec.Struct, frozen=True):
    """What a descriptor led to.

    ``content`` is there only when it was fetched whole and has the digest that was requested.
    Otherwise ``problem`` states what is wrong, ``detail`` in words, and ``actual_digest`` and
    ``actual_size`` are the found values, where known. ``media_type`` is that of the store ("" = nothing).
    ``named_in``: the index.json of a layout that leads to it. ``mark_problem``: of the root document of a layout, what
    is wrong with the file oci-layout ("" = nothing); None for any other document.
    """

    content: bytes | None = None
    problem: Problem | None = None
    detail: str = ""
    actual_digest: Digest | None = None
    actual_size: int | None = None
    media_type: str = ""
    evidence: tuple[Evidence, ...] = ()
    named_in: IndexFile | None = None
    mark_problem: str | None = None


class ReaderOutcome(msgspec.Struct, frozen=True):
    """The result of one tar reader for a blob: ``accepted`` means success, with any number of entries.

    A reader that is not on this machine is ``absent``; ``lenient`` ones inform and do not decide.
    """

    reader: str
    version: str
    lenient: bool
    absent: bool = False
    accepted: bool = False
    entries: tuple[str, ...] = ()
    evidence: tuple[CommandEvidence, ...] = ()


class SentinelBlob(msgspec.Struct, frozen=True):
    """A sentinel blob's bytes and the results of the panel of tar readers (empty: panel not run)."""

    name: str
    content: bytes
    panel: tuple[ReaderOutcome, ...] = ()


class TocSummary(msgspec.Struct, frozen=True):
    """The part of a data layer's TOC that the metadata checks need; ``problem`` when it could not be read."""

    layer: Descriptor
    has_tar_split_digest: bool = False
    problem: str = ""
    evidence: tuple[Evidence, ...] = ()


class ManifestSeen(msgspec.Struct, frozen=True):
    """One image manifest with what it refers to.

    ``entry`` is its descriptor in the index, None when the manifest stands alone. ``document`` and
    ``config`` are None when they could not be parsed; ``problem`` then states why. ``malformed`` states why the
    stored document is not an image manifest, ``config_malformed`` the same of the config; ``key_problems`` and
    ``config_key_problems`` are the places where JSON readers differ on them.
    """

    name: str
    stored: Stored
    entry: Descriptor | None = None
    document: Document[Manifest] | None = None
    problem: str = ""
    config_stored: Stored | None = None
    config: Document[Config] | None = None
    config_problem: str = ""
    sentinels: tuple[tuple[int, Stored], ...] = ()  # (layer position, blob) of every sentinel-typed layer
    panel: tuple[ReaderOutcome, ...] = ()  # for layer 0's sentinel blob
    tocs: tuple[TocSummary, ...] = ()
    inner: Document[Index] | None = None  # of an entry that is an index itself; ``document`` is then None
    inside: tuple["ManifestSeen", ...] = ()  # the manifests of ``inner``
    malformed: str = ""
    config_malformed: str = ""
    key_problems: tuple[KeyProblem, ...] = ()
    config_key_problems: tuple[KeyProblem, ...] = ()

    @property
    def is_image(self) -> bool:
        """Whether it was read, and is an image and not another artifact."""
        config = None if self.config is None else self.config.view
        return self.document is not None and is_image(self.entry, self.document.view, config)

    @property
    def platform(self) -> Platform | None:
        """The platform of the entry; ``os.features`` is a set (image-spec image-index.md gives no order)."""
        if self.entry is None or self.entry.platform is None:
            return None
        platform = self.entry.platform
        return msgspec.structs.replace(platform, os_features=tuple(sorted(set(platform.os_features))))


class ImageSeen(msgspec.Struct, frozen=True):
    """One image: an index with its manifests, or one manifest alone (``index`` is None).

    ``reference`` is what the user named. ``index_stored.media_type`` is what the store announced. ``index_malformed``
    states why a root document that claims to be an index or a manifest is none, ``index_key_problems`` where JSON
    readers differ on the index. ``layout`` is the index.json of a layout, where that leads to another root.
    """

    reference: str
    index_stored: Stored | None = None
    index: Document[Index] | None = None
    index_problem: str = ""
    manifests: tuple[ManifestSeen, ...] = ()
    layers: LayersSeen = LayersSeen()
    index_malformed: str = ""
    index_key_problems: tuple[KeyProblem, ...] = ()
    layout: IndexFile | None = None

    @property
    def root(self) -> Stored | None:
        """The root document: an index, or the only manifest."""
        return self.index_stored or (self.manifests[0].stored if self.manifests else None)

    @property
    def nested(self) -> tuple["ImageSeen", ...]:
        """The indexes that this one lists, and those that they list: each as a separate image, without layers."""
        own = tuple(
            ImageSeen(
                f"{self.reference}, {manifest.name}",
                manifest.stored,
                manifest.inner,
                "",
                manifest.inside,
                index_key_problems=manifest.key_problems,
            )
            for manifest in self.manifests
            if manifest.inner is not None
        )
        return (*own, *(deeper for image in own for deeper in image.nested))

    @property
    def every_manifest(self) -> tuple[ManifestSeen, ...]:
        """The manifests of this index and of all that it lists."""
        return (*self.manifests, *(manifest for image in self.nested for manifest in image.manifests))


Requested = Literal["", "gzip", "zstd", "zstd:chunked", "uncompressed"]
"""The compression that a copier is asked to write; empty: none."""


class CopySeen(msgspec.Struct, frozen=True):
    """A manifest before and after a copy: the input of the SENT-STRIP checks on pairs.

    ``requested`` is the compression requested ("" = none asked). ``refused`` when the copier
    declined; ``wrote`` then indicates whether a manifest was written nevertheless.
    """

    name: str
    before: ImageSeen
    after: ImageSeen | None
    requested: Requested = ""
    preserve_digests: bool = False
    to_docker: bool = False
    refused: bool = False
    wrote: bool = False
    plain_twin: ImageSeen | None = None  # the plain variant copied the same way, for SENT-STRIP-010
    data_diff_ids: tuple[str, ...] = ()  # DiffIDs recomputed from the layers after, where they were read
    diff_ids_of_each: tuple[tuple[str, ...], ...] = ()  # the same of each manifest after, where there is an index
    missing: tuple[str, ...] = ()  # digests of blobs that manifests after name, and the destination lacks
    from_storage: bool = False  # exported from local storage, where the sentinel was filtered
    built: bool = False  # an image built on the source, with one more layer
    referrers_before: tuple[str, ...] | None = None  # digests of what refers to the source; None: not asked
    referrers_after: tuple[str, ...] | None = None
    partial: bool = False  # one platform of an index was requested
    damaged: bool = False  # the source has a DiffID less than layers
    evidence: tuple[Evidence, ...] = ()  # the command, and what it put

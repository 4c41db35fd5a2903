"""Copies of a sentinel image made right, and the same copies with one defect each."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
import zstandard

from conformance.checks.bound import judge_all
from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import (
    CHUNK_KEYS,
    DOCKER_MANIFEST_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
    SENTINEL_TYPE,
)
from conformance.images.draft import Drafted, Json, conforming_draft, finish
from conformance.observed.image import CopySeen, ImageSeen, Requested
from conformance.requirements import mutant
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource

_TYPES: Final = {"gzip": LAYER_GZIP_TYPE, "zstd": LAYER_ZSTD_TYPE, "uncompressed": LAYER_TAR_TYPE}
SIGNATURE: Final = "sha256:" + "5" * 64
_MAX_LAYER: Final = 2**20


class Job(msgspec.Struct, frozen=True):
    """One copy that is requested; ``source`` states what of the image is copied."""

    name: str
    source: Literal["sentinel", "plain", "index"] = "sentinel"
    requested: Requested = ""
    preserve_digests: bool = False
    to_docker: bool = False
    from_storage: bool = False
    built: bool = False
    other_content: bool = False
    damaged: bool = False
    partial: bool = False


JOBS: Final = (
    Job("to gzip", requested="gzip"),
    Job("to tar", requested="uncompressed"),
    Job("to zstd", requested="zstd"),
    Job("to zstd:chunked", requested="zstd:chunked"),
    Job("kept"),
    Job("gzip, digests preserved", requested="gzip", preserve_digests=True),
    Job("digests preserved", preserve_digests=True),
    Job("plain", source="plain"),
    Job("index", source="index"),
    Job("to Docker", to_docker=True),
    Job("index to Docker", source="index", to_docker=True),
    Job("from storage", from_storage=True),
    Job("other sentinel, to gzip", requested="gzip", other_content=True),
    Job("a DiffID less, to gzip", requested="gzip", damaged=True),
    Job("index, one platform", source="index", partial=True),
    Job("plain to gzip", source="plain", requested="gzip"),
    Job("built on a pair", source="plain", built=True),
)


@dataclass
class Copied:
    """What a copier made: documents not yet encoded; ``raw`` is a root document preserved byte for byte."""

    blobs: dict[str, bytes]
    raw: bytes | None = None
    manifest: Json = field(default_factory=dict)
    config: Json = field(default_factory=dict)
    diff_ids: tuple[str, ...] = ()
    refused: bool = False
    wrote: bool = True
    referrers: tuple[str, ...] = ()

    def finish(self) -> Drafted | None:
        """The image at the destination; None when there is none."""
        if self.refused:
            return None
        if self.raw is not None:
            return Drafted(self.blobs, self.raw)
        config = encode(self.config)
        described = {**self.manifest["config"], "digest": str(Digest.of(config)), "size": len(config)}
        return Drafted(
            {**self.blobs, described["digest"]: config},
            encode({**self.manifest, "config": described}),
        )

    def reopen(self) -> None:
        """Make documents preserved as bytes editable."""
        if self.raw is not None:
            self.manifest = msgspec.json.decode(self.raw)
            self.config = msgspec.json.decode(self.blobs[self.manifest["config"]["digest"]])
            self.raw = None


def source_of(job: Job) -> Drafted:
    """The image that is copied."""
    draft = conforming_draft()
    if job.other_content:
        digest = draft.add_blob(draft.blobs[draft.sentinel["layers"][0]["digest"]].replace(b"https", b"HTTPS"))
        draft.sentinel["layers"][0]["digest"] = digest
        draft.sentinel_config["rootfs"]["diff_ids"][0] = digest
    if job.damaged:
        draft.sentinel_config["rootfs"]["diff_ids"].pop()
    for manifest in (draft.plain, draft.sentinel):
        manifest["layers"][-1]["annotations"] = {**manifest["layers"][-1]["annotations"], "org.example.layer": "kept"}
    image = finish(draft)
    if job.source == "index":
        return image
    entry = msgspec.json.decode(image.root)["manifests"][job.source == "sentinel"]
    return Drafted(image.blobs, image.blobs[entry["digest"]])


def right_copy(job: Job) -> Copied:
    """The copy as docs/format.md section 19 wants it."""
    source = source_of(job)
    if (job.preserve_digests and job.requested) or (job.source == "index" and job.to_docker):
        return Copied({}, refused=True, wrote=False)
    if job.damaged:
        return Copied({}, refused=True, wrote=False)
    copied = Copied(dict(source.blobs), source.root, referrers=(SIGNATURE,))
    if job.from_storage or job.built or job.requested == "zstd:chunked":
        copied.diff_ids = _diff_ids(source)
    if job.requested == "zstd:chunked":  # its layers are that already
        return copied
    if job.requested or job.to_docker:
        _strip(copied)
        _recompress(copied, job.requested or "gzip", docker=job.to_docker)
        copied.referrers = ()
    return copied


def _strip(copied: Copied) -> None:
    copied.reopen()
    if copied.manifest["layers"][0]["mediaType"] == SENTINEL_TYPE:
        del copied.manifest["layers"][0]
        del copied.config["rootfs"]["diff_ids"][0]


def _diff_ids(source: Drafted) -> tuple[str, ...]:
    """Those of the data layers, computed."""
    layers = msgspec.json.decode(source.root)["layers"]
    blobs = [source.blobs[layer["digest"]] for layer in layers if layer["mediaType"] != SENTINEL_TYPE]
    return tuple(str(Digest.of(decompress(blob, limit=_MAX_LAYER))) for blob in blobs)


def _recompress(copied: Copied, requested: str, *, docker: bool) -> None:
    diff_ids = []
    for layer in copied.manifest["layers"]:
        if layer["mediaType"] == SENTINEL_TYPE:
            continue
        tar = decompress(copied.blobs[layer["digest"]], limit=_MAX_LAYER)
        diff_ids.append(str(Digest.of(tar)))
        blob = _compressed(tar, requested)
        kept = {key: value for key, value in layer["annotations"].items() if key not in CHUNK_KEYS}
        layer |= {"mediaType": _TYPES[requested], "digest": str(Digest.of(blob)), "size": len(blob)}
        layer["annotations"] = kept
        copied.blobs[layer["digest"]] = blob
    copied.diff_ids = tuple(diff_ids)
    if docker:
        copied.manifest["mediaType"] = DOCKER_MANIFEST_TYPE


def _compressed(tar: bytes, requested: str) -> bytes:
    if requested == "gzip":
        return gzip.compress(tar, mtime=0)
    return zstandard.compress(tar, 1) if requested == "zstd" else tar


def _put_back(job: Job, copied: Copied) -> None:
    """The sentinel as if it had never been stripped."""
    if copied.refused or job.source != "sentinel":
        return
    source = source_of(job)
    manifest = msgspec.json.decode(source.root)
    copied.reopen()
    config = msgspec.json.decode(source.blobs[manifest["config"]["digest"]])
    copied.manifest["layers"].insert(0, manifest["layers"][0])
    copied.config["rootfs"]["diff_ids"].insert(0, config["rootfs"]["diff_ids"][0])


@mutant("SENT-STRIP-001", implies=("SENT-STRIP-009", "SENT-STRIP-014"))
def gzip_keeps_the_sentinel(job: Job, copied: Copied) -> None:
    if job.requested == "gzip":
        _put_back(job, copied)


@mutant("SENT-STRIP-002", implies=("SENT-STRIP-014",))
def tar_keeps_the_sentinel(job: Job, copied: Copied) -> None:
    if job.requested == "uncompressed":
        _put_back(job, copied)


@mutant("SENT-STRIP-025", implies=("SENT-STRIP-014",))
def zstd_keeps_the_sentinel(job: Job, copied: Copied) -> None:
    if job.requested == "zstd":
        _put_back(job, copied)


@mutant("SENT-STRIP-004", implies=("SENT-STRIP-010",))
def diff_id_of_the_sentinel_stays(job: Job, copied: Copied) -> None:
    if job.name == "to gzip":
        copied.config["rootfs"]["diff_ids"].insert(0, "sha256:" + "0" * 64)


@mutant("SENT-STRIP-005")
def toc_annotations_stay(job: Job, copied: Copied) -> None:
    if job.name == "to gzip":
        for layer in copied.manifest["layers"]:
            layer["annotations"][CHUNK_KEYS[0]] = "sha256:" + "0" * 64


@mutant("SENT-STRIP-005")
def compresses_anew_and_keeps_the_old_toc_annotations(job: Job, copied: Copied) -> None:
    if job.requested == "zstd:chunked":
        copied.reopen()
        copied.referrers = ()
        layer = copied.manifest["layers"][-1]
        blob = copied.blobs[layer["digest"]] + bytes.fromhex("502a4d1800000000")  # an empty skippable frame
        layer |= {"digest": str(Digest.of(blob)), "size": len(blob)}
        copied.blobs[layer["digest"]] = blob


@mutant("SENT-STRIP-006")
def content_changes_on_the_way(job: Job, copied: Copied) -> None:
    if job.name == "to gzip":
        copied.diff_ids = ("sha256:" + "0" * 64, *copied.diff_ids[1:])


@mutant("SENT-STRIP-027")
def writes_before_it_refuses(job: Job, copied: Copied) -> None:
    if job.preserve_digests and job.requested:
        copied.wrote = True


@mutant("SENT-STRIP-008", implies=("SENT-STRIP-013",))
def keeps_the_layer_and_edits_the_config(job: Job, copied: Copied) -> None:
    if job.name == "kept":
        copied.reopen()
        del copied.config["x-unknown"]


@mutant("SENT-STRIP-009", implies=("SENT-STRIP-001",))
def strips_the_known_digest_only(job: Job, copied: Copied) -> None:
    if job.other_content:
        copied.refused, copied.wrote = True, False


@mutant("SENT-STRIP-010")
def drops_unknown_config_fields(job: Job, copied: Copied) -> None:
    if job.name == "to gzip":
        del copied.config["x-unknown"]


@mutant("SENT-STRIP-011", implies=("SENT-STRIP-008",))
def loses_the_plain_manifest(job: Job, copied: Copied) -> None:
    if job.name == "index":
        index = msgspec.json.decode(copied.raw or b"")
        del copied.blobs[index["manifests"][0]["digest"]]
        copied.referrers = ()


@mutant("SENT-STRIP-026", implies=("SENT-STRIP-014",))
def docker_keeps_the_sentinel(job: Job, copied: Copied) -> None:
    if job.name == "to Docker":
        _put_back(job, copied)


@mutant("SENT-STRIP-013")
def signatures_follow(job: Job, copied: Copied) -> None:
    if job.name == "to gzip":
        copied.referrers = (SIGNATURE,)


@mutant("SENT-STRIP-014", implies=("SENT-STRIP-008", "SENT-STRIP-013"))
def recompresses_under_the_sentinel(job: Job, copied: Copied) -> None:
    if job.name == "kept":
        copied.reopen()
        _recompress(copied, "gzip", docker=False)


@mutant("SENT-STRIP-015")
def refuses_to_preserve(job: Job, copied: Copied) -> None:
    if job.name == "digests preserved":
        copied.refused, copied.wrote = True, False


@mutant("SENT-STRIP-016", implies=("SENT-STRIP-013",))
def re_encodes_plain_manifests(job: Job, copied: Copied) -> None:
    if job.name == "plain":
        copied.raw = (copied.raw or b"") + b"\n"


@mutant("SENT-STRIP-017", implies=("SENT-STRIP-013",))
def list_with_sentinel_entries(job: Job, copied: Copied) -> None:
    if job.name == "index to Docker":
        source = source_of(job)
        index = msgspec.json.decode(source.root)
        for entry in index["manifests"]:
            del entry["annotations"]
        copied.blobs, copied.raw, copied.refused, copied.wrote = source.blobs, encode(index), False, True
        copied.referrers = (SIGNATURE,)


@mutant("SENT-STRIP-018")
def drops_manifest_annotations(job: Job, copied: Copied) -> None:
    if job.name == "to gzip":
        del copied.manifest["annotations"]


@mutant("SENT-STRIP-019", implies=("SENT-STRIP-010",))
def drops_a_history_entry(job: Job, copied: Copied) -> None:
    if job.name == "to gzip":
        del copied.config["history"][0]


@mutant("SENT-STRIP-020", implies=("SENT-STRIP-008", "SENT-STRIP-013"))
def exports_another_sentinel_blob(job: Job, copied: Copied) -> None:
    if job.from_storage:
        digest = msgspec.json.decode(copied.raw or b"")["layers"][0]["digest"]
        copied.blobs = {**copied.blobs, digest: b"another"}


@mutant("SENT-STRIP-021")
def takes_the_sentinel_entry_alone(job: Job, copied: Copied) -> None:
    if job.partial:
        index = msgspec.json.decode(copied.raw or b"")
        del index["manifests"][0]
        copied.raw, copied.referrers = encode(index), ()


@mutant("SENT-STRIP-023")
def strips_where_a_diff_id_is_missing(job: Job, copied: Copied) -> None:
    if job.damaged:
        source = source_of(job)
        copied.blobs, copied.raw, copied.refused, copied.wrote = dict(source.blobs), source.root, False, True


@mutant("SENT-STRIP-024")
def drops_annotations_of_layers(job: Job, copied: Copied) -> None:
    if job.name == "plain to gzip":
        for layer in copied.manifest["layers"]:
            layer.pop("annotations")


@mutant("SENT-PULL-025")
def refuses_sentinel_manifests(job: Job, copied: Copied) -> None:
    if job.name == "kept":
        copied.refused, copied.wrote = True, False


@mutant("SENT-PULL-026")
def exports_a_diff_id_that_nobody_computed(job: Job, copied: Copied) -> None:
    if job.from_storage:
        copied.diff_ids = ("sha256:" + "0" * 64, *copied.diff_ids[1:])


@mutant("SENT-PUSH-018", implies=("SENT-STRIP-013", "SENT-STRIP-016"))
def wraps_a_signed_image(job: Job, copied: Copied) -> None:
    if job.name == "plain":
        wrapped = source_of(msgspec.structs.replace(job, source="index"))
        copied.blobs, copied.raw = wrapped.blobs, wrapped.root


def plain_twin(job: Job) -> Drafted | None:
    """The plain variant, copied the same way."""
    if not job.requested or job.preserve_digests:
        return None
    return right_copy(msgspec.structs.replace(job, source="plain", other_content=False)).finish()


def judge_copied(defect: Callable[[Job, Copied], None]) -> tuple[RequirementResult, ...]:
    """All copies that are requested, each with the defect."""
    seen = []
    for job in JOBS:
        copied = right_copy(job)
        defect(job, copied)
        seen.append(copy_seen(job, copied))
    return judge_all(CopySeen, seen)


def copy_seen(job: Job, copied: Copied) -> CopySeen:
    """What is seen of one copy: source and result, and what was requested."""
    before = _observed(source_of(job))
    if before is None:
        raise ValueError(f"the source of {job.name} cannot be seen")
    return CopySeen(
        job.name,
        before,
        _observed(copied.finish()),
        requested=job.requested,
        preserve_digests=job.preserve_digests,
        to_docker=job.to_docker,
        refused=copied.refused,
        wrote=copied.wrote,
        plain_twin=_observed(plain_twin(job)),
        data_diff_ids=copied.diff_ids,
        from_storage=job.from_storage,
        built=job.built,
        damaged=job.damaged,
        partial=job.partial,
        referrers_before=(SIGNATURE,),
        referrers_after=copied.referrers,
    )


def _observed(image: Drafted | None) -> ImageSeen | None:
    return observe_image(MemorySource(image.blobs, image.root)) if image else None

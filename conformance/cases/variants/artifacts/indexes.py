"""Other indexes over a pair, permitted by image-spec v1.1.1 image-index.md."""

import base64
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Final

import zstandard

from conformance.format.assembled import index_of, manifest_of
from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import (
    CONFIG_TYPE,
    DOCKER_CONFIG_TYPE,
    DOCKER_GZIP_TYPE,
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_TYPE,
    SENTINEL_ANNOTATION,
    ZSTD_ANNOTATION,
)
from conformance.images.draft import PLATFORM, Draft, Drafted, Json, conforming_draft, finish
from conformance.images.drafted import edit_index, insert_image
from conformance.images.trees import Node, tar_of
from conformance.requirements import variant

_S390X: Final[Json] = {"architecture": "s390x", "os": "linux"}
_TAR: Final = tar_of((Node("hello", content=b"hello\n"),))
_EMPTY: Final = "application/vnd.oci.empty.v1+json"


@variant("SENT-INDEX-005")
def attestation_behind_the_sentinel() -> Drafted:
    """BuildKit writes attestation manifests (unknown/unknown) after the images; image-index.md orders nothing."""
    draft = conforming_draft()
    _attestation(draft)
    return finish(draft)


@variant("SENT-INDEX-005")
def attestation_in_front() -> Drafted:
    """The same in front of both variants."""
    draft = conforming_draft()
    _attestation(draft)
    draft.entries.insert(0, draft.entries.pop())
    return finish(draft)


@variant("SENT-INDEX-005", "SENT-INDEX-004")
def artifact_without_platform_behind() -> Drafted:
    """An artifact manifest in the index (image-spec v1.1.1 manifest.md, "Guidelines for Artifact Usage")."""
    draft = conforming_draft()
    manifest = manifest_of(
        {"mediaType": _EMPTY},
        [{"mediaType": _EMPTY, "digest": draft.add_blob(b"{}"), "size": 2}],
        artifact_type="application/vnd.example",
    )
    draft.extra["artifact"] = (manifest, {})
    draft.entries.append({"of": "artifact", "artifactType": "application/vnd.example"})
    return finish(draft)


@variant("DOC-001", "LAYER-013", "LAYER-016", "SENT-INDEX-005")
def signature_behind() -> Drafted:
    """A signature by cosign, as ``cosign save`` lists it beside the image: a layer of its own type, no platform."""
    draft = conforming_draft()
    layer = {"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", "size": 2}
    digest = draft.add_blob(b"{}")
    config = {"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": [digest]}}
    draft.extra["signature"] = (manifest_of({"mediaType": CONFIG_TYPE}, [{**layer, "digest": digest}]), config)
    draft.entries.append({"of": "signature", "annotations": {"kind": "dev.cosignproject.cosign/sigs"}})
    return finish(draft)


@variant("SENT-INDEX-005", "SENT-INDEX-013")
def another_platform_behind() -> Drafted:
    """A gzip image of another platform after the pair: an index may be ordered by platform."""
    draft = conforming_draft()
    _gzip(draft, _S390X)
    return finish(draft)


@variant("SENT-INDEX-004", "SENT-INDEX-007", "SENT-INDEX-019")
def gzip_twin_in_front() -> Drafted:
    """gzip, zstd:chunked and sentinel of one platform: the first for the oldest clients."""
    draft = conforming_draft()
    _twin(draft, _gzipped, LAYER_GZIP_TYPE)
    draft.entries.insert(0, draft.entries.pop())
    return finish(draft)


@variant(warns=("SENT-INDEX-019",))
def gzip_twin_built_anew() -> Drafted:
    """A gzip image of another build run under the same platform: image-index.md requires no equal contents."""
    draft = conforming_draft()
    _gzip(draft, PLATFORM)
    draft.entries.insert(0, draft.entries.pop())
    return finish(draft)


@variant("SENT-INDEX-019", "SENT-INDEX-018")
def image_of_a_newer_processor() -> Drafted:
    """Other files for amd64/v3, in front: another platform than amd64 (image-spec v1.1.1 image-index.md, variant)."""
    draft = conforming_draft()
    _gzip(draft, {**PLATFORM, "variant": "v3"})
    draft.entries.insert(0, draft.entries.pop())
    return finish(draft)


@variant("SENT-INDEX-007", "SENT-INDEX-015")
def zstd_twin_in_front() -> Drafted:
    """Ordinary zstd, zstd:chunked and sentinel of one platform."""
    draft = conforming_draft()
    _twin(draft, zstandard.compress, LAYER_ZSTD_TYPE, annotations={ZSTD_ANNOTATION: "true"})
    draft.entries.insert(0, draft.entries.pop())
    return finish(draft)


@variant("SENT-INDEX-010", "SENT-INDEX-019")
def docker_manifest_in_front() -> Drafted:
    """A Docker schema 2 manifest in an OCI index (image-spec v1.1.1 image-index.md: other media types MAY be there)."""
    draft = conforming_draft()
    name = _twin(draft, _gzipped, DOCKER_GZIP_TYPE)
    manifest, _ = draft.extra[name]
    manifest["mediaType"] = draft.entries[-1]["mediaType"] = DOCKER_MANIFEST_TYPE
    manifest["config"]["mediaType"] = DOCKER_CONFIG_TYPE
    draft.entries.insert(0, draft.entries.pop())
    return finish(draft)


@variant("SENT-INDEX-007", "SENT-CONFIG-007")
def two_plain_twins() -> Drafted:
    """Two plain variants of one platform with different configs: the layers show which one is the counterpart."""
    draft = conforming_draft()
    draft.extra["second"] = (deepcopy(draft.plain), {**deepcopy(draft.plain_config), "author": "another"})
    draft.entries.insert(1, {**draft.entry("plain"), "of": "second"})
    return finish(draft)


@variant("SENT-INDEX-018", "SENT-INDEX-005")
def nested_index_that_lists_the_plain_image_again() -> Drafted:
    """An index as one more entry (image-spec v1.1.1 image-index.md: nested indexes SHOULD be supported)."""
    made = finish(conforming_draft())
    return _nested(made, [0])


@variant("SENT-INDEX-016", "LAYER-002", "SENT-INDEX-005")
def nested_index_with_the_only_image_of_a_platform() -> Drafted:
    """A nested index with a plain image that is nowhere else; its layers are judged like the others."""
    draft = conforming_draft()
    _gzip(draft, _S390X)
    made = _nested(finish(draft), [2])
    return edit_index(made, lambda index: index["manifests"].pop(2))


@variant("SENT-INDEX-016", "SENT-INDEX-005")
def nested_index_in_a_nested_index() -> Drafted:
    """Two levels of indexes; image-index.md bounds none."""
    return _nested(_nested(finish(conforming_draft()), [0]), [2])


@variant(warns=("SENT-INDEX-016",))
def pair_in_a_nested_index() -> Drafted:
    """A pair in an index that another lists: conforming (image-index.md), and most clients choose in one index only."""
    made = _nested(finish(conforming_draft()), [0, 1])
    return edit_index(made, lambda index: index["manifests"].__delitem__(slice(2)))


@variant("SENT-INDEX-018")
def one_manifest_for_two_platforms() -> Drafted:
    """One manifest for arm v6 and v7 in addition to the pair: image-index.md requires no distinct digests."""
    draft = conforming_draft()
    for version in ("v6", "v7"):
        platform = {"architecture": "arm", "os": "linux", "variant": version}
        if version == "v6":
            _gzip(draft, platform)
        else:
            draft.entries.append({**draft.entries[-1], "platform": platform})
    draft.entries[:] = draft.entries[2:] + draft.entries[:2]
    return finish(draft)


@variant("SENT-INDEX-011", "DOC-015")
def entries_with_embedded_data() -> Drafted:
    """The manifests as ``data`` of their entries (image-spec v1.1.1 descriptor.md, "Embedded Content")."""
    made = finish(conforming_draft())
    return edit_index(
        made,
        lambda index: [
            entry.update(data=base64.b64encode(made.blobs[entry["digest"]]).decode()) for entry in index["manifests"]
        ],
    )


@variant("SENT-INDEX-011", "DOC-021")
def entries_with_urls_and_artifact_type() -> Drafted:
    """``urls`` and ``artifactType`` of entries (image-spec v1.1.1 descriptor.md)."""
    draft = conforming_draft()
    for entry in draft.entries:
        entry.update(urls=["https://mirror.example/manifest"], artifactType=CONFIG_TYPE)
    return finish(draft)


@variant("SENT-INDEX-010", "DOC-019")
def index_without_media_type() -> Drafted:
    """``mediaType`` of an index SHOULD be used, and may be left out (image-spec v1.1.1 image-index.md)."""
    draft = conforming_draft()
    del draft.index["mediaType"]
    return finish(draft)


@variant("SENT-INDEX-010")
def index_with_annotations_and_subject() -> Drafted:
    """``annotations``, ``artifactType`` and ``subject`` of an index (image-spec v1.1.1 image-index.md)."""
    draft = conforming_draft()
    subject = {"mediaType": MANIFEST_TYPE, "digest": "sha256:" + "7" * 64, "size": 7}
    draft.index.update(annotations={"org.example": "yes"}, artifactType="application/vnd.example", subject=subject)
    return finish(draft)


@variant("SENT-INDEX-015")
def no_entry_says_zstd() -> Drafted:
    """Neither entry has the zstd annotation: every client of docs/format.md section 17 still selects the right one."""
    draft = conforming_draft()
    for entry in draft.entries:
        del entry["annotations"][ZSTD_ANNOTATION]
    return finish(draft)


@variant("SENT-INDEX-008", "SENT-INDEX-004")
def no_entry_has_a_platform() -> Drafted:
    """``platform`` is OPTIONAL (image-spec v1.1.1 image-index.md)."""
    draft = conforming_draft()
    for entry in draft.entries:
        del entry["platform"]
    return finish(draft)


@variant("SENT-INDEX-008", "SENT-INDEX-013")
def os_features_in_another_order() -> Drafted:
    """``os.features`` is a set of strings: image-index.md gives their order no meaning."""
    draft = conforming_draft()
    for entry, features in zip(draft.entries, (["win32k", "a"], ["a", "win32k"]), strict=True):
        entry["platform"] = {**PLATFORM, "os.features": features}
    return finish(draft)


@variant("SENT-INDEX-008")
def variant_that_the_config_leaves_out() -> Drafted:
    """``variant`` is OPTIONAL in entry and config (image-spec v1.1.1 image-index.md, config.md)."""
    draft = conforming_draft()
    for entry in draft.entries:
        entry["platform"] = {**PLATFORM, "variant": "v1"}
    return finish(draft)


@variant("SENT-INDEX-017")
def annotations_of_other_tools_on_the_entries() -> Drafted:
    """Annotations of other keys on either entry (image-spec v1.1.1 annotations.md)."""
    draft = conforming_draft()
    for number, entry in enumerate(draft.entries):
        entry["annotations"][f"org.example.{number}"] = "yes"
    return finish(draft)


@variant("SENT-INDEX-017", "SENT-INDEX-009")
def plain_entry_says_that_it_is_no_sentinel() -> Drafted:
    """The annotation with another value than "true" is ignored (oci_index.go at PR 681); here that is right."""
    draft = conforming_draft()
    draft.entry("plain")["annotations"][SENTINEL_ANNOTATION] = "false"
    return finish(draft)


@variant("SENT-INDEX-005", "SENT-INDEX-006", "SENT-INDEX-013")
def two_platforms_with_a_pair_each() -> Drafted:
    """Two pairs, ordered by platform: plain and sentinel of the one, then of the other."""
    return finish(_other_platform(conforming_draft()))


def _nested(made: Drafted, positions: list[int]) -> Drafted:
    """The image with an index after its entries that lists the entries at these positions."""
    root = json.loads(made.root)
    inner = encode(index_of([root["manifests"][i] for i in positions]))
    digest = str(Digest.of(inner))
    root["manifests"].append({"mediaType": INDEX_TYPE, "digest": digest, "size": len(inner)})
    return Drafted({**made.blobs, digest: inner}, encode(root))


def _other_platform(draft: Draft) -> Draft:
    """The draft with a pair for another platform after the first."""
    draft.extra["plain 2"] = (deepcopy(draft.plain), {**deepcopy(draft.plain_config), **_S390X})
    draft.extra["sentinel 2"] = (deepcopy(draft.sentinel), {**deepcopy(draft.sentinel_config), **_S390X})
    for name in ("plain", "sentinel"):
        draft.entries.append({**deepcopy(draft.entry(name)), "of": f"{name} 2", "platform": _S390X})
    return draft


def _gzip(draft: Draft, platform: Json) -> None:
    _whole(draft, gzip.compress(_TAR, mtime=0), LAYER_GZIP_TYPE, platform)


def _twin(draft: Draft, compress: Callable[[bytes], bytes], media_type: str, **more: object) -> str:
    """Add the image of the pair with its layers in another compression, at the end of the index; its name."""
    tars = [decompress(draft.blobs[layer["digest"]], limit=2**20) for layer in draft.plain["layers"]]
    return _add(draft, [compress(tar) for tar in tars], media_type, draft.plain_config, PLATFORM, more)


def _whole(draft: Draft, blob: bytes, media_type: str, platform: Json) -> None:
    """Add an image of one layer without TOC at the end of the index."""
    config = {**platform, "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(_TAR))]}}
    _add(draft, [blob], media_type, config, platform, {})


def _add(
    draft: Draft, blobs: Sequence[bytes], media_type: str, config: Json, platform: Json, more: Mapping[str, object]
) -> str:
    name = f"whole {len(draft.entries)}"
    layers = [{"mediaType": media_type, "digest": draft.add_blob(blob), "size": len(blob)} for blob in blobs]
    manifest = manifest_of({"mediaType": CONFIG_TYPE}, layers)
    draft.extra[name] = (manifest, deepcopy(config))
    draft.entries.append({"of": name, "platform": platform, **more})
    return name


def _gzipped(tar: bytes) -> bytes:
    return gzip.compress(tar, mtime=0)


def _attestation(draft: Draft) -> None:
    """The manifest of in-toto statements that BuildKit adds for each image."""
    statement = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    unknown = {"architecture": "unknown", "os": "unknown"}
    layer = {"mediaType": "application/vnd.in-toto+json", "digest": draft.add_blob(statement), "size": len(statement)}
    config = {**unknown, "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]}}
    manifest = {**deepcopy(draft.plain), "layers": [layer]}
    draft.extra["attestation"] = (manifest, config)
    draft.entries.append(
        {
            "of": "attestation",
            "platform": unknown,
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        }
    )


@variant("DOC-016", warns=("SENT-INDEX-013",))
def another_platform_of_one_layer() -> Drafted:
    """One layer and one DiffID (image-spec v1.1.1 config.md, rootfs.diff_ids)."""
    draft = conforming_draft()
    config = {**deepcopy(draft.plain_config), "architecture": "arm64"}
    config["rootfs"]["diff_ids"] = config["rootfs"]["diff_ids"][:1]
    manifest = {**deepcopy(draft.plain), "layers": draft.plain["layers"][:1]}
    insert_image(draft, manifest, config, {**PLATFORM, "architecture": "arm64"})
    return finish(draft)


@variant("DOC-006")
def null_in_keys_of_others() -> Drafted:
    """null is absent (containers/image internal/manifest/common.go)."""
    draft = conforming_draft()
    draft.index |= {"config": None, "history": None}
    return finish(draft)


@variant("DOC-007", "SENT-INDEX-005", warns=("DOC-009",))
def artifact_behind_the_images() -> Drafted:
    """An entry that is no image, without platform, after the images: no client selects it (image-spec v1.1.1
    image-index.md: other types may be listed).
    """
    return _with_artifact(2, {})


@variant("DOC-007", warns=("DOC-009",))
def artifact_of_another_platform() -> Drafted:
    """An entry that is no image, of a platform that no image has."""
    return _with_artifact(0, {"platform": {**PLATFORM, "variant": "v3"}})


def _with_artifact(place: int, fields: Json) -> Drafted:
    content, media_type = b"{}", "application/vnd.example+json"
    made = finish(conforming_draft())
    entry = {"mediaType": media_type, "digest": str(Digest.of(content)), "size": len(content), **fields}
    edited = edit_index(made, lambda index: index["manifests"].insert(place, entry))
    return Drafted({**edited.blobs, entry["digest"]: content}, edited.root)

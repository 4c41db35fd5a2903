"""Other manifests of a pair, permitted by image-spec v1.1.1 (manifest.md, descriptor.md) and PR 681's review."""

import base64
import json
from copy import deepcopy

from conformance.format.names import (
    DOCKER_CONFIG_TYPE,
    MANIFEST_TYPE,
)
from conformance.format.oci import read_index
from conformance.format.sentinel import canonical_sentinel
from conformance.images.draft import Draft, Drafted, Json, conforming_draft, finish
from conformance.images.layer_draft import legacy_toc_keys
from conformance.requirements import variant

_SUBJECT: Json = {"mediaType": MANIFEST_TYPE, "digest": "sha256:" + "5" * 64, "size": 5}


@variant("SENT-DESC-005", "DOC-015")
def sentinel_embedded_in_its_descriptor() -> Drafted:
    """The 512 bytes as ``data`` of the descriptor (image-spec v1.1.1 descriptor.md, "Embedded Content")."""
    return _with_first_layer(data=base64.b64encode(canonical_sentinel()).decode())


@variant("SENT-DESC-003", "SENT-DESC-005")
def title_on_the_sentinel() -> Drafted:
    """An annotation that is not a TOC key (image-spec v1.1.1 descriptor.md, "annotations")."""
    return _with_first_layer(annotations={"org.opencontainers.image.title": "sentinel"})


@variant("SENT-DESC-003", "SENT-DESC-005")
def empty_annotations_on_the_sentinel() -> Drafted:
    """An empty map of annotations (image-spec v1.1.1 annotations.md: it MAY be empty or absent)."""
    return _with_first_layer(annotations={})


@variant("SENT-DESC-005")
def sentinel_with_urls_and_artifact_type() -> Drafted:
    """``urls`` and ``artifactType`` are OPTIONAL on any descriptor (image-spec v1.1.1 descriptor.md)."""
    return _with_first_layer(urls=["https://mirror.example/sentinel"], artifactType="application/vnd.example")


@variant("SENT-MANIFEST-011", "SENT-INDEX-015", "SENT-MANIFEST-002")
def plain_twin_without_toc_annotations() -> Drafted:
    """The plain variant as "ordinary zstd with no TOC annotations at all" (PR 681 review)."""
    draft = conforming_draft()
    for layer in draft.plain["layers"]:
        del layer["annotations"]
    return finish(draft)


@variant("SENT-MANIFEST-011")
def one_layer_of_the_plain_twin_without_toc_annotations() -> Drafted:
    """As above for one layer: a copier that recompressed the other one leaves such an image."""
    draft = conforming_draft()
    del draft.plain["layers"][1]["annotations"]
    return finish(draft)


@variant("SENT-MANIFEST-011", "SENT-MANIFEST-002")
def urls_in_one_variant_only() -> Drafted:
    """``urls`` name further places of a blob and nothing of its content (image-spec v1.1.1 descriptor.md)."""
    draft = conforming_draft()
    draft.sentinel["layers"][1]["urls"] = ["https://mirror.example/layer"]
    return finish(draft)


@variant("SENT-MANIFEST-011")
def annotations_of_other_tools_on_the_layers() -> Drafted:
    """Annotations in addition to the TOC keys, the same in both variants (image-spec v1.1.1 annotations.md)."""
    draft = conforming_draft()
    for manifest, first in ((draft.plain, 0), (draft.sentinel, 1)):
        manifest["layers"][first]["annotations"]["org.opencontainers.image.title"] = "base"
    return finish(draft)


@variant("SENT-MANIFEST-005", "SENT-INDEX-011", "DOC-019")
def manifests_without_media_type() -> Drafted:
    """``mediaType`` SHOULD be used, and may be left out (image-spec v1.1.1 manifest.md)."""
    draft = conforming_draft()
    del draft.plain["mediaType"], draft.sentinel["mediaType"]
    return finish(draft)


@variant("SENT-MANIFEST-006")
def annotation_of_its_own_on_the_sentinel_manifest() -> Drafted:
    """The annotations of the plain manifest are retained; more are permitted (image-spec v1.1.1 annotations.md)."""
    draft = conforming_draft()
    draft.sentinel["annotations"]["org.example.variant"] = "sentinel"
    return finish(draft)


@variant("SENT-MANIFEST-006")
def empty_annotations_beside_none() -> Drafted:
    """An empty map is the same as none (image-spec v1.1.1 annotations.md)."""
    draft = conforming_draft()
    del draft.plain["annotations"]
    draft.sentinel["annotations"] = {}
    return finish(draft)


@variant("SENT-MANIFEST-006")
def subject_on_both() -> Drafted:
    """A ``subject`` retained on both manifests (image-spec v1.1.1 manifest.md)."""
    draft = conforming_draft()
    draft.plain["subject"], draft.sentinel["subject"] = dict(_SUBJECT), dict(_SUBJECT)
    return finish(draft)


@variant("SENT-MANIFEST-006")
def sentinel_manifest_refers_to_something() -> Drafted:
    """A ``subject`` on the sentinel manifest only: the plain one has none to keep (image-spec v1.1.1 manifest.md)."""
    draft = conforming_draft()
    draft.sentinel["subject"] = dict(_SUBJECT)
    return finish(draft)


@variant(warns=("SENT-MANIFEST-006",))
def subject_on_the_plain_manifest_only() -> Drafted:
    """Each variant has its own referrers (image-spec v1.1.1 manifest.md, "subject"); provenance then differs."""
    draft = conforming_draft()
    draft.plain["subject"] = dict(_SUBJECT)
    return finish(draft)


@variant("DOC-008", warns=("SENT-CONFIG-008",))
def docker_config_type_in_both() -> Drafted:
    """image-spec v1.1.1 manifest.md requires support for config.v1+json, and permits other config types."""
    draft = conforming_draft()
    for manifest in (draft.plain, draft.sentinel):
        manifest["config"]["mediaType"] = DOCKER_CONFIG_TYPE
    return finish(draft)


@variant("SENT-MANIFEST-006", "SENT-MANIFEST-005")
def unknown_fields_in_the_manifests() -> Drafted:
    """Unknown properties are ignored (image-spec v1.1.1 considerations.md, "Extensibility")."""
    draft = conforming_draft()
    draft.plain["x-build"], draft.sentinel["x-build"] = {"by": "us"}, {"by": "others"}
    return finish(draft)


@variant("SENT-MANIFEST-011", "SENT-MANIFEST-006")
def documents_written_by_another_encoder() -> Drafted:
    """Another order of members, blanks, and escaped letters in the sentinel variant (RFC 8259 sections 4, 7)."""
    draft = conforming_draft()
    draft.plain["annotations"] = draft.sentinel["annotations"] = {"org.example.note": "a < b & c, café"}
    draft.sentinel = dict(reversed(draft.sentinel.items()))
    draft.sentinel["layers"] = [dict(sorted(layer.items())) for layer in draft.sentinel["layers"]]
    draft.spelling["sentinel.config"] = lambda raw: json.dumps(json.loads(raw), indent=1, sort_keys=True).encode()
    draft.spelling["sentinel"] = lambda raw: json.dumps(json.loads(raw)).replace("<", "\\u003c").encode()
    return finish(draft)


@variant("SENT-MANIFEST-002", "SENT-CONFIG-002")
def the_same_layer_twice() -> Drafted:
    """Two layers of one digest (image-spec v1.1.1 manifest.md does not require distinct layers)."""
    draft = conforming_draft()
    for manifest, config, first in (
        (draft.plain, draft.plain_config, 0),
        (draft.sentinel, draft.sentinel_config, 1),
    ):
        manifest["layers"].append(deepcopy(manifest["layers"][first]))
        config["rootfs"]["diff_ids"].append(config["rootfs"]["diff_ids"][first])
        config["history"].append({"created_by": "again"})
    return finish(draft)


@variant("SENT-INDEX-001", "SENT-MANIFEST-001")
def sentinel_manifest_alone() -> Drafted:
    """The sentinel manifest under its own tag, without an index: a client with its digest has the annotation too."""
    return _alone(conforming_draft(), 1)


@variant("SENT-MANIFEST-007")
def plain_manifest_alone() -> Drafted:
    """A plain zstd:chunked image without sentinel variant: no source requires one (PR 681 is not merged)."""
    return _alone(conforming_draft(), 0)


@variant("SENT-MANIFEST-011", "SENT-MANIFEST-004", "ANNOT-022")
def legacy_keys_on_the_plain_layers_too() -> Drafted:
    """Keys of the first prefix for the oldest clients in addition to the current ones, in both variants."""
    draft = conforming_draft()
    for manifest, first in ((draft.plain, 0), (draft.sentinel, 1)):
        for layer in manifest["layers"][first:]:
            layer["annotations"] |= legacy_toc_keys(layer["annotations"])
    return finish(draft)


def _with_first_layer(**fields: object) -> Drafted:
    draft = conforming_draft()
    draft.sentinel["layers"][0].update(fields)
    return finish(draft)


def _alone(draft: Draft, position: int) -> Drafted:
    """The manifest of one entry as the root of the image."""
    made = finish(draft)
    return Drafted(made.blobs, made.blobs[read_index(made.root).view.manifests[position].digest])

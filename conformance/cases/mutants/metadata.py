"""Images with one defect: each violates one requirement of SENT-DESC, -MANIFEST, -CONFIG or -INDEX."""

import gzip
from copy import deepcopy

from conformance.format.digest import Digest
from conformance.format.names import (
    DOCKER_CONFIG_TYPE,
    DOCKER_GZIP_TYPE,
    DOCKER_MANIFEST_TYPE,
    ESTARGZ_TOC,
    LAYER_GZIP_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    SENTINEL_ANNOTATION,
    TARSPLIT_POSITION,
    ZSTD_ANNOTATION,
)
from conformance.images.draft import PLATFORM, Draft, Json
from conformance.images.trees import Node, tar_of
from conformance.requirements import mutant

_ARM: Json = {"architecture": "arm64", "os": "linux"}


@mutant("SENT-DESC-001", implies=("SENT-INDEX-009",))
def sentinel_typed_as_layer(draft: Draft) -> None:
    draft.sentinel["layers"][0]["mediaType"] = LAYER_ZSTD_TYPE


@mutant("SENT-DESC-002")
def sentinel_size_off_by_one(draft: Draft) -> None:
    draft.sentinel["layers"][0]["size"] += 1


@mutant("SENT-DESC-003", implies=("SENT-DESC-005",))
def sentinel_with_toc_annotation(draft: Draft) -> None:
    draft.sentinel["layers"][0]["annotations"] = {ESTARGZ_TOC: "sha256:" + "0" * 64}


@mutant("SENT-DESC-004", implies=("SENT-CONFIG-002",))
def sentinel_twice(draft: Draft) -> None:
    draft.sentinel["layers"].insert(1, deepcopy(draft.sentinel["layers"][0]))


@mutant("SENT-DESC-005")
def sentinel_with_urls(draft: Draft) -> None:
    draft.sentinel["layers"][0]["urls"] = []


@mutant("SENT-MANIFEST-001")
def sentinel_last(draft: Draft) -> None:
    draft.sentinel["layers"].append(draft.sentinel["layers"].pop(0))


@mutant("SENT-MANIFEST-002")
def layers_exchanged(draft: Draft) -> None:
    draft.sentinel["layers"][1:] = draft.sentinel["layers"][:0:-1]


@mutant("SENT-MANIFEST-011")
def annotation_added_to_layer(draft: Draft) -> None:
    draft.sentinel["layers"][1]["annotations"]["org.example"] = "only here"


@mutant("SENT-MANIFEST-004")
def layer_without_toc(draft: Draft) -> None:
    for manifest in (draft.plain, draft.sentinel):
        annotations = manifest["layers"][-1]["annotations"]
        for key in (MANIFEST_CHECKSUM, MANIFEST_POSITION, TARSPLIT_POSITION):
            del annotations[key]


@mutant("SENT-MANIFEST-005", implies=("DOC-012",))
def schema_version_one(draft: Draft) -> None:
    draft.sentinel["schemaVersion"] = 1


@mutant("SENT-MANIFEST-006")
def annotations_lost(draft: Draft) -> None:
    del draft.sentinel["annotations"]


@mutant(
    "SENT-MANIFEST-007",
    implies=(
        "SENT-CONFIG-002",
        "SENT-DESC-001",
        "SENT-MANIFEST-002",
        "SENT-MANIFEST-011",
    ),
)
def plain_holds_the_sentinel(draft: Draft) -> None:
    draft.plain["layers"].insert(0, {**draft.sentinel["layers"][0], "mediaType": LAYER_GZIP_TYPE})


@mutant("SENT-MANIFEST-008", implies=("SENT-CONFIG-002", "SENT-MANIFEST-002"))
def sentinel_alone(draft: Draft) -> None:
    del draft.sentinel["layers"][1:]


@mutant("SENT-MANIFEST-009", implies=("ANNOT-004", "FOOTER-002"))
def layer_without_tar_split_position(draft: Draft) -> None:
    for manifest in (draft.plain, draft.sentinel):
        del manifest["layers"][-1]["annotations"][TARSPLIT_POSITION]


@mutant("SENT-CONFIG-001")
def diff_ids_exchanged(draft: Draft) -> None:
    draft.sentinel_config["rootfs"]["diff_ids"][1:] = draft.sentinel_config["rootfs"]["diff_ids"][:0:-1]


@mutant("SENT-CONFIG-002", implies=("SENT-CONFIG-001",))
def diff_id_forgotten(draft: Draft) -> None:
    draft.sentinel_config["rootfs"]["diff_ids"].pop()


@mutant("SENT-CONFIG-007")
def other_environment(draft: Draft) -> None:
    draft.sentinel_config["config"]["Env"] = ["A=c"]


@mutant("SENT-CONFIG-004")
def health_check_lost(draft: Draft) -> None:
    del draft.sentinel_config["config"]["Healthcheck"]


@mutant("SENT-CONFIG-005")
def history_at_the_end(draft: Draft) -> None:
    draft.sentinel_config["history"].append({"created_by": "sentinel"})


@mutant("SENT-CONFIG-006", implies=("DOC-010",))
def config_size_off_by_one(draft: Draft) -> None:
    draft.config_size_off = 1


@mutant("SENT-INDEX-001")
def not_announced(draft: Draft) -> None:
    del draft.entry("sentinel")["annotations"][SENTINEL_ANNOTATION]


@mutant("SENT-INDEX-015")
def sentinel_without_zstd_annotation(draft: Draft) -> None:
    del draft.entry("sentinel")["annotations"][ZSTD_ANNOTATION]


@mutant("SENT-INDEX-015")
def plain_without_zstd_annotation(draft: Draft) -> None:
    del draft.entry("plain")["annotations"]


@mutant("SENT-INDEX-004", implies=("SENT-INDEX-005",))
def sentinel_before_plain(draft: Draft) -> None:
    draft.entries.reverse()


@mutant("SENT-INDEX-005")
def gzip_of_another_platform_last(draft: Draft) -> None:
    _add(draft, "gzip", _ARM, {})
    _of_one_layer(draft, "gzip", _stored(draft, b"\x1f\x8b"))


@mutant("SENT-INDEX-006")
def two_sentinels_of_a_platform(draft: Draft) -> None:
    again, config = deepcopy(draft.sentinel), draft.sentinel_config
    again["x-second"] = True
    draft.extra["again"] = (again, config)
    draft.entries.append({**draft.entry("sentinel"), "of": "again"})


@mutant("SENT-INDEX-007")
def no_plain_entry(draft: Draft) -> None:
    draft.entries.remove(draft.entry("plain"))


@mutant("SENT-INDEX-008", implies=("SENT-INDEX-013",))
def sentinel_of_another_platform(draft: Draft) -> None:
    draft.entry("sentinel")["platform"] = _ARM


@mutant("SENT-INDEX-009")
def plain_announced_as_sentinel(draft: Draft) -> None:
    _add(draft, "lying", _ARM, {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"})
    _of_one_layer(draft, "lying", _stored(draft, b"\x1f\x8b" + bytes(9999)))


@mutant("SENT-INDEX-010")
def docker_manifest_list(draft: Draft) -> None:
    draft.index["mediaType"] = "application/vnd.docker.distribution.manifest.list.v2+json"


@mutant("SENT-INDEX-011", implies=("DOC-010",))
def entry_size_off_by_one(draft: Draft) -> None:
    draft.entry_size_off = 1


@mutant("SENT-INDEX-011", implies=("DOC-010", "SENT-INDEX-007"))
def plain_manifest_missing(draft: Draft) -> None:
    draft.lost.add("plain")


@mutant("SENT-INDEX-017")
def value_in_capitals(draft: Draft) -> None:
    draft.entry("sentinel")["annotations"][SENTINEL_ANNOTATION] = "TRUE"


@mutant("SENT-INDEX-013", implies=("SENT-INDEX-005",))
def platform_left_behind(draft: Draft) -> None:
    _add(draft, "arm", _ARM, {ZSTD_ANNOTATION: "true"})


@mutant("SENT-INDEX-018")
def plain_listed_twice(draft: Draft) -> None:
    plain = draft.entry("plain")
    draft.entries.insert(draft.entries.index(plain), deepcopy(plain))


@mutant("SENT-INDEX-015")
def plain_without_toc_and_zstd_annotations(draft: Draft) -> None:
    """The plain counterpart is ordinary zstd: older clients that prefer zstd then select the sentinel."""
    for layer in draft.plain["layers"]:
        del layer["annotations"]
    del draft.entry("plain")["annotations"]


@mutant("SENT-INDEX-019")
def gzip_twin_of_another_tree(draft: Draft) -> None:
    """First in the index, where clients that read no zstd find it."""
    _add_twin(draft, LAYER_GZIP_TYPE)


@mutant("SENT-INDEX-019")
def docker_twin_of_another_tree(draft: Draft) -> None:
    _add_twin(draft, DOCKER_GZIP_TYPE)
    manifest = draft.extra["another tree"][0]
    manifest["mediaType"] = draft.entries[0]["mediaType"] = DOCKER_MANIFEST_TYPE
    manifest["config"]["mediaType"] = DOCKER_CONFIG_TYPE


@mutant("SENT-INDEX-019")
def twin_of_another_tree_for_x86_64(draft: Draft) -> None:
    """containerd 2 selects it for linux/amd64."""
    _add_twin(draft, LAYER_GZIP_TYPE)
    draft.entries[0]["platform"] = {**PLATFORM, "architecture": "x86_64"}


@mutant("SENT-INDEX-019")
def twin_of_another_tree_with_a_variant(draft: Draft) -> None:
    """crane 0.22.1 and containerd 2 select it for linux/amd64."""
    _add_twin(draft, LAYER_GZIP_TYPE)
    draft.entries[0]["platform"] = {**PLATFORM, "variant": "v1"}


@mutant("SENT-INDEX-019")
def twin_of_another_tree_without_a_platform(draft: Draft) -> None:
    """crane 0.22.1 selects it for linux/amd64."""
    _add_twin(draft, LAYER_GZIP_TYPE)
    del draft.entries[0]["platform"]


@mutant("SENT-INDEX-019")
def twin_of_another_tree_in_a_nested_index(draft: Draft) -> None:
    """In front: crane 0.22.1 and containerd 2 search the nested index first."""
    _add_twin(draft, LAYER_GZIP_TYPE)
    draft.inner = [draft.entries.pop(0)]


@mutant("SENT-CONFIG-008")
def config_typed_as_dockers(draft: Draft) -> None:
    draft.sentinel["config"]["mediaType"] = DOCKER_CONFIG_TYPE


@mutant("SENT-INDEX-016")
def pair_hidden_in_an_inner_index(draft: Draft) -> None:
    draft.inner = deepcopy(draft.entries)


@mutant("SENT-INDEX-017", implies=("SENT-INDEX-015",))
def zstd_value_of_the_sentinel_entry_is_one(draft: Draft) -> None:
    draft.entry("sentinel")["annotations"][ZSTD_ANNOTATION] = "1"


@mutant("SENT-MANIFEST-011", implies=("ANNOT-004", "FOOTER-002"))
def half_of_the_toc_annotations_in_the_plain_variant(draft: Draft) -> None:
    del draft.plain["layers"][0]["annotations"][TARSPLIT_POSITION]


def _stored(draft: Draft, content: bytes) -> Json:
    """A gzip layer of these bytes."""
    return {"mediaType": LAYER_GZIP_TYPE, "digest": draft.add_blob(content), "size": len(content)}


def _add_twin(draft: Draft, media_type: str) -> None:
    """Insert a gzip image of the platform of the pair before it, with a file that the pair lacks."""
    tar = tar_of((Node("only-in-the-twin", content=b"other"),))
    blob = gzip.compress(tar, mtime=0)
    layer = {"mediaType": media_type, "digest": draft.add_blob(blob), "size": len(blob)}
    config = {**deepcopy(draft.plain_config), "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(tar))]}}
    config["history"] = config["history"][:1]
    draft.extra["another tree"] = ({**deepcopy(draft.plain), "layers": [layer]}, config)
    draft.entries.insert(0, {"of": "another tree", "platform": PLATFORM})


def _add(draft: Draft, name: str, platform: Json, annotations: Json) -> None:
    """Append a plain image of another platform to the index."""
    draft.extra[name] = (deepcopy(draft.plain), {**deepcopy(draft.plain_config), **platform})
    draft.entries.append({"of": name, "platform": platform, **({"annotations": annotations} if annotations else {})})


def _of_one_layer(draft: Draft, name: str, layer: Json) -> None:
    """Replace the layers of an added image by one."""
    manifest, config = draft.extra[name]
    manifest["layers"] = [layer]
    del config["rootfs"]["diff_ids"][1:], config["history"][1:]

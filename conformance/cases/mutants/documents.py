"""Images with one document that readers interpret differently, or one part that does not match its descriptor.

Each violates one requirement of DOC, or one of LAYER that is about every layer.
"""

import base64
import gzip
import re
from collections.abc import Callable, Sequence
from copy import deepcopy

from conformance.format.digest import Digest
from conformance.format.names import (
    CHUNKED_PREFIX,
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
    LEGACY_PREFIX,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    MANIFEST_TYPE,
)
from conformance.images.draft import PLATFORM, Draft, Json
from conformance.images.drafted import put_layers
from conformance.images.layer_draft import LayerDraft, draft_layer, finish_layer
from conformance.images.trees import Node, tar_of
from conformance.requirements import mutant

_ARM: Json = {"architecture": "arm64", "os": "linux"}
_TREE = (Node("file", content=b"content\n"),)
_LIE = "sha256:" + "ab" * 32


def _replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda raw: raw.replace(old, new, 1)


def _first(member: str) -> Callable[[bytes], bytes]:
    """Insert a member before the others."""
    return lambda raw: b"{" + member.encode() + b"," + raw[1:]


def other_platform(draft: Draft, layer: bytes, media_type: str, diff_id: str, algorithm: str = "sha256") -> Json:
    """Insert a third image, of another platform and one layer, before the others; return its layer for edits."""
    digest = str(Digest.of(layer, algorithm))
    draft.blobs[digest] = layer
    described: Json = {"mediaType": media_type, "digest": digest, "size": len(layer)}
    manifest = {**deepcopy(draft.plain), "layers": [described]}
    config = {**deepcopy(draft.plain_config), **_ARM, "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    draft.extra["other"] = (manifest, config)
    draft.entries.insert(0, {"of": "other", "platform": _ARM})
    return described


def _gzip_image(draft: Draft, diff_id: str = "") -> Json:
    tar = tar_of(_TREE, blocks=1)
    return other_platform(draft, gzip.compress(tar, mtime=0), LAYER_GZIP_TYPE, diff_id or str(Digest.of(tar)))


@mutant("DOC-001")
def config_after_a_byte_order_mark(draft: Draft) -> None:
    draft.spelling["plain.config"] = lambda raw: b"\xef\xbb\xbf" + raw


@mutant("DOC-001")
def config_with_text_behind(draft: Draft) -> None:
    draft.spelling["plain.config"] = lambda raw: raw + b"{}"


@mutant("DOC-001")
def diff_ids_that_are_a_text(draft: Draft) -> None:
    draft.plain_config["rootfs"]["diff_ids"] = "none"


@mutant("DOC-002")
def system_twice(draft: Draft) -> None:
    draft.spelling["plain.config"] = _replace(b'"os":', b'"os":"windows","os":')


@mutant("DOC-002")
def label_twice(draft: Draft) -> None:
    draft.spelling["index"] = _first('"annotations":{"a":"1","a":"2"}')


@mutant("DOC-002", implies=("SENT-MANIFEST-002",))
def layers_twice(draft: Draft) -> None:
    draft.spelling["sentinel"] = _first('"layers":[]')


@mutant("DOC-003", implies=("SENT-MANIFEST-002",))
def second_list_of_layers(draft: Draft) -> None:
    draft.spelling["sentinel"] = _first('"Layers":[]')


@mutant("DOC-003", implies=("SENT-MANIFEST-002",))
def second_digest_with_a_dotted_i(draft: Draft) -> None:
    draft.spelling["plain"] = _replace(b'"layers":[{', f'"layers":[{{"d\u0130gest":"{_LIE}",'.encode())


@mutant("DOC-003", implies=("SENT-INDEX-011",))
def second_list_of_manifests_with_a_long_s(draft: Draft) -> None:
    draft.spelling["index"] = _first('"manifest\u017f":[]')


@mutant("DOC-003")
def history_with_an_upper_h(draft: Draft) -> None:
    draft.spelling["plain.config"] = _first('"History":[]')


@mutant("DOC-004")
def number_without_bound(draft: Draft) -> None:
    draft.spelling["index"] = _first('"x-limit":1e999')


@mutant("DOC-004")
def integer_of_thirty_digits(draft: Draft) -> None:
    draft.spelling["index"] = _first('"x-count":' + "9" * 30)


@mutant("DOC-004")
def size_beyond_doubles(draft: Draft) -> None:
    draft.spelling["plain.config"] = _replace(b'"Healthcheck":{', b'"StopTimeout":9007199254740993,"Healthcheck":{')
    draft.spelling["sentinel.config"] = draft.spelling["plain.config"]


@mutant("DOC-005")
def half_a_surrogate_pair(draft: Draft) -> None:
    draft.spelling["index"] = _first('"annotations":{"a":"\\ud800"}')


@mutant("DOC-006")
def index_with_layers(draft: Draft) -> None:
    draft.spelling["index"] = _first('"layers":[]')


@mutant("DOC-006")
def index_with_a_config(draft: Draft) -> None:
    """skopeo refuses it as ambiguous; crane, regctl and oras read the index."""
    draft.index["config"] = {"mediaType": "application/vnd.example+json", "digest": _LIE, "size": 2}


@mutant("DOC-006")
def manifest_with_a_history(draft: Draft) -> None:
    draft.spelling["plain"] = _first('"history":[]')


@mutant("DOC-007", implies=("SENT-INDEX-011",))
def entry_with_a_parameter(draft: Draft) -> None:
    draft.entry("plain")["mediaType"] = f"{MANIFEST_TYPE}; charset=utf-8"


@mutant("DOC-007", implies=("SENT-INDEX-011",))
def entry_in_capitals(draft: Draft) -> None:
    draft.entry("plain")["mediaType"] = MANIFEST_TYPE.upper()


@mutant("DOC-007", implies=("SENT-INDEX-011",))
def entry_without_a_media_type(draft: Draft) -> None:
    draft.spelling["index"] = _replace(f'"mediaType":"{MANIFEST_TYPE}",'.encode(), b"")


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_for_the_platform(draft: Draft) -> None:
    _gzip_image(draft)
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=PLATFORM)


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_for_another_version(draft: Draft) -> None:
    """crane, oras and skopeo 1.9.3 ignore the version, and take the entry."""
    _gzip_image(draft)
    platform = {**PLATFORM, "os.version": "9"}
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=platform)


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_for_x86_64(draft: Draft) -> None:
    """regctl takes it for linux/amd64."""
    _gzip_image(draft)
    platform = {**PLATFORM, "architecture": "x86_64"}
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=platform)


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_in_front(draft: Draft) -> None:
    """crane takes an entry without platform for one of linux/amd64."""
    _gzip_image(draft)
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=None)


@mutant("DOC-007")
def layer_type_with_a_blank(draft: Draft) -> None:
    _gzip_image(draft)["mediaType"] = f"{LAYER_GZIP_TYPE} "


@mutant("DOC-008", implies=("SENT-CONFIG-008",))
def config_of_another_type(draft: Draft) -> None:
    draft.plain["config"]["mediaType"] = "application/vnd.example.config+json"


@mutant("DOC-009")
def entry_of_an_unknown_type(draft: Draft) -> None:
    _gzip_image(draft)
    draft.entry("other")["mediaType"] = "application/vnd.example+json"


@mutant("DOC-009")
def layer_of_an_unknown_type(draft: Draft) -> None:
    _gzip_image(draft)["mediaType"] = f"{LAYER_TAR_TYPE}+xz"


@mutant("DOC-010", implies=("SENT-CONFIG-006",))
def config_missing(draft: Draft) -> None:
    draft.lost.add("plain.config")


@mutant("DOC-010", implies=("SENT-CONFIG-006",))
def digest_in_capitals(draft: Draft) -> None:
    """No client resolves it (image-spec v1.1.1 descriptor.md: lower-case letters a to f)."""
    draft.spelling["plain"] = lambda raw: re.sub(rb'("config":[^}]*"digest":"sha256:)([0-9a-f]+)', _capitals, raw)


def _capitals(found: re.Match[bytes]) -> bytes:
    return found[1] + found[2].upper()


@mutant("DOC-011")
def gzip_layer_missing(draft: Draft) -> None:
    draft.lost.add(_gzip_image(draft)["digest"])


@mutant("DOC-011")
def gzip_layer_of_another_size(draft: Draft) -> None:
    _gzip_image(draft)["size"] += 1


@mutant("DOC-011")
def gzip_layer_of_other_bytes(draft: Draft) -> None:
    draft.blobs[_gzip_image(draft)["digest"]] = gzip.compress(tar_of(_TREE, blocks=1), 1, mtime=1)


@mutant("DOC-012")
def manifest_of_schema_1(draft: Draft) -> None:
    draft.plain["schemaVersion"] = 1


@mutant("DOC-012")
def index_of_a_negative_schema(draft: Draft) -> None:
    draft.index["schemaVersion"] = -2


@mutant("DOC-013")
def root_file_system_of_another_type(draft: Draft) -> None:
    draft.plain_config["rootfs"]["type"] = "Layers"


@mutant("DOC-016")
def twin_with_a_layer_less_than_diff_ids(draft: Draft) -> None:
    """Its DiffIDs are those of the pair, and crane exports fewer files."""
    draft.extra["other"] = (
        {**deepcopy(draft.plain), "layers": draft.plain["layers"][:1]},
        deepcopy(draft.plain_config),
    )
    draft.entries.insert(0, {"of": "other", "platform": PLATFORM})


@mutant("DOC-016", implies=("SENT-INDEX-013",))
def other_platform_with_a_diff_id_more(draft: Draft) -> None:
    config = {**deepcopy(draft.plain_config), **_ARM}
    config["rootfs"]["diff_ids"].append(_LIE)
    draft.extra["other"] = (deepcopy(draft.plain), config)
    draft.entries.insert(0, {"of": "other", "platform": _ARM})


@mutant("LAYER-012")
def layer_under_sha512(draft: Draft) -> None:
    tar = tar_of(_TREE, blocks=1)
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)), "sha512")


@mutant("LAYER-013")
def gzip_layer_of_another_diff_id(draft: Draft) -> None:
    _gzip_image(draft, _LIE)


@mutant("LAYER-013")
def gzip_layer_that_is_cut(draft: Draft) -> None:
    tar = tar_of(_TREE, blocks=1)
    other_platform(draft, gzip.compress(tar, mtime=0)[:-9], LAYER_GZIP_TYPE, str(Digest.of(tar)))


@mutant("LAYER-013")
def gzip_stream_typed_as_tar(draft: Draft) -> None:
    """Its DiffID is right only for clients that do not detect the compression."""
    blob = gzip.compress(tar_of(_TREE, blocks=1), mtime=0)
    other_platform(draft, blob, LAYER_TAR_TYPE, str(Digest.of(blob)))


@mutant("LAYER-016")
def gzip_layer_of_text(draft: Draft) -> None:
    """Its DiffID is right."""
    text = b"This is not a tar archive.\n" * 40
    other_platform(draft, gzip.compress(text, mtime=0), LAYER_GZIP_TYPE, str(Digest.of(text)))


@mutant("LAYER-016")
def tar_that_ends_within_a_file(draft: Draft) -> None:
    tar = tar_of((Node("file", content=b"content\n" * 200),), blocks=1)[:900]
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)))


@mutant("LAYER-016")
def tar_with_a_damaged_second_header(draft: Draft) -> None:
    tar = bytearray(tar_of((*_TREE, Node("other")), blocks=1))
    tar[1024] ^= 1
    other_platform(draft, bytes(tar), LAYER_TAR_TYPE, str(Digest.of(bytes(tar))))


@mutant("LAYER-014")
def attribute_of_fuse_overlayfs_in_a_plain_layer(draft: Draft) -> None:
    xattrs = {"user.fuseoverlayfs.override_stat": "0:0:4755"}
    tar = tar_of((Node("tool", content=b"one", xattrs=xattrs),), blocks=1)
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)))


@mutant("LAYER-014")
def opaque_directory_in_a_plain_layer(draft: Draft) -> None:
    tar = tar_of((Node("d/", "dir", xattrs={"user.overlay.opaque": "y"}),), blocks=1)
    other_platform(draft, tar, LAYER_TAR_TYPE, str(Digest.of(tar)))


def _in_both_configs(draft: Draft, change: Callable[[Json], object]) -> None:
    for config in (draft.plain_config, draft.sentinel_config):
        change(config)


@mutant("DOC-015")
def data_of_an_entry_that_is_another_document(draft: Draft) -> None:
    draft.entry("plain")["data"] = base64.b64encode(b"{}").decode()


@mutant("DOC-015")
def data_of_a_layer_with_one_other_byte(draft: Draft) -> None:
    layer = draft.plain["layers"][0]
    content = bytearray(draft.blobs[layer["digest"]])
    content[-1] ^= 1
    layer["data"] = base64.b64encode(content).decode()


@mutant("DOC-015")
def data_of_a_config_that_is_no_base64(draft: Draft) -> None:
    draft.plain["config"]["data"] = "e30"


@mutant("DOC-014")
def time_in_small_letters(draft: Draft) -> None:
    """RFC 3339 permits it, and every client in Go refuses the config."""
    _in_both_configs(draft, lambda config: config.update(created="2026-01-31t23:59:59z"))


@mutant("DOC-014")
def time_with_a_zone_of_four_digits(draft: Draft) -> None:
    _in_both_configs(draft, lambda config: config["history"][0].update(created="2026-01-31T23:59:59+0100"))


@mutant("DOC-014")
def build_step_that_is_a_text(draft: Draft) -> None:
    """crane 0.22.1 refuses the config, skopeo does not read the field."""
    _in_both_configs(draft, lambda config: config["config"].update(OnBuild="RUN true"))


@mutant("DOC-014")
def label_that_is_a_number(draft: Draft) -> None:
    _in_both_configs(draft, lambda config: config["config"].update(Labels={"k": 1}))


@mutant("DOC-014")
def entrypoint_that_is_a_text(draft: Draft) -> None:
    _in_both_configs(draft, lambda config: config["config"].update(Entrypoint="/bin/a"))


@mutant("DOC-014")
def time_of_creation_that_is_none(draft: Draft) -> None:
    _in_both_configs(draft, lambda config: config.update(created="yesterday"))


@mutant("DOC-014")
def urls_that_are_a_text(draft: Draft) -> None:
    draft.index["subject"] = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": "sha256:" + "0" * 64,
        "size": 2,
        "urls": "https://registry.example",
    }


@mutant("DOC-001", implies=("SENT-INDEX-008",))
def config_without_operating_system(draft: Draft) -> None:
    _in_both_configs(draft, lambda config: config.pop("os"))


_DIRECTORY = (Node("etc", "dir"), Node("etc/f", content=b"lower"))


def _two_layers(draft: Draft, lower: Sequence[Node], upper: Sequence[Node]) -> None:
    put_layers(draft, draft_layer(tuple(lower)), draft_layer(tuple(upper)))


@mutant("TAR-056")
def file_below_a_link_of_a_lower_layer(draft: Draft) -> None:
    """By tar it replaces etc/f; podman 6, by TOC, creates a directory named link."""
    link = Node("link", "symlink", link_name="etc")
    _two_layers(draft, (*_DIRECTORY, link), (Node("link/f", content=b"upper"),))


@mutant("TAR-056")
def file_below_a_file_of_a_lower_layer(draft: Draft) -> None:
    _two_layers(draft, (Node("a", content=b"lower"),), (Node("./a/b/c", content=b"upper"),))


@mutant("TAR-056")
def whiteout_below_a_link_of_a_lower_layer(draft: Draft) -> None:
    link = Node("link", "symlink", link_name="etc")
    _two_layers(draft, (*_DIRECTORY, link), (Node("link/.wh.f"), Node("other", content=b"upper")))


@mutant("TAR-056")
def opaque_whiteout_below_a_link_of_a_lower_layer(draft: Draft) -> None:
    """umoci and containerd empty etc, podman 4 and crane do nothing, podman 6, by TOC, creates a directory."""
    link = Node("link", "symlink", link_name="etc")
    _two_layers(draft, (*_DIRECTORY, link), (Node("link/.wh..wh..opq"), Node("other", content=b"upper")))


@mutant("TAR-058")
def opaque_whiteout_at_the_root(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("./.wh..wh..opq"), Node("other", content=b"upper")))


@mutant("TAR-059")
def hard_link_to_a_file_of_a_lower_layer(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("h", "hardlink", link_name="./etc/f"), Node("other", content=b"upper")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_file_that_its_layer_removes(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("etc/.wh.f"), Node("h", "hardlink", link_name="etc/f")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_file_that_an_opaque_directory_hides(draft: Draft) -> None:
    upper = (Node("etc", "dir"), Node("etc/.wh..wh..opq"), Node("h", "hardlink", link_name="etc/f"))
    _two_layers(draft, _DIRECTORY, upper)


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_below_a_file_of_its_layer(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("etc", content=b"upper"), Node("h", "hardlink", link_name="etc/f")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_name_that_no_layer_has(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("h", "hardlink", link_name="etc/g"), Node("other", content=b"upper")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_directory_of_a_lower_layer(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("h", "hardlink", link_name="./etc"), Node("other", content=b"upper")))


@mutant("SEC-013")
def another_tree_by_legacy_keys_alone(draft: Draft) -> None:
    """podman 4.3.1 reads these keys."""
    _with_legacy_keys(draft, lambda layer: layer.toc["entries"][0].update(name="other"))


@mutant("SEC-013")
def legacy_keys_of_no_toc(draft: Draft) -> None:
    _with_legacy_keys(draft, lambda layer: setattr(layer, "document", b"[]"))


def _with_legacy_keys(draft: Draft, edit: Callable[[LayerDraft], object]) -> None:
    """An image of another platform, whose layer has the keys of an old writer only."""
    layer = draft_layer(_TREE)
    edit(layer)
    made = finish_layer(layer)
    described = other_platform(draft, made.blob, LAYER_ZSTD_TYPE, made.diff_id)
    described["annotations"] = {
        key.replace(CHUNKED_PREFIX, LEGACY_PREFIX): made.descriptor["annotations"][key]
        for key in (MANIFEST_CHECKSUM, MANIFEST_POSITION)
    }

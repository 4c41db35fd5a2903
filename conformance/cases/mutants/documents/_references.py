"""Images with a descriptor that does not match what it names."""

import base64
import gzip
import re
from copy import deepcopy

from conformance.cases.mutants.documents._parts import ARM, OTHER_DIGEST, TREE, gzip_image
from conformance.images.draft import PLATFORM, Draft
from conformance.images.drafted import insert_image
from conformance.images.trees import tar_of
from conformance.requirements import mutant


@mutant("DOC-010", implies=("SENT-CONFIG-006",))
def config_missing(draft: Draft) -> None:
    draft.lost.add("plain.config")


@mutant("DOC-010", implies=("SENT-CONFIG-006", "DOC-017"))
def digest_in_capitals(draft: Draft) -> None:
    """No client resolves it (image-spec v1.1.1 descriptor.md: lower-case letters a to f)."""
    draft.spelling["plain"] = lambda raw: re.sub(rb'("config":[^}]*"digest":"sha256:)([0-9a-f]+)', _capitals, raw)


@mutant("DOC-011")
def gzip_layer_missing(draft: Draft) -> None:
    draft.lost.add(gzip_image(draft)["digest"])


@mutant("DOC-011")
def gzip_layer_of_another_size(draft: Draft) -> None:
    gzip_image(draft)["size"] += 1


@mutant("DOC-011")
def gzip_layer_of_other_bytes(draft: Draft) -> None:
    draft.blobs[gzip_image(draft)["digest"]] = gzip.compress(tar_of(TREE, blocks=1), 1, mtime=1)


@mutant("DOC-016")
def twin_with_a_layer_less_than_diff_ids(draft: Draft) -> None:
    """Its DiffIDs are those of the pair, and crane exports fewer files."""
    manifest = {**deepcopy(draft.plain), "layers": draft.plain["layers"][:1]}
    insert_image(draft, manifest, deepcopy(draft.plain_config), PLATFORM)


@mutant("DOC-016", implies=("SENT-INDEX-013",))
def other_platform_with_a_diff_id_more(draft: Draft) -> None:
    config = {**deepcopy(draft.plain_config), **ARM}
    config["rootfs"]["diff_ids"].append(OTHER_DIGEST)
    insert_image(draft, deepcopy(draft.plain), config, ARM)


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


def _capitals(found: re.Match[bytes]) -> bytes:
    return found[1] + found[2].upper()

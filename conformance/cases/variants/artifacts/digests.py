"""Digests of another algorithm: image-spec v1.1.1 descriptor.md registers sha512 beside sha256."""

from conformance.format.digest import Digest
from conformance.format.names import MANIFEST_TYPE, SENTINEL_TYPE
from conformance.images.draft import Drafted, Json, conforming_draft, finish
from conformance.images.drafted import edit_index
from conformance.requirements import variant


@variant(warns=("LAYER-012",))
def manifests_named_by_sha512() -> Drafted:
    """sha512 for the manifests of an index (image-spec v1.1.1 descriptor.md, "Registered Algorithms")."""
    made = finish(conforming_draft())
    blobs = dict(made.blobs)

    def rename(index: Json) -> None:
        for entry in index["manifests"]:
            _rename(entry, blobs)

    return Drafted(blobs, edit_index(made, rename).root)


@variant("SENT-MANIFEST-002", "LAYER-003", warns=("LAYER-012",))
def data_layers_named_by_sha512() -> Drafted:
    """sha512 for the data layers, the same in both variants (image-spec v1.1.1 descriptor.md)."""
    draft = conforming_draft()
    for manifest in (draft.plain, draft.sentinel):
        for layer in manifest["layers"]:
            if layer["mediaType"] != SENTINEL_TYPE:
                _rename(layer, draft.blobs)
    return finish(draft)


@variant("SENT-CONFIG-001", "SENT-DESC-002", warns=("LAYER-012",))
def sentinel_named_by_sha512() -> Drafted:
    """sha512 for the sentinel, which is its own DiffID too (image-spec v1.1.1 descriptor.md, config.md)."""
    draft = conforming_draft()
    first = draft.sentinel["layers"][0]
    _rename(first, draft.blobs)
    draft.sentinel_config["rootfs"]["diff_ids"][0] = first["digest"]
    return finish(draft)


@variant("DOC-017")
def subject_named_by_an_unregistered_algorithm() -> Drafted:
    """An algorithm that is not registered needs the general form only (image-spec v1.1.1 descriptor.md, "Digests")."""
    draft = conforming_draft()
    digest = "multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8"
    draft.index["subject"] = {"mediaType": MANIFEST_TYPE, "digest": digest, "size": 7}
    return finish(draft)


def _rename(descriptor: Json, blobs: dict[str, bytes]) -> None:
    content = blobs[descriptor["digest"]]
    descriptor["digest"] = str(Digest.of(content, "sha512"))
    blobs[descriptor["digest"]] = content

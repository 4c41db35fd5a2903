"""Images with a document or a blob whose media type does not state what it is."""

from conformance.cases.mutants.documents._parts import OTHER_DIGEST, gzip_image, insert_first, replace
from conformance.format.names import CONFIG_TYPE, INDEX_TYPE, LAYER_GZIP_TYPE, LAYER_TAR_TYPE, MANIFEST_TYPE
from conformance.images.draft import PLATFORM, Draft
from conformance.requirements import mutant


@mutant("DOC-006")
def index_with_layers(draft: Draft) -> None:
    draft.spelling["index"] = insert_first('"layers":[]')


@mutant("DOC-006")
def index_with_a_config(draft: Draft) -> None:
    """skopeo refuses it as ambiguous; crane, regctl and oras read the index."""
    draft.index["config"] = {"mediaType": "application/vnd.example+json", "digest": OTHER_DIGEST, "size": 2}


@mutant("DOC-006")
def manifest_with_a_history(draft: Draft) -> None:
    draft.spelling["plain"] = insert_first('"history":[]')


@mutant("DOC-019")
def entry_of_a_manifest_as_an_index(draft: Draft) -> None:
    """umoci refuses it as malicious; skopeo, regctl and oras read the manifest."""
    gzip_image(draft)
    draft.spelling["other"] = replace(f'"mediaType":"{MANIFEST_TYPE}",'.encode(), b"")
    draft.entry("other")["mediaType"] = INDEX_TYPE


@mutant("DOC-021")
def artifact_type_of_words(draft: Draft) -> None:
    for manifest in (draft.plain, draft.sentinel):
        manifest["artifactType"] = "a web server"


@mutant("DOC-021", implies=("DOC-009",))
def entry_of_a_type_without_a_slash(draft: Draft) -> None:
    gzip_image(draft)
    draft.entry("other")["mediaType"] = "example"


@mutant("DOC-019")
def inner_index_of_the_type_of_manifests(draft: Draft) -> None:
    """regctl and umoci refuse such an index; skopeo, podman and oras go by the entry."""
    gzip_image(draft)
    draft.inner = [draft.entries.pop(0)]
    draft.spelling["inner"] = replace(INDEX_TYPE.encode(), MANIFEST_TYPE.encode())


@mutant("DOC-019", implies=("SENT-INDEX-011",))
def manifest_of_the_type_of_configs(draft: Draft) -> None:
    """regctl and umoci refuse it; skopeo, podman and oras go by the entry."""
    gzip_image(draft)
    draft.extra["other"][0]["mediaType"] = CONFIG_TYPE


@mutant("DOC-007", implies=("SENT-INDEX-011",))
def entry_with_a_parameter(draft: Draft) -> None:
    draft.entry("plain")["mediaType"] = f"{MANIFEST_TYPE}; charset=utf-8"


@mutant("DOC-007", implies=("SENT-INDEX-011",))
def entry_in_capitals(draft: Draft) -> None:
    draft.entry("plain")["mediaType"] = MANIFEST_TYPE.upper()


@mutant("DOC-007", implies=("SENT-INDEX-011",))
def entry_without_a_media_type(draft: Draft) -> None:
    draft.spelling["index"] = replace(f'"mediaType":"{MANIFEST_TYPE}",'.encode(), b"")


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_for_the_platform(draft: Draft) -> None:
    gzip_image(draft)
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=PLATFORM)


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_for_another_version(draft: Draft) -> None:
    """crane, oras and skopeo 1.9.3 ignore the version, and take the entry."""
    gzip_image(draft)
    platform = {**PLATFORM, "os.version": "9"}
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=platform)


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_for_x86_64(draft: Draft) -> None:
    """regctl takes it for linux/amd64."""
    gzip_image(draft)
    platform = {**PLATFORM, "architecture": "x86_64"}
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=platform)


@mutant("DOC-007", implies=("DOC-009",))
def entry_of_an_unknown_type_in_front(draft: Draft) -> None:
    """crane takes an entry without platform for one of linux/amd64."""
    gzip_image(draft)
    draft.entry("other").update(mediaType="application/vnd.example+json", platform=None)


@mutant("DOC-007")
def layer_type_with_a_blank(draft: Draft) -> None:
    gzip_image(draft)["mediaType"] = f"{LAYER_GZIP_TYPE} "


@mutant("DOC-008", implies=("SENT-CONFIG-008",))
def config_of_another_type(draft: Draft) -> None:
    draft.plain["config"]["mediaType"] = "application/vnd.example.config+json"


@mutant("DOC-009")
def entry_of_an_unknown_type(draft: Draft) -> None:
    gzip_image(draft)
    draft.entry("other")["mediaType"] = "application/vnd.example+json"


@mutant("DOC-009")
def layer_of_an_unknown_type(draft: Draft) -> None:
    gzip_image(draft)["mediaType"] = f"{LAYER_TAR_TYPE}+xz"


@mutant("DOC-012")
def manifest_of_schema_1(draft: Draft) -> None:
    draft.plain["schemaVersion"] = 1


@mutant("DOC-012")
def index_of_a_negative_schema(draft: Draft) -> None:
    draft.index["schemaVersion"] = -2


@mutant("DOC-013")
def root_file_system_of_another_type(draft: Draft) -> None:
    draft.plain_config["rootfs"]["type"] = "Layers"

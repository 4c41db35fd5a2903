"""Registries with one defect each: the embedded registry, and the requirement that the defect violates."""

from conformance.registry.server.defects import DEFECTS, Defect
from conformance.requirements import mutant


@mutant(
    "REG-001",
    implies=(
        "REG-002",
        "REG-003",
        "REG-014",
        "REG-020",
        "REG-025",
        "REG-026",
    ),
)
def rejects_sentinel_type() -> Defect:
    return DEFECTS["rejects-sentinel-type"]()


@mutant(
    "REG-002",
    implies=(
        "REG-003",
        "REG-020",
        "REG-021",
        "REG-025",
    ),
)
def merges_twin_platforms() -> Defect:
    return DEFECTS["merges-twin-platforms"]()


@mutant(
    "REG-002",
    implies=(
        "REG-003",
        "REG-020",
        "REG-021",
        "REG-025",
    ),
)
def sorts_index() -> Defect:
    return DEFECTS["sorts-index"]()


@mutant(
    "REG-003",
    implies=(
        "REG-014",
        "REG-020",
        "REG-025",
    ),
)
def reencodes_json() -> Defect:
    return DEFECTS["reencodes-json"]()


@mutant(
    "REG-003",
    implies=(
        "REG-014",
        "REG-020",
        "REG-025",
    ),
)
def drops_annotations() -> Defect:
    return DEFECTS["drops-annotations"]()


@mutant(
    "REG-004",
    implies=(
        "REG-011",
        "REG-014",
        "REG-020",
        "REG-025",
    ),
)
def shortens_sentinel() -> Defect:
    return DEFECTS["shortens-sentinel"]()


@mutant("REG-005", implies=("REG-006",))
def ignores_range() -> Defect:
    return DEFECTS["ignores-range"]()


@mutant("REG-006")
def ignores_multi_range() -> Defect:
    return DEFECTS["ignores-multi-range"]()


@mutant(
    "REG-029",
    implies=(
        "REG-006",
        "REG-024",
    ),
)
def first_range_only() -> Defect:
    return DEFECTS["first-range-only"]()


@mutant("REG-006", implies=("REG-024",))
def reorders_parts() -> Defect:
    return DEFECTS["reorders-parts"]()


@mutant(
    "REG-028",
    implies=("REG-005",),
)
def wrong_content_range() -> Defect:
    return DEFECTS["wrong-content-range"]()


@mutant(
    "REG-028",
    implies=(
        "REG-005",
        "REG-006",
        "REG-024",
    ),
)
def wrong_bytes_in_206() -> Defect:
    return DEFECTS["wrong-bytes-in-206"]()


@mutant(
    "REG-028",
    implies=(
        "REG-005",
        "REG-006",
        "REG-024",
    ),
)
def whole_body_as_206() -> Defect:
    return DEFECTS["whole-body-as-206"]()


@mutant(
    "REG-022",
    implies=(
        "REG-006",
        "REG-028",
    ),
)
def server_error_on_many_ranges() -> Defect:
    return DEFECTS["500-on-many-ranges"]()


@mutant("REG-008")
def past_end_is_200() -> Defect:
    return DEFECTS["past-end-is-200"]()


@mutant("REG-028")
def suffix_from_start() -> Defect:
    return DEFECTS["suffix-from-start"]()


@mutant(
    "REG-010",
    implies=(
        "REG-005",
        "REG-006",
        "REG-008",
        "REG-024",
        "REG-028",
    ),
)
def redirects_drop_range() -> Defect:
    return DEFECTS["redirects-drop-range"]()


@mutant("REG-011", implies=("REG-015",))
def head_missing_is_200() -> Defect:
    return DEFECTS["head-missing-is-200"]()


@mutant("REG-012")
def never_mounts() -> Defect:
    return DEFECTS["never-mounts"]()


@mutant("REG-013", implies=("REG-012",))
def refuses_mount() -> Defect:
    return DEFECTS["refuses-mount"]()


@mutant("REG-014")
def loses_shared_blobs_on_delete() -> Defect:
    return DEFECTS["loses-shared-blobs-on-delete"]()


@mutant("REG-014")
def garbage_collection_forgets_lists() -> Defect:
    return DEFECTS["garbage-collection-forgets-lists"]()


@mutant("REG-015")
def accepts_wrong_digest() -> Defect:
    return DEFECTS["accepts-wrong-digest"]()


@mutant("REG-016")
def drops_missing_entries() -> Defect:
    return DEFECTS["drops-missing-entries"]()


@mutant("REG-017")
def generic_content_type() -> Defect:
    return DEFECTS["generic-content-type"]()


@mutant("REG-018")
def no_referrers() -> Defect:
    return DEFECTS["no-referrers"]()


@mutant(
    "REG-025",
    implies=(
        "REG-020",
        "REG-026",
    ),
)
def loses_concurrent_uploads() -> Defect:
    return DEFECTS["loses-concurrent-uploads"]()


@mutant("REG-020")
def deleted_manifests_stay() -> Defect:
    return DEFECTS["deleted-manifests-stay"]()


@mutant("REG-021")
def invents_without_accept() -> Defect:
    return DEFECTS["invents-without-accept"]()


@mutant("REG-023")
def refuses_docker_entries() -> Defect:
    return DEFECTS["refuses-docker-entries"]()


@mutant("REG-024")
def joins_near_ranges() -> Defect:
    return DEFECTS["joins-near-ranges"]()


@mutant("REG-026", implies=("REG-020",))
def refuses_while_uploads_overlap() -> Defect:
    return DEFECTS["refuses-while-uploads-overlap"]()


@mutant("REG-027")
def head_without_length() -> Defect:
    return DEFECTS["head-without-length"]()

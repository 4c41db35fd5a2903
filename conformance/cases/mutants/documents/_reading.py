"""Documents that one reader interprets differently from another, or refuses."""

from collections.abc import Callable

from conformance.cases.mutants.documents._parts import OTHER_DIGEST, insert_first, replace
from conformance.images.draft import Draft, Json
from conformance.requirements import mutant


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
    draft.spelling["plain.config"] = replace(b'"os":', b'"os":"windows","os":')


@mutant("DOC-002")
def label_twice(draft: Draft) -> None:
    draft.spelling["index"] = insert_first('"annotations":{"a":"1","a":"2"}')


@mutant("DOC-002", implies=("SENT-MANIFEST-002",))
def layers_twice(draft: Draft) -> None:
    draft.spelling["sentinel"] = insert_first('"layers":[]')


@mutant("DOC-003", implies=("SENT-MANIFEST-002",))
def second_list_of_layers(draft: Draft) -> None:
    draft.spelling["sentinel"] = insert_first('"Layers":[]')


@mutant("DOC-003", implies=("SENT-MANIFEST-002",))
def second_digest_with_a_dotted_i(draft: Draft) -> None:
    draft.spelling["plain"] = replace(b'"layers":[{', f'"layers":[{{"d\u0130gest":"{OTHER_DIGEST}",'.encode())


@mutant("DOC-003", implies=("SENT-INDEX-011",))
def second_list_of_manifests_with_a_long_s(draft: Draft) -> None:
    draft.spelling["index"] = insert_first('"manifest\u017f":[]')


@mutant("DOC-003")
def history_with_an_upper_h(draft: Draft) -> None:
    draft.spelling["plain.config"] = insert_first('"History":[]')


@mutant("DOC-004")
def number_without_bound(draft: Draft) -> None:
    draft.spelling["index"] = insert_first('"x-limit":1e999')


@mutant("DOC-004")
def integer_of_thirty_digits(draft: Draft) -> None:
    draft.spelling["index"] = insert_first('"x-count":' + "9" * 30)


@mutant("DOC-004")
def size_beyond_doubles(draft: Draft) -> None:
    draft.spelling["plain.config"] = replace(b'"Healthcheck":{', b'"StopTimeout":9007199254740993,"Healthcheck":{')
    draft.spelling["sentinel.config"] = draft.spelling["plain.config"]


@mutant("DOC-005")
def half_a_surrogate_pair(draft: Draft) -> None:
    draft.spelling["index"] = insert_first('"annotations":{"a":"\\ud800"}')


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


def _in_both_configs(draft: Draft, change: Callable[[Json], object]) -> None:
    for config in (draft.plain_config, draft.sentinel_config):
        change(config)

"""ANNOT-022: legacy keys beside the current ones, which older clients read instead."""

import msgspec
import pytest

from conformance.checks.artifact.layer_annotations import legacy_keys_as_the_current
from conformance.format.names import (
    LAYER_ZSTD_TYPE,
    LEGACY_PREFIX,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    TARSPLIT_POSITION,
)
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations
from conformance.observed.layer import LayersSeen
from tests.checks.judged import layers

CURRENT = {MANIFEST_CHECKSUM: "sha256:mmm", MANIFEST_POSITION: "1:2:3:1"}


def judged(annotations: dict[str, str]) -> list[tuple[str, str, str]]:
    seen = msgspec.structs.replace(
        layers.layer(),
        descriptor=Descriptor(LAYER_ZSTD_TYPE, "sha256:blob", 9, annotations),
        annotations=ChunkedAnnotations.of(annotations),
    )
    found = legacy_keys_as_the_current(LayersSeen((seen,), deep=True))
    return [(each.outcome, each.where.partition(LEGACY_PREFIX)[2], each.expected) for each in found]


@pytest.mark.parametrize(("value", "outcome"), [("sha256:mmm", "pass"), ("sha256:aaa", "fail"), ("sha256:zzz", "fail")])
def test_a_legacy_key_has_the_value_of_the_current_one(value: str, outcome: str) -> None:
    ((found, key, expected),) = judged({**CURRENT, LEGACY_PREFIX + "manifest-checksum": value})
    assert (found, key) == (outcome, "manifest-checksum'")
    assert outcome == "pass" or expected == f"'sha256:mmm', as {MANIFEST_CHECKSUM}"


def test_a_legacy_key_without_a_current_one_fails() -> None:
    ((found, key, expected),) = judged({**CURRENT, LEGACY_PREFIX + "tarsplit-position": "1:2:3"})
    assert (found, key) == ("fail", "tarsplit-position'")
    assert expected == f"no such key, for there is no {TARSPLIT_POSITION}"


def test_all_keys_are_judged_in_order_and_unknown_ones_are_not() -> None:
    legacy = {LEGACY_PREFIX + name: "x" for name in ("manifest-position", "unknown", "manifest-checksum")}
    assert [key for _, key, _ in judged({**CURRENT, **legacy})] == ["manifest-checksum'", "manifest-position'"]


def test_a_layer_of_an_old_writer_is_not_judged() -> None:
    assert judged({LEGACY_PREFIX + "manifest-checksum": "x"}) == []
    assert judged(CURRENT) == []

"""The limits of the checks: what Linux has, how much of a hostile image is inspected, and how much a report lists."""

from types import ModuleType

import pytest

from conformance.checks.artifact import (
    documents,
    hard_links,
    layer_chunks,
    layer_toc,
    linux_rules,
    other_layers,
    sentinel_blob,
    stack_rules,
)
from conformance.checks.consumer import pull


@pytest.mark.parametrize(
    ("module", "name", "due"),
    [
        # include/uapi/linux/limits.h, kdev_t.h, chown(2); path_resolution(7) for 40 symlinks.
        (linux_rules, "UNCHANGED", 4_294_967_295),
        (linux_rules, "MAX_MAJOR", 4095),
        (linux_rules, "MAX_MINOR", 1_048_575),
        (linux_rules, "MAX_COMPONENT", 255),
        (linux_rules, "MAX_PATH", 4095),
        (linux_rules, "MAX_ATTRIBUTE_NAME", 255),
        (linux_rules, "MAX_ATTRIBUTE", 65_536),
        (hard_links, "MAX_LINKS", 40),
        (hard_links, "MAX_PARTS", 4096),
        (stack_rules, "MAX_CHARACTERS", 2_000_000),
        (stack_rules, "MAX_COMPARED", 10_000_000),
        (documents, "SCHEMA_VERSION", 2),
        (documents, "_MAX", 10),
        (layer_chunks, "_MAX", 10),
        (layer_toc, "_MAX", 10),
        (other_layers, "_MAX", 10),
        (sentinel_blob, "MAX_NAMED", 8),
        # A pull may fetch 5 % more than the layers have that it needs.
        (pull, "_SHARE", 1.05),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_limit(module: ModuleType, name: str, due: float) -> None:
    assert getattr(module, name) == due

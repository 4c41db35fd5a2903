"""The operations, options and compressions of the claimed roles that an adapter does not support."""

from collections.abc import Iterator, Mapping
from typing import Final

from conformance.implementations.adapter import Adapter
from conformance.implementations.adapter_document import COMPRESSIONS, OPERATIONS, ImplementationRole, Operation, Option

# The operations that cases of a role request, and the options of each. docs/adapters.md lists them.
_ASKED: Final[Mapping[ImplementationRole, Mapping[Operation, tuple[Option, ...]]]] = {
    "producer": {
        "push": ("all", "preserve-digests", "no-sentinel", "sign"),
        "store": ("all",),
        "archive": ("all",),
    },
    "consumer-aware": {"unpack": ("platform", "no-partial", "prefer-gzip")},
    "consumer-unaware": {"unpack": ("platform",), "scan": ("platform",)},
    "copier": {
        "copy": ("all", "preserve-digests", "to-docker"),
        "recompress": ("all", "preserve-digests"),
        "pull": ("preserve-digests",),
        "export": (),
        "build": (),
    },
}


def unsupported_of(adapter: Adapter) -> Iterator[str]:
    """What cases will find unsupported, each in one line; first the declared features."""
    for feature, reason in adapter.unsupported.items():
        yield f"{feature}: {reason} (declared)"
    for role in adapter.roles:
        for operation, options in _ASKED[role].items():
            if operation in adapter.unsupported:
                continue
            if operation not in adapter.operations and role.startswith("consumer") and _looks(adapter):
                continue  # one operation that inspects an image is sufficient
            if operation not in adapter.operations:
                yield f"{operation}: no such operation ({role})"
                continue
            lacking = [option for option in options if not _has(adapter, operation, option)]
            if lacking:
                yield f"{operation} with {', '.join(lacking)}: no such option ({role})"
    writes = any(adapter.uses(operation, "compression") for operation in OPERATIONS)
    able = {*adapter.compressions, *adapter.operations_with}
    lacking_compressions = [name for name in COMPRESSIONS if name not in able]
    if writes and lacking_compressions:
        yield f"writing {', '.join(lacking_compressions)}: not among its compressions"
    if adapter.tags_only:
        yield "pushing and copying to a digest: it takes tags only"


def _looks(adapter: Adapter) -> bool:
    return bool({"unpack", "scan"} & set(adapter.operations))


def _has(adapter: Adapter, operation: Operation, option: Option) -> bool:
    """Whether the option can be requested; declared features are reported separately."""
    return option in adapter.unsupported or adapter.option(operation, option) is not None

"""The model of adapter files, and the JSON Schema that is published from it (adapter.schema.json)."""

from inspect import cleandoc
from typing import Annotated, Any, Final, Literal, get_args

import msgspec

from conformance.requirements import ImplementationProfile

SCHEMA_VERSION: Final = 3
"""The version of the adapter language. 2 added setup, login, service, files, options of one operation, and others;
3 added operations_with.
"""
Operation = Literal["push", "pull", "copy", "recompress", "export", "unpack", "scan", "store", "archive", "build"]
Option = Literal[
    "authfile",
    "login",
    "cafile",
    "platform",
    "all",
    "preserve-digests",
    "to-docker",
    "prefer-gzip",
    "no-partial",
    "no-sentinel",
    "sign",
]
Compression = Literal["gzip", "zstd", "zstd:chunked", "uncompressed"]
Feature = Literal[Operation, Option, Compression]
Request = Literal[Option, Compression]
"""What a case may request of an operation."""
ImplementationRole = Literal["producer", "consumer-aware", "consumer-unaware", "copier"]
StorageDriver = Literal["vfs", "overlay"]
OPERATIONS: Final[tuple[Operation, ...]] = get_args(Operation)
COMPRESSIONS: Final[tuple[Compression, ...]] = get_args(Compression)
# The tables and lists with a fixed set of values.
KNOWN_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "roles": get_args(ImplementationRole),
    "profiles": get_args(ImplementationProfile),
    "operations": OPERATIONS,
    "options": get_args(Option),
    "operation_options": OPERATIONS,
    "operations_with": get_args(Request),
    "compressions": COMPRESSIONS,
    "unsupported": get_args(Feature),
    "storage": get_args(StorageDriver),
}
SCHEMA_FILE: Final = "adapter.schema.json"

Arguments = list[str]
Steps = list[str | list[str]]


def _all_compressions() -> list[Compression]:
    return list(COMPRESSIONS)


class AdapterDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of an adapter file.

    ``roles`` or ``profiles`` are needed: a profile has its role; a role without a profile claims one that
    docs/adapters.md names. An operation is one argument vector, or a list of them that are run one after the other.
    ``entry_point`` is the path of an executable, relative to the file, or an argument vector to which the protocol's
    arguments are added. ``options`` are the arguments that replace ``{options}``; an empty list means that the tool
    always behaves this way. ``operation_options`` are those of one operation, before ``options``. ``operations_with``
    are the commands of an operation where an option or compression is requested that its usual commands cannot express.
    ``executable`` is searched for to determine whether the tool is installed (default: the first argument of
    ``version``), ``refusals`` are regular expressions for output that states a reason, ``timeout`` is in seconds.
    ``storage`` is the driver of containers-storage: it pulls in parts with ``overlay`` only, which needs mounts.

    Around each operation: ``files`` (path below HOME to content) are written, ``setup`` is run, ``service`` is started
    and ``ready`` is run until it succeeds, ``login`` is run where the registry requires authentication; at the end,
    whatever happened, the service is stopped and ``teardown`` is run. ``scan_output`` is the file that a scan writes
    its list to. ``tags_only``: the tool accepts no digests. ``https_only``: it does not use plain HTTP.
    """

    name: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9._-]{0,63}$")]
    description: Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
    roles: list[ImplementationRole] = []
    profiles: list[ImplementationProfile] = []
    schema_version: Annotated[int, msgspec.Meta(ge=1)] = SCHEMA_VERSION
    homepage: str = ""
    executable: str = ""
    version: Arguments = []
    entry_point: str | Arguments = ""
    operations: dict[Operation, Steps] = {}
    options: dict[Option, Arguments] = {}
    operation_options: dict[Operation, dict[Option, Arguments]] = {}
    operations_with: dict[Request, dict[Operation, Steps]] = {}
    compressions: list[Compression] = msgspec.field(default_factory=_all_compressions)
    environment: dict[str, str] = {}
    files: dict[str, str] = {}
    setup: Steps = []
    service: Arguments = []
    ready: Arguments = []
    login: Steps = []
    teardown: Steps = []
    scan_output: str = ""
    tags_only: bool = False
    https_only: bool = False
    refusals: list[str] = []
    unsupported: dict[Feature, str] = {}
    storage: StorageDriver = "vfs"
    timeout: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 120


def build_schema() -> dict[str, Any]:
    """The JSON Schema of adapter files."""
    schema = msgspec.json.schema(AdapterDocument)
    model = schema["$defs"]["AdapterDocument"]
    model["description"] = cleandoc(model["description"])  # Python 3.13 stores docstrings without their indentation
    properties = model["properties"]
    properties["schema_version"]["maximum"] = SCHEMA_VERSION
    for table in ("operations", "options", "operation_options", "operations_with", "unsupported"):
        properties[table]["propertyNames"] = {"enum": sorted(KNOWN_WORDS[table])}  # msgspec has no names of keys
    properties["operation_options"]["additionalProperties"]["propertyNames"] = {"enum": sorted(get_args(Option))}
    properties["operations_with"]["additionalProperties"]["propertyNames"] = {"enum": sorted(OPERATIONS)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Adapter of an implementation (schema version {SCHEMA_VERSION})",
        **schema,
    }

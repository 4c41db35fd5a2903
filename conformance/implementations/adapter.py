"""Adapters: TOML files that describe how to run a tool (schema: adapter.schema.json in this directory).

An adapter has argument vectors for the operations of the tool, or names an executable that implements the entry-point
protocol (``protocol``). Every mistake in the file is an AdapterError of one line.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from conformance.implementations import protocol
from conformance.implementations.adapter_claims import NEEDED, claimed_profiles, read_roles
from conformance.implementations.adapter_document import (
    COMPRESSIONS,
    KNOWN_WORDS,
    OPERATIONS,
    SCHEMA_VERSION,
    AdapterDocument,
    Arguments,
    ImplementationRole,
    Operation,
    Option,
    StorageDriver,
)
from conformance.implementations.adapter_vectors import (
    read_arguments,
    read_environment,
    read_expression,
    read_files,
    read_steps,
    read_template,
    read_vector,
)
from conformance.implementations.placeholders import OPTIONS, Vector, words
from conformance.requirements import Profile, Role

_MAX_FILE: Final = 2**20


class AdapterError(Exception):
    """An invalid adapter; one line with the file, the key, the mistake and what is expected."""


class Adapter(msgspec.Struct, frozen=True):
    """An adapter ready to run.

    ``profiles`` has at least one of each role. ``operations`` are steps, ``refusals`` regular expressions for output
    that states a reason, ``unsupported`` features by name with the reason declared, ``timeout`` seconds for one
    operation. ``speaks_protocol``: its exit statuses are those of the entry-point protocol. The other fields are as in
    AdapterDocument.
    """

    name: str
    description: str
    roles: tuple[ImplementationRole, ...]
    profiles: tuple[Profile, ...]
    executable: str
    version: Vector
    operations: Mapping[str, tuple[Vector, ...]]
    options: Mapping[str, Vector] = {}
    operation_options: Mapping[str, Mapping[str, Vector]] = {}
    operations_with: Mapping[str, Mapping[str, tuple[Vector, ...]]] = {}
    compressions: tuple[str, ...] = COMPRESSIONS
    environment: Mapping[str, str] = {}
    files: Mapping[str, str] = {}
    setup: tuple[Vector, ...] = ()
    service: Vector = ()
    ready: Vector = ()
    login: tuple[Vector, ...] = ()
    teardown: tuple[Vector, ...] = ()
    scan_output: str = ""
    tags_only: bool = False
    https_only: bool = False
    refusals: tuple[str, ...] = ()
    unsupported: Mapping[str, str] = {}
    storage: StorageDriver = "vfs"
    timeout: int = 120
    homepage: str = ""
    speaks_protocol: bool = False

    def steps(self, operation: Operation, requested: Sequence[str] = ()) -> tuple[Vector, ...]:
        """The commands of this operation with these options and this compression; empty where there are none."""
        request = self._own_request(operation, requested)
        return self.operations_with[request][operation] if request else self.operations.get(operation, ())

    def _own_request(self, operation: Operation, requested: Sequence[str]) -> str:
        """The first of these options and compressions that this operation has commands of its own for, or ""."""
        return next((each for each in requested if operation in self.operations_with.get(each, {})), "")

    def writes(self, operation: Operation, compression: str) -> bool:
        """Whether this operation can be requested with this compression."""
        return compression in self.compressions or operation in self.operations_with.get(compression, {})

    def uses(self, operation: Operation, placeholder: str, requested: Sequence[str] = ()) -> bool:
        """Whether this operation has this placeholder: some tools unpack a ``layout``, others a ``reference``."""
        steps = self.steps(operation, requested)
        return any(placeholder in words(argument) for step in steps for argument in step)

    def option(self, operation: Operation, option: Option, requested: Sequence[str] = ()) -> Vector | None:
        """The arguments of this option for this operation; None when it cannot be requested.

        ``requested`` are all options and the compression. Partial pulls are switched off in the settings of the storage
        where the tool has no option for it.
        """
        if option == self._own_request(operation, (*requested, option)):
            return ()
        if not any(OPTIONS in step for step in self.steps(operation, requested)):
            return () if self.switches_partial_pulls(option) else None
        own = self.operation_options.get(operation, {})
        if option in own or option in self.options:
            return own[option] if option in own else self.options[option]
        return () if self.switches_partial_pulls(option) else None

    def knows(self, option: Option) -> bool:
        """Whether the option can be requested for at least one operation."""
        return any(self.option(operation, option) is not None for operation in OPERATIONS)

    def switches_partial_pulls(self, option: Option) -> bool:
        """Whether this option is a setting of the storage, which the suite writes."""
        return option == "no-partial" and self.storage == "overlay" and option not in self.options


def builtin_adapters() -> tuple[str, ...]:
    """The names of the shipped adapters, sorted."""
    folder = files("conformance.implementations") / "adapters"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def find_adapter(text: str) -> Adapter:
    """A shipped adapter by name, or one from a file; AdapterError if it is neither."""
    if text in builtin_adapters():
        folder = files("conformance.implementations") / "adapters"
        return parse_adapter((folder / f"{text}.toml").read_text("utf-8"), source=f"{text} (shipped)")
    path = Path(text)
    if path.is_file():
        return load_adapter(path)
    known = ", ".join(builtin_adapters())
    raise AdapterError(f"{text}: no such file, and no shipped adapter of this name; shipped: {known}")


def load_adapter(path: Path) -> Adapter:
    """Read an adapter file; AdapterError for any mistake in it."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE + 1)
        if len(raw) > _MAX_FILE:
            raise AdapterError(f"{path}: larger than {_MAX_FILE} bytes")
        text = raw.decode("utf-8")
    except OSError as error:
        raise AdapterError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AdapterError(f"{path}: not UTF-8 at byte {error.start}") from None
    return parse_adapter(text, source=str(path), directory=path.parent)


def parse_adapter(text: str, *, source: str, directory: Path | None = None) -> Adapter:
    """Read an adapter's TOML; ``directory`` is where a relative entry point is searched for."""
    try:
        fields = tomllib.loads(text)
        _reject_strings(fields)
        _reject_newer(fields.get("schema_version"))
        document = msgspec.convert(fields, AdapterDocument)
        return _resolve(document, directory or Path())
    except tomllib.TOMLDecodeError as error:
        raise AdapterError(f"{source}: not TOML: {error}") from None
    except RecursionError:
        raise AdapterError(f"{source}: nested too deeply") from None
    except msgspec.ValidationError as error:
        raise AdapterError(f"{source}: {_mistake(str(error))}") from None
    except ValueError as error:
        raise AdapterError(f"{source}: {error}") from None


_NO_SUCH_WORD: Final = ("Invalid enum value", "Object contains unknown field")


def _mistake(error: str) -> str:
    """The place, then the mistake; msgspec reports "… - at `$.roles[0]`" or "… - at `key` in `$.options`"."""
    what, _, path = error.partition(" - at `")
    where = path.removeprefix("key` in `").rstrip("`").removeprefix("$").lstrip(".")
    known = KNOWN_WORDS.get(where.partition("[")[0], ())
    if not where and what.startswith("Object contains unknown field"):
        known = AdapterDocument.__struct_encode_fields__
    choice = f"; choose from {', '.join(known)}" if known and what.startswith(_NO_SUCH_WORD) else ""
    return f"{where + ': ' if where else ''}{what}{choice}"


def _reject_newer(version: object) -> None:
    """Refuse a file of a later version by its version, not for its unknown keys."""
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise ValueError(f"schema_version: {version}; this suite knows versions up to {SCHEMA_VERSION}")


def _reject_strings(fields: Mapping[str, Any]) -> None:
    """Refuse shell commands in the place of argument vectors with a message that states what to write."""
    places = {key: fields.get(key) for key in ("version", "setup", "service", "ready", "login", "teardown")}
    for table in ("operations", "options"):
        inner = fields.get(table)
        if isinstance(inner, dict):
            places |= {f"{table}.{key}": value for key, value in inner.items()}
    own = fields.get("operations_with")
    for request, inner in own.items() if isinstance(own, dict) else ():
        if isinstance(inner, dict):
            places |= {f"operations_with.{request}.{key}": value for key, value in inner.items()}
    for where, value in places.items():
        if isinstance(value, str):
            example = ", ".join(f'"{part}"' for part in value.split()[:4])
            raise ValueError(f"{where}: a string; there is no shell, give an argument vector: [{example}]")


def _resolve(document: AdapterDocument, directory: Path) -> Adapter:
    adapter = _of_entry_point(document, directory) if document.entry_point else _of_vectors(document)
    _check_roles(adapter)
    if adapter.ready and not adapter.service:
        raise ValueError("ready: indicates when the service can be used; there is no service")
    for feature, reason in adapter.unsupported.items():
        if not reason.strip():
            raise ValueError(f"unsupported.{feature}: declared without a reason")
    return adapter


def _of_entry_point(document: AdapterDocument, directory: Path) -> Adapter:
    tables = (document.operations, document.options, document.operation_options, document.operations_with)
    if any(tables) or document.version:
        raise ValueError("operations, options and version are the protocol's own when there is an entry_point")
    prefix = _entry_point(document.entry_point, directory)
    operations = {name: ((*prefix, *vector),) for name, vector in protocol.OPERATIONS.items()}
    return _adapter(document, (*prefix, *protocol.VERSION), operations, protocol.OPTIONS, speaks_protocol=True)


def _of_vectors(document: AdapterDocument) -> Adapter:
    if not document.operations:
        raise ValueError("give operations, or an entry_point")
    if not document.version:
        raise ValueError("version: the argument vector that prints the tool's version is missing")
    operations = {str(name): read_steps(steps, f"operations.{name}") for name, steps in document.operations.items()}
    options = {str(name): read_arguments(vector, f"options.{name}") for name, vector in document.options.items()}
    return _adapter(document, read_vector(document.version, "version"), operations, options, speaks_protocol=False)


def _adapter(
    document: AdapterDocument,
    version: Vector,
    operations: Mapping[str, tuple[Vector, ...]],
    options: Mapping[str, Vector],
    *,
    speaks_protocol: bool,
) -> Adapter:
    roles = read_roles(document)
    return Adapter(
        name=document.name,
        description=document.description,
        roles=roles,
        profiles=claimed_profiles(roles, document.profiles, operations),
        executable=document.executable or version[0],
        version=version,
        operations=operations,
        options=options,
        operation_options=_operation_options(document),
        operations_with=_operations_with(document),
        compressions=tuple(document.compressions),
        environment=read_environment(document.environment),
        files=read_files(document.files),
        setup=read_steps(document.setup, "setup", around=True) if document.setup else (),
        service=read_vector(document.service, "service", around=True) if document.service else (),
        ready=read_vector(document.ready, "ready", around=True) if document.ready else (),
        login=read_steps(document.login, "login", around=True) if document.login else (),
        teardown=read_steps(document.teardown, "teardown", around=True) if document.teardown else (),
        scan_output=read_template(document.scan_output, "scan_output"),
        tags_only=document.tags_only,
        https_only=document.https_only,
        refusals=tuple(read_expression(text) for text in document.refusals),
        unsupported={str(feature): reason for feature, reason in document.unsupported.items()},
        storage=document.storage,
        timeout=document.timeout,
        homepage=document.homepage,
        speaks_protocol=speaks_protocol,
    )


def _entry_point(entry_point: str | Arguments, directory: Path) -> Vector:
    if isinstance(entry_point, str):
        return (str((directory / entry_point).resolve()),)
    return read_vector(entry_point, "entry_point")


def _operation_options(document: AdapterDocument) -> dict[str, dict[str, Vector]]:
    _require_operations(document, "operation_options", document.operation_options)
    return {
        str(operation): {
            str(name): read_arguments(vector, f"operation_options.{operation}.{name}")
            for name, vector in options.items()
        }
        for operation, options in document.operation_options.items()
    }


def _operations_with(document: AdapterDocument) -> dict[str, dict[str, tuple[Vector, ...]]]:
    for request, operations in document.operations_with.items():
        _require_operations(document, f"operations_with.{request}", operations)
    return {
        str(request): {
            str(operation): read_steps(steps, f"operations_with.{request}.{operation}")
            for operation, steps in operations.items()
        }
        for request, operations in document.operations_with.items()
    }


def _require_operations(document: AdapterDocument, table: str, operations: Iterable[Operation]) -> None:
    for operation in operations:
        if operation not in document.operations:
            raise ValueError(f"{table}.{operation}: there is no such operation in this file")


def _check_roles(adapter: Adapter) -> None:
    if {"consumer-aware", "consumer-unaware"} <= set(adapter.roles):
        raise ValueError("roles: a tool either knows sentinels (consumer-aware) or does not (consumer-unaware)")
    for role in adapter.roles:
        lacking = operations_lacking(adapter, role)
        if lacking:
            raise ValueError(f"roles: {lacking}")


def operations_lacking(adapter: Adapter, role: Role) -> str:
    """Why the tool cannot be judged in this role, in one sentence; "" when it has one of the operations needed."""
    able = set(adapter.operations) - set(adapter.unsupported)
    return f"a {role} needs the operation {' or '.join(NEEDED[role])}" if able.isdisjoint(NEEDED[role]) else ""

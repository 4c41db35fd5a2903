"""Adapters: a TOML file that says how a tool is driven (docs: adapter.schema.json beside this file).

A tool is described by argument vectors for its operations, or is an executable that speaks the entry-point
protocol itself (``protocol``). Every mistake in the file is an AdapterError of one line.
"""

import re
import tomllib
from collections.abc import Container, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from conformance.implementations import protocol
from conformance.implementations.adapter_document import (
    COMPRESSIONS,
    KNOWN_WORDS,
    AdapterDocument,
    Arguments,
    ImplementationRole,
    Operation,
    Steps,
    StorageDriver,
)
from conformance.implementations.placeholders import OPTIONS, PLACEHOLDERS, Vector, words
from conformance.requirements import Profile, Role, definition_of

# What a role cannot be judged without: one of these operations.
_NEEDED: Final[Mapping[Role, tuple[Operation, ...]]] = {
    "producer": ("push",),
    "consumer-aware": ("unpack", "pull"),
    "consumer-unaware": ("unpack", "pull", "scan"),
    "copier": ("copy", "recompress", "export"),
}
_RUNNERS_OWN: Final = ("HOME", "PATH", "TMPDIR")
_MAX_FILE: Final = 2**20
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class AdapterError(Exception):
    """An adapter that cannot be used; one line: which file, which key, what is wrong and what is wanted."""


class Adapter(msgspec.Struct, frozen=True):
    """An adapter ready to run.

    ``profiles`` has at least one of each role. ``operations`` are steps, ``refusals`` regular expressions for output
    that states a reason, ``unsupported`` features by name with the reason declared, ``timeout`` seconds for one
    operation. ``speaks_protocol``: its exit statuses are those of the entry-point protocol.
    """

    name: str
    description: str
    roles: tuple[ImplementationRole, ...]
    profiles: tuple[Profile, ...]
    executable: str
    version: Vector
    operations: Mapping[str, tuple[Vector, ...]]
    options: Mapping[str, Vector] = {}
    compressions: tuple[str, ...] = COMPRESSIONS
    environment: Mapping[str, str] = {}
    refusals: tuple[str, ...] = ()
    unsupported: Mapping[str, str] = {}
    storage: StorageDriver = "vfs"
    timeout: int = 120
    homepage: str = ""
    speaks_protocol: bool = False

    def uses(self, operation: Operation, placeholder: str) -> bool:
        """Whether this operation takes this value: some tools unpack a ``layout``, others a ``reference``."""
        steps = self.operations.get(operation, ())
        return any(placeholder in words(argument) for step in steps for argument in step)


def builtin_adapters() -> tuple[str, ...]:
    """The names of the adapters that are shipped, sorted."""
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
    """Read an adapter file; AdapterError for everything that is wrong with it."""
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
    """Read an adapter's TOML; ``directory`` is where a relative entry point is looked for."""
    try:
        fields = tomllib.loads(text)
        _reject_strings(fields)
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


def _mistake(error: str) -> str:
    """The place, then what is wrong with it; msgspec says "… - at `$.roles[0]`" or "… - at `key` in `$.options`"."""
    what, _, path = error.partition(" - at `")
    where = path.removeprefix("key` in `").rstrip("`").removeprefix("$").lstrip(".")
    known = KNOWN_WORDS.get(where.partition("[")[0], ())
    choice = f"; choose from {', '.join(known)}" if known and what.startswith("Invalid enum value") else ""
    return f"{where + ': ' if where else ''}{what}{choice}"


def _reject_strings(fields: Mapping[str, Any]) -> None:
    """Commands for a shell, where argument vectors belong, get a message that says what to write."""
    places = {"version": fields.get("version")}
    for table in ("operations", "options"):
        inner = fields.get(table)
        if isinstance(inner, dict):
            places |= {f"{table}.{key}": value for key, value in inner.items()}
    for where, value in places.items():
        if isinstance(value, str):
            example = ", ".join(f'"{part}"' for part in value.split()[:4])
            raise ValueError(f"{where}: a string; there is no shell, give an argument vector: [{example}]")


def _resolve(document: AdapterDocument, directory: Path) -> Adapter:
    adapter = _of_entry_point(document, directory) if document.entry_point else _of_vectors(document)
    _check_roles(adapter)
    for feature, reason in adapter.unsupported.items():
        if not reason.strip():
            raise ValueError(f"unsupported.{feature}: declared without a reason")
    return adapter


def _of_entry_point(document: AdapterDocument, directory: Path) -> Adapter:
    if document.operations or document.options or document.version:
        raise ValueError("operations, options and version are the protocol's own when there is an entry_point")
    prefix = _entry_point(document.entry_point, directory)
    operations = {name: ((*prefix, *vector),) for name, vector in protocol.OPERATIONS.items()}
    return _adapter(document, (*prefix, *protocol.VERSION), operations, protocol.OPTIONS, speaks_protocol=True)


def _of_vectors(document: AdapterDocument) -> Adapter:
    if not document.operations:
        raise ValueError("give operations, or an entry_point")
    if not document.version:
        raise ValueError("version: the argument vector that prints the tool's version is missing")
    operations = {str(name): _steps(steps, f"operations.{name}") for name, steps in document.operations.items()}
    options = {str(name): _arguments(vector, f"options.{name}") for name, vector in document.options.items()}
    return _adapter(document, _vector(document.version, "version"), operations, options, speaks_protocol=False)


def _adapter(
    document: AdapterDocument,
    version: Vector,
    operations: Mapping[str, tuple[Vector, ...]],
    options: Mapping[str, Vector],
    *,
    speaks_protocol: bool,
) -> Adapter:
    roles = _roles(document)
    return Adapter(
        name=document.name,
        description=document.description,
        roles=roles,
        profiles=claimed_profiles(roles, document.profiles, operations),
        executable=document.executable or version[0],
        version=version,
        operations=operations,
        options=options,
        compressions=tuple(document.compressions),
        environment=_environment(document.environment),
        refusals=tuple(_expression(text) for text in document.refusals),
        unsupported={str(feature): reason for feature, reason in document.unsupported.items()},
        storage=document.storage,
        timeout=document.timeout,
        homepage=document.homepage,
        speaks_protocol=speaks_protocol,
    )


def _entry_point(entry_point: str | Arguments, directory: Path) -> Vector:
    if isinstance(entry_point, str):
        return (str((directory / entry_point).resolve()),)
    return _vector(entry_point, "entry_point")


def _steps(steps: Steps, where: str) -> tuple[Vector, ...]:
    if all(isinstance(step, str) for step in steps):
        return (_vector(steps, where, first=True),)
    return tuple(
        _vector(step, f"{where}[{number}]", first=number == 0) if isinstance(step, list) else _mixed(where)
        for number, step in enumerate(steps)
    )


def _mixed(where: str) -> Vector:
    raise ValueError(f"{where}: arguments and argument vectors are mixed; give one vector, or a list of vectors")


def _vector(arguments: list[Any], where: str, *, first: bool = True) -> Vector:
    if not arguments or not arguments[0]:
        raise ValueError(f"{where}: an empty argument vector; its first element is the program")
    if len(arguments) == 1 and " " in arguments[0].strip():
        raise ValueError(f"{where}: {arguments[0]!r} is one argument; give each argument by itself")
    return _arguments(arguments, where, first=first)


def _arguments(arguments: list[Any], where: str, *, first: bool = True) -> Vector:
    for argument in arguments:
        if "\0" in argument:
            raise ValueError(f"{where}: an argument holds a NUL")
        if argument != OPTIONS:
            _check_words(argument, where, first=first)
    return tuple(arguments)


def _check_words(argument: str, where: str, *, first: bool) -> None:
    for word in words(argument):
        if word == "options":
            raise ValueError(f"{where}: {OPTIONS} stands for whole arguments and must be one by itself")
        if word not in PLACEHOLDERS:
            raise ValueError(f"{where}: {{{word}}} is no placeholder; known: {', '.join(PLACEHOLDERS)}, options")
        if word == "stdout" and first:
            raise ValueError(f"{where}: {{stdout}} is what the step before printed; there is no step before")


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    for name, value in environment.items():
        if not _ENVIRONMENT_NAME.fullmatch(name):
            raise ValueError(f"environment: {name!r} is no name of an environment variable")
        if name in _RUNNERS_OWN or name.startswith("XDG_"):
            raise ValueError(f"environment.{name}: is set for each run, to a directory of its own")
        _check_words(value, f"environment.{name}", first=True)
    return dict(environment)


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"refusals: {text!r} is no regular expression: {error}") from None
    return text


def _roles(document: AdapterDocument) -> tuple[ImplementationRole, ...]:
    """The roles named, or those of the profiles, in the order of the catalogue."""
    if not document.roles and not document.profiles:
        raise ValueError("roles, profiles: name what it is judged as, in one of them")
    implied = {definition_of(profile).role for profile in document.profiles}
    for profile in document.profiles:
        if document.roles and definition_of(profile).role not in document.roles:
            raise ValueError(
                f"profiles: {profile} is a profile of the role {definition_of(profile).role}; add it to roles"
            )
    return tuple(document.roles) or tuple(role for role in get_args(ImplementationRole) if role in implied)


def claimed_profiles(
    roles: Sequence[ImplementationRole], named: Sequence[Profile], operations: Container[str]
) -> tuple[Profile, ...]:
    """The profiles named, and one for each role that none of them is of.

    Who is ``consumer-aware`` knows sentinels; then it is taken for a producer and copier that knows them too.
    """
    aware = "consumer-aware" in roles
    copier: Profile = "recompressing-copier" if "recompress" in operations else "copier"
    by_role: dict[ImplementationRole, Profile] = {
        "producer": "sentinel-producer" if aware else "layer-producer",
        "consumer-aware": "sentinel-consumer",
        "consumer-unaware": "tar-consumer",
        "copier": "sentinel-copier" if aware else copier,
    }
    covered = {definition_of(profile).role for profile in named}
    return tuple(dict.fromkeys((*named, *(by_role[role] for role in roles if role not in covered))))


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
    return f"a {role} needs the operation {' or '.join(_NEEDED[role])}" if able.isdisjoint(_NEEDED[role]) else ""

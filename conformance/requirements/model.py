"""The model of a requirement, and the loader of the catalogue (requirements.toml beside this file)."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

import msgspec

from conformance.requirements.profiles import Profile, binds
from conformance.requirements.roles import Role

Level = Literal["MUST", "SHOULD", "MAY"]
# The class of source: a published standard, the pull request or its review, the behaviour of a named implementation,
# or this project alone.
RequirementClass = Literal["standard", "pull-request", "implementation", "project"]
CLASSES: tuple[RequirementClass, ...] = get_args(RequirementClass)
LEVELS: tuple[Level, ...] = get_args(Level)
_ID = re.compile(r"[A-Z]+(-[A-Z]+)*-\d{3}")


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decidable sentence, with its roles and its source."""

    id: str
    level: Level
    roles: tuple[Role, ...]
    statement: str
    why: str
    source: str
    check: str
    profiles: tuple[Profile, ...]
    class_: RequirementClass = msgspec.field(name="class")
    # The remedy: one imperative sentence.
    advice: str = ""

    @property
    def group(self) -> str:
        """``SENT-BLOB`` of ``SENT-BLOB-001``."""
        return self.id.rsplit("-", 1)[0]

    def binds(self, profile: Profile) -> bool:
        """Whether this profile includes this requirement."""
        return binds(profile, self.id, self.profiles)


class Retired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A retired id: no id changes its meaning. ``successors`` replace it."""

    id: str
    reason: str
    successors: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    revision: str
    requirement: tuple[Requirement, ...]
    retired: tuple[Retired, ...] = ()


class CatalogueError(ValueError):
    """The catalogue file is wrong; the message names the requirement."""


class Catalogue(msgspec.Struct, frozen=True):
    """All requirements of one format revision, in the order of the file."""

    revision: str
    requirements: tuple[Requirement, ...]
    retired: tuple[Retired, ...] = ()

    def __getitem__(self, requirement_id: str) -> Requirement:
        for requirement in self.requirements:
            if requirement.id == requirement_id:
                return requirement
        raise KeyError(f"no requirement {requirement_id!r} in the catalogue")

    def statement_of(self, requirement_id: str) -> str:
        """The statement, or for an unknown id the reason."""
        for requirement in self.requirements:
            if requirement.id == requirement_id:
                return requirement.statement
        for item in self.retired:
            if item.id == requirement_id:
                return f"(retired: {item.reason})"
        return "(unknown to this catalogue)"

    def advice_on(self, requirement_id: str) -> str:
        """The remedy; "" where the catalogue has no advice."""
        return next((item.advice for item in self.requirements if item.id == requirement_id), "")

    def ids(self) -> frozenset[str]:
        return frozenset(requirement.id for requirement in self.requirements)

    def of_role(self, role: Role) -> tuple[Requirement, ...]:
        return tuple(requirement for requirement in self.requirements if role in requirement.roles)

    def of_profile(self, profile: Profile) -> tuple[Requirement, ...]:
        """The requirements of ``profile``, including those of the profiles that it includes."""
        return tuple(requirement for requirement in self.requirements if requirement.binds(profile))


def parse_catalogue(text: str) -> Catalogue:
    """Read and validate a catalogue; raise CatalogueError naming what is wrong."""
    try:
        parsed = msgspec.convert(tomllib.loads(text), _File, strict=False)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CatalogueError(f"requirements.toml: {error}") from None
    seen: set[str] = set()
    for requirement in parsed.requirement:
        _validate(requirement, seen)
        seen.add(requirement.id)
    _validate_retired(parsed.retired, seen)
    return Catalogue(parsed.revision, parsed.requirement, parsed.retired)


@cache
def load_catalogue() -> Catalogue:
    """The catalogue shipped with this package."""
    return parse_catalogue(files(__package__).joinpath("requirements.toml").read_text("utf-8"))


@cache
def ids_of(profile: Profile) -> frozenset[str]:
    """The ids of the shipped catalogue for this profile."""
    return frozenset(requirement.id for requirement in load_catalogue().of_profile(profile))


def _validate(requirement: Requirement, seen: set[str]) -> None:
    if not _ID.fullmatch(requirement.id):
        raise CatalogueError(f"{requirement.id!r} is not an id like SENT-BLOB-001")
    if requirement.id in seen:
        raise CatalogueError(f"{requirement.id} occurs twice")
    if not requirement.roles or len(set(requirement.roles)) != len(requirement.roles):
        raise CatalogueError(f"{requirement.id}: roles must be given, each once")
    if not requirement.profiles or len(set(requirement.profiles)) != len(requirement.profiles):
        raise CatalogueError(f"{requirement.id}: profiles must be given, each once")
    for field in ("statement", "why", "source", "check"):
        text = getattr(requirement, field)
        if not text.strip():
            raise CatalogueError(f"{requirement.id}: {field} is empty")
    if not requirement.statement.endswith("."):
        raise CatalogueError(f"{requirement.id}: the statement is one sentence and ends with a full stop")


def _validate_retired(retired: tuple[Retired, ...], known: set[str]) -> None:
    ids = [item.id for item in retired]
    for item in retired:
        if not _ID.fullmatch(item.id):
            raise CatalogueError(f"{item.id!r} is not an id like SENT-BLOB-001")
        if item.id in known:
            raise CatalogueError(f"{item.id} is retired and is still a requirement")
        if ids.count(item.id) > 1:
            raise CatalogueError(f"{item.id} is retired twice")
        if not item.reason.strip():
            raise CatalogueError(f"{item.id} is retired without a reason")
        for successor in item.successors:
            if successor not in known and successor not in ids:
                raise CatalogueError(f"{item.id}: its successor {successor} is not in the catalogue")

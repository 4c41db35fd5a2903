"""The catalogue: what a conforming artifact, registry or implementation does."""

from conformance.requirements.binding import broken_by, decided_by, decides, find_checks, find_mutants, mutant
from conformance.requirements.model import (
    CLASSES,
    LEVELS,
    ROLES,
    Catalogue,
    CatalogueError,
    Level,
    Requirement,
    RequirementClass,
    Retired,
    Role,
    load_catalogue,
    parse_catalogue,
)
from conformance.requirements.profiles import DEFINITIONS, PROFILES, Profile, ProfileDefinition, definition_of

__all__ = [
    "CLASSES",
    "DEFINITIONS",
    "LEVELS",
    "PROFILES",
    "ROLES",
    "Catalogue",
    "CatalogueError",
    "Level",
    "Profile",
    "ProfileDefinition",
    "Requirement",
    "RequirementClass",
    "Retired",
    "Role",
    "broken_by",
    "decided_by",
    "decides",
    "definition_of",
    "find_checks",
    "find_mutants",
    "load_catalogue",
    "mutant",
    "parse_catalogue",
]

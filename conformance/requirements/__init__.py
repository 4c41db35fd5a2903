"""The catalogue: what a conforming artifact, registry or implementation does."""

from conformance.requirements.binding import broken_by, decided_by, decides, find_checks, find_mutants, mutant
from conformance.requirements.model import (
    CLASSES,
    LEVELS,
    Catalogue,
    CatalogueError,
    Level,
    Requirement,
    RequirementClass,
    ids_of,
    load_catalogue,
    parse_catalogue,
)
from conformance.requirements.profiles import (
    DEFINITIONS,
    PROFILES,
    Profile,
    ProfileDefinition,
    definition_of,
    hazard_of,
    profiles_of,
)
from conformance.requirements.roles import ROLES, Role

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
    "Role",
    "broken_by",
    "decided_by",
    "decides",
    "definition_of",
    "find_checks",
    "find_mutants",
    "hazard_of",
    "ids_of",
    "load_catalogue",
    "mutant",
    "parse_catalogue",
    "profiles_of",
]

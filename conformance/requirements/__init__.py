"""The catalogue: what a conforming artifact, registry or implementation does."""

from conformance.requirements.binding import broken_by, decided_by, decides, find_checks, find_mutants, mutant
from conformance.requirements.model import (
    LEVELS,
    ROLES,
    Catalogue,
    CatalogueError,
    Level,
    Requirement,
    Role,
    load_catalogue,
    parse_catalogue,
)

__all__ = [
    "LEVELS",
    "ROLES",
    "Catalogue",
    "CatalogueError",
    "Level",
    "Requirement",
    "Role",
    "broken_by",
    "decided_by",
    "decides",
    "find_checks",
    "find_mutants",
    "load_catalogue",
    "mutant",
    "parse_catalogue",
]

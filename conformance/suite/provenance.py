"""Provenance of a run: its target, the catalogue, the waivers, and the judged program."""

import shutil
from pathlib import Path
from typing import Final

import pytest

from conformance.implementations.placeholders import words
from conformance.reports.provenance import (
    Flag,
    Identity,
    Provenance,
    Target,
    catalogue_digest,
    digest_of_waivers,
    program_identity,
)
from conformance.suite.properties import attach, attached
from conformance.suite.settings import SuiteSettings

_PROPERTY: Final = "conformance.identity"


def provenance_of(settings: SuiteSettings, responses: str = "") -> Provenance:
    """The criteria and the target of this run; ``responses`` of ``fingerprint_of``."""
    return Provenance(catalogue_digest(), _target(settings), digest_of_waivers(settings.waivers), responses)


def _target(settings: SuiteSettings) -> Target:
    flags: tuple[Flag, ...] = ("golden",) if settings.golden else ()
    profiles = () if settings.implied else settings.profiles
    if settings.adapter is not None:
        # A file is named by its adapter: its path has no meaning on another machine.
        is_file = Path(settings.implementation).is_file()
        name = settings.adapter.name if is_file else settings.implementation
        return Target("implementation", (name,), flags, settings.roles, profiles, settings.effort)
    if settings.read_only:
        return Target(
            "read-only", tuple(map(str, settings.read_only)), flags, settings.roles, profiles, settings.effort
        )
    return Target("registry", (settings.registry,), flags, settings.roles, profiles, settings.effort)


def program_of(settings: SuiteSettings) -> Identity | None:
    """The file of the program under test; None for a registry, and where no file is the program.

    An interpreter that runs a module, or a program that a run makes for itself, does not identify the tool.
    """
    if settings.adapter is None or any(words(settings.adapter.executable)):
        return None
    found = shutil.which(settings.adapter.executable)
    return program_identity(Path(found).resolve()) if found else None


def attach_identity(item: pytest.Item, name: str, identity: Identity | None) -> None:
    """Attach to a test which image it judged under ``name``."""
    attach(item, _PROPERTY, (name, identity))


def identities_of(report: pytest.TestReport) -> dict[str, Identity | None]:
    """The images that a test judged, by target."""
    return dict(attached(report, _PROPERTY, tuple[str, Identity | None]))

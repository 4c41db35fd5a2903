"""Which of the collected tests belong to a run."""

import pytest

from conformance.requirements import Role
from conformance.suite.selection import OF_REGISTRIES
from conformance.suite.settings import SuiteSettings


def is_wanted(item: pytest.Item, settings: SuiteSettings) -> bool:
    """Whether this run makes the test, by mode, role and claimed profiles."""
    if bool(settings.read_only) != (item.get_closest_marker("read_only") is not None):
        return False
    if item.get_closest_marker("golden") is not None and not settings.golden:
        return False
    role = item.get_closest_marker("role")
    if role is None:
        return settings.adapter is None
    if settings.adapter is None and not set(OF_REGISTRIES).intersection(role.args):
        return False
    if settings.roles and not set(role.args) & set(settings.roles):
        return False
    return _is_owed(item, settings)


def _is_owed(item: pytest.Item, settings: SuiteSettings) -> bool:
    """Whether the requirement of this test is part of a claimed profile, or becomes a note."""
    requirement = item.get_closest_marker("requirement")
    if requirement is None or settings.read_only:
        return True
    name = requirement.args[0]
    roles = judged_roles(item, settings)
    return any(settings.owes(role, name) or settings.risks(role, name) for role in roles)


def judged_roles(item: pytest.Item, settings: SuiteSettings) -> tuple[Role, ...]:
    """The roles of this test in this run: for an implementation those that are judged."""
    marker = item.get_closest_marker("role")
    named: tuple[Role, ...] = marker.args if marker else ("artifact",)
    return tuple(role for role in named if role in settings.roles) if settings.adapter else named[:1]

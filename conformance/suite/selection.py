"""Which roles and profiles a run judges, from what the user requested and what an adapter claims."""

from collections.abc import Sequence
from typing import Final

from conformance.implementations.adapter import Adapter, operations_lacking
from conformance.requirements import Profile, Role, definition_of, profiles_of

# What a run without --implementation judges.
OF_REGISTRIES: Final[tuple[Role, ...]] = ("artifact", "registry")
_OF_TOOLS: Final = frozenset(
    {"test_consumer_aware.py", "test_consumer_unaware.py", "test_copier.py", "test_producer.py"}
)
_OF_ARTIFACTS: Final = frozenset({"test_artifact_properties.py"})


class BadOptionError(Exception):
    """One line: the invalid option and its valid values. The exit status is 2."""


def needless(roles: Sequence[Role]) -> frozenset[str]:
    """The modules of the suite without a test of a registry that is judged in these roles (none: in all)."""
    return _OF_TOOLS | (_OF_ARTIFACTS if needs_no_examples(roles) else frozenset())


def needs_no_examples(roles: Sequence[Role]) -> bool:
    """Whether a registry is judged in roles for which Hypothesis generates nothing."""
    return bool(roles) and "artifact" not in roles


def asked_for(
    adapter: Adapter | None, roles: Sequence[Role], profiles: Sequence[Profile]
) -> tuple[tuple[Role, ...], tuple[Profile, ...]]:
    """The roles and the profiles of a run; of a registry no role means all. Raises BadOptionError.

    ``--profile`` claims; ``--role`` selects the claims of the adapter, or of a registry, in that role.
    """
    asked = tuple(dict.fromkeys((*roles, *(definition_of(profile).role for profile in profiles))))
    if adapter is None:
        return _of_registry(asked, profiles)
    for role in roles:
        if role not in adapter.roles:
            raise BadOptionError(f"--role {role}: the adapter {adapter.name} has the roles {', '.join(adapter.roles)}")
    for profile in profiles:
        _check_able(adapter, profile)
    judged = asked or adapter.roles
    named = {definition_of(profile).role for profile in profiles}
    kept = [profile for profile in adapter.profiles if _is_of(profile, judged) and not _is_of(profile, named)]
    return judged, (*profiles, *kept)


def _of_registry(asked: tuple[Role, ...], profiles: Sequence[Profile]) -> tuple[tuple[Role, ...], tuple[Profile, ...]]:
    for role in asked:
        if role not in OF_REGISTRIES:
            named = [profile for profile in profiles if definition_of(profile).role == role]
            option = f"--profile {named[0]}" if named else f"--role {role}"
            raise BadOptionError(f"{option}: requires --implementation NAME|FILE")
    if any(_is_of(profile, ("registry",)) for profile in profiles):
        return asked, tuple(profiles)
    return asked, (*profiles, *(profiles_of("registry") if not asked or "registry" in asked else ()))


def _check_able(adapter: Adapter, profile: Profile) -> None:
    role = definition_of(profile).role
    if role in OF_REGISTRIES:
        raise BadOptionError(f"--profile {profile}: is of {role}s, and --implementation judges a tool")
    lacking = operations_lacking(adapter, role)
    if lacking:
        raise BadOptionError(f"--profile {profile}: {lacking}, which the adapter {adapter.name} lacks")


def _is_of(profile: Profile, roles: Sequence[Role] | set[Role]) -> bool:
    return definition_of(profile).role in roles

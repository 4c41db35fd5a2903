"""The claims of an adapter: its roles and profiles, and the operations that each role needs."""

from collections.abc import Container, Mapping, Sequence
from typing import Final, get_args

from conformance.implementations.adapter_document import AdapterDocument, ImplementationRole, Operation
from conformance.requirements import Profile, Role, definition_of

# A role cannot be judged without one of these operations.
NEEDED: Final[Mapping[Role, tuple[Operation, ...]]] = {
    "producer": ("push",),
    "consumer-aware": ("unpack", "pull"),
    "consumer-unaware": ("unpack", "pull", "scan"),
    "copier": ("copy", "recompress", "export"),
}


def read_roles(document: AdapterDocument) -> tuple[ImplementationRole, ...]:
    """The named roles, or those of the profiles; ValueError when they contradict each other, or none is named."""
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
    """The named profiles, and a default one for each role without a named profile.

    A tool that is ``consumer-aware`` knows sentinels; it is then treated as a producer and copier that knows them too.
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

"""Profiles that an implementation or an image can claim: named sets of requirements, which may include others."""

from typing import Literal, get_args

import msgspec

from conformance.requirements.roles import Role

_ProducerProfile = Literal["layer-producer", "sentinel-producer"]
_ClientProfile = Literal[
    "tar-consumer",
    "toc-consumer",
    "sentinel-consumer",
    "copier",
    "recompressing-copier",
    "sentinel-copier",
    "storage-exporter",
]
ImplementationProfile = Literal[_ProducerProfile, _ClientProfile]
"""The profiles that an adapter can claim."""
Profile = Literal[
    "layer", "pair", _ProducerProfile, "registry", "registry-ranges", "registry-lifecycle", _ClientProfile
]
PROFILES: tuple[Profile, ...] = get_args(Profile)


class ProfileDefinition(msgspec.Struct, frozen=True):
    """A profile: the role of who claims it, and the profiles whose requirements it includes, less some ids.

    ``hazards`` are requirements that do not bind who claims it, but whose breach its users should know of.
    """

    name: Profile
    role: Role
    includes: tuple[Profile, ...] = ()
    without: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()


DEFINITIONS: tuple[ProfileDefinition, ...] = (
    ProfileDefinition("layer", "artifact"),
    ProfileDefinition("pair", "artifact", ("layer",)),
    ProfileDefinition("layer-producer", "producer", ("layer",)),
    ProfileDefinition("sentinel-producer", "producer", ("layer-producer", "pair")),
    ProfileDefinition("registry", "registry"),
    ProfileDefinition("registry-ranges", "registry", ("registry",)),
    ProfileDefinition("registry-lifecycle", "registry", ("registry",)),
    ProfileDefinition("tar-consumer", "consumer-unaware"),
    ProfileDefinition("toc-consumer", "consumer-unaware", ("tar-consumer",)),
    ProfileDefinition(
        "sentinel-consumer",
        "consumer-aware",
        ("toc-consumer",),
        # It selects the sentinel variant on purpose.
        ("SENT-SELECT-002", "SENT-PULL-031", "SENT-PULL-032"),
    ),
    # Where it also builds: it keeps the unknown layer of the base, and adds one without TOC.
    ProfileDefinition("copier", "copier", hazards=("SENT-STRIP-014",)),
    ProfileDefinition(
        "recompressing-copier",
        "copier",
        ("copier",),
        # It copies the unknown layer, as image-spec requires; the result then has a sentinel
        # over layers without TOC.
        hazards=("SENT-STRIP-014",),
    ),
    ProfileDefinition("sentinel-copier", "copier", ("recompressing-copier",)),
    ProfileDefinition(
        "storage-exporter",
        "copier",
        ("sentinel-copier",),
        # These are about copies from registry to registry; it copies through its storage.
        (
            "SENT-STRIP-008",
            "SENT-STRIP-011",
            "SENT-STRIP-015",
            "SENT-STRIP-016",
            "SENT-STRIP-017",
            "SENT-STRIP-021",
            "SENT-STRIP-026",
            "SENT-STRIP-027",
            "SENT-PULL-025",
        ),
    ),
)
_BY_NAME = {definition.name: definition for definition in DEFINITIONS}


def definition_of(profile: Profile) -> ProfileDefinition:
    """The definition of a profile."""
    return _BY_NAME[profile]


def binds(profile: Profile, requirement_id: str, named: tuple[Profile, ...]) -> bool:
    """Whether a requirement of the profiles ``named`` is part of ``profile``."""
    definition = _BY_NAME[profile]
    if requirement_id in definition.without:
        return False
    return profile in named or any(binds(included, requirement_id, named) for included in definition.includes)


def profiles_of(role: Role) -> tuple[Profile, ...]:
    """The profiles that a target in this role can claim."""
    return tuple(definition.name for definition in DEFINITIONS if definition.role == role)


def hazard_of(profile: Profile, requirement_id: str) -> bool:
    """Whether a violation of this requirement, which is not part of ``profile``, becomes a note."""
    return requirement_id in _BY_NAME[profile].hazards

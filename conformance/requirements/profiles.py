"""What an implementation or an image can claim: sets of requirements with a name, each building on others."""

from typing import Literal, get_args

import msgspec

Profile = Literal[
    "layer",
    "pair",
    "layer-producer",
    "sentinel-producer",
    "registry",
    "registry-ranges",
    "registry-lifecycle",
    "tar-consumer",
    "toc-consumer",
    "sentinel-consumer",
    "copier",
    "recompressing-copier",
    "sentinel-copier",
    "storage-exporter",
]
PROFILES: tuple[Profile, ...] = get_args(Profile)


class ProfileDefinition(msgspec.Struct, frozen=True):
    """A profile: who claims it, and the profiles whose requirements it includes, less some ids."""

    name: Profile
    claimed_by: str
    includes: tuple[Profile, ...] = ()
    without: tuple[str, ...] = ()


DEFINITIONS: tuple[ProfileDefinition, ...] = (
    ProfileDefinition("layer", "an image with zstd:chunked layers"),
    ProfileDefinition("pair", "an image with a sentinel variant", ("layer",)),
    ProfileDefinition("layer-producer", "a tool that writes zstd:chunked layers", ("layer",)),
    ProfileDefinition("sentinel-producer", "a tool that adds sentinel variants", ("layer-producer", "pair")),
    ProfileDefinition("registry", "a registry that stores and serves images"),
    ProfileDefinition("registry-ranges", "a registry that serves byte ranges", ("registry",)),
    ProfileDefinition("registry-lifecycle", "a registry that deletes, mounts and lists referrers", ("registry",)),
    ProfileDefinition("tar-consumer", "a client or scanner that reads layers as tar"),
    ProfileDefinition("toc-consumer", "a client that pulls by TOC and knows no sentinels", ("tar-consumer",)),
    ProfileDefinition(
        "sentinel-consumer",
        "a client that knows sentinel variants",
        ("toc-consumer",),
        # It takes the sentinel variant on purpose.
        ("SENT-SELECT-002", "SENT-PULL-011"),
    ),
    ProfileDefinition("copier", "a tool that copies images byte for byte"),
    ProfileDefinition("recompressing-copier", "a copier that changes the compression of layers", ("copier",)),
    ProfileDefinition("sentinel-copier", "a copier that knows sentinel variants", ("recompressing-copier",)),
    ProfileDefinition("storage-exporter", "a tool that pushes images from its local storage", ("sentinel-copier",)),
)
_BY_NAME = {definition.name: definition for definition in DEFINITIONS}


def definition_of(profile: Profile) -> ProfileDefinition:
    """The definition of a profile."""
    return _BY_NAME[profile]


def binds(profile: Profile, requirement_id: str, named: tuple[Profile, ...]) -> bool:
    """Whether a requirement that names the profiles ``named`` binds who claims ``profile``."""
    definition = _BY_NAME[profile]
    if requirement_id in definition.without:
        return False
    return profile in named or any(binds(included, requirement_id, named) for included in definition.includes)

"""The target and the criteria of a run: sufficient to bind a result to it, and to repeat the run."""

import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec

from conformance.reports.encoding import json_bytes
from conformance.requirements import Profile, Role
from conformance.results import Waiver

CATALOGUE_FILE: Final = "requirements.toml"

Flag = Literal["deep", "readers", "no-panel", "require-sentinel", "require-chunked", "golden"]
"""Options that change what is judged. The connection to a registry, and the credentials, are not part of a result."""


class Identity(msgspec.Struct, frozen=True):
    """What was judged, by content: the root document of an image, or the file of a program.

    ``digest`` is ``sha256:`` and 64 hexadecimal digits; ``name`` that of the file or image.
    """

    kind: Literal["image", "program"]
    name: str
    digest: str


class Target(msgspec.Struct, frozen=True):
    """The target of the run. ``names``: an image, a registry's URL ("" is the embedded one), an adapter."""

    kind: Literal["image", "registry", "implementation", "read-only"]
    names: tuple[str, ...]
    flags: tuple[Flag, ...] = ()
    roles: tuple[Role, ...] = ()
    profiles: tuple[Profile, ...] = ()
    effort: Literal["", "quick", "thorough", "certify"] = ""


class Provenance(msgspec.Struct, frozen=True):
    """The criteria and the target of a run: digests of the catalogue and of the waivers ("": there are none), and
    target. ``responses`` is the digest of a registry's responses to fixed requests ("": not a registry, or embedded).
    """

    catalogue: str
    target: Target
    waivers: str = ""
    responses: str = ""


@cache
def catalogue_digest() -> str:
    """The digest of the catalogue that is shipped with this package."""
    return digest_of(files("conformance.requirements").joinpath(CATALOGUE_FILE).read_bytes())


def digest_of_waivers(waivers: tuple[Waiver, ...]) -> str:
    """The digest of their JSON; "" where there are none."""
    return digest_of(json_bytes(waivers)) if waivers else ""


def digest_of(content: bytes) -> str:
    """``sha256:`` and the hexadecimal digits."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def program_identity(path: Path) -> Identity | None:
    """The program in this file; None where it cannot be read."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
    return Identity("program", path.name, f"sha256:{found}")

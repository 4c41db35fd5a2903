"""Platforms as clients compare them: two entries of an index may be one platform in several spellings.

Sources: containerd/platforms database.go (normalizeOS, normalizeArch), which containerd, BuildKit and regclient follow;
go-containerregistry, which ignores a variant, a version and features that the user did not request.
"""

from typing import Final

from conformance.format.oci import Platform

_SYSTEMS: Final = {"macos": "darwin"}
_ARCHITECTURES: Final = {
    "i386": ("386", ""),
    "x86_64": ("amd64", ""),
    "x86-64": ("amd64", ""),
    "aarch64": ("arm64", ""),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_USUAL_VARIANTS: Final = {("amd64", "v1"): "", ("arm64", "v8"): "", ("arm64", "8"): "", ("arm", ""): "v7"}
_WINDOWS: Final = "windows"
"""Here alone the version of the system decides whether an image runs (image-index.md, ``os.version``)."""


def as_clients_see(platform: Platform) -> Platform:
    """The platform in its usual spelling, with the variant that its absence stands for left out, without features."""
    system, architecture = platform.os.lower(), platform.architecture.lower()
    system = _SYSTEMS.get(system, system)
    architecture, implied = _ARCHITECTURES.get(architecture, (architecture, ""))
    variant = platform.variant.lower() or implied
    if architecture == "arm" and variant.isdigit():
        variant = f"v{variant}"
    variant = _USUAL_VARIANTS.get((architecture, variant), variant)
    return Platform(architecture, system, variant, platform.os_version if system == _WINDOWS else "")

"""The platform of this machine."""

import platform
from typing import Final

from conformance.format.oci import Platform

_ARCHITECTURES: Final = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "i686": "386", "armv7l": "arm"}


def machine_platform() -> Platform:
    """linux, in the architecture of this machine by its name in OCI images."""
    machine = platform.machine()
    return Platform(_ARCHITECTURES.get(machine, machine), "linux")

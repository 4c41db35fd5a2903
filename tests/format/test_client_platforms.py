"""Platforms in the spelling of clients (containerd/platforms database.go)."""

import pytest

from conformance.format.client_platforms import as_clients_see
from conformance.format.oci import Platform


@pytest.mark.parametrize(
    ("architecture", "os", "variant", "seen"),
    [
        ("amd64", "linux", "", ("amd64", "linux", "")),
        ("AMD64", "Linux", "", ("amd64", "linux", "")),
        ("x86_64", "linux", "", ("amd64", "linux", "")),
        ("x86-64", "linux", "v1", ("amd64", "linux", "")),
        ("amd64", "linux", "v2", ("amd64", "linux", "v2")),
        ("amd64", "linux", "V3", ("amd64", "linux", "v3")),
        ("amd64", "linux", "8", ("amd64", "linux", "8")),
        ("i386", "linux", "", ("386", "linux", "")),
        ("arm64", "macos", "", ("arm64", "darwin", "")),
        ("aarch64", "linux", "v8", ("arm64", "linux", "")),
        ("arm64", "linux", "8", ("arm64", "linux", "")),
        ("arm64", "linux", "9", ("arm64", "linux", "9")),
        ("arm64", "linux", "v9", ("arm64", "linux", "v9")),
        ("arm", "linux", "", ("arm", "linux", "v7")),
        ("arm", "linux", "7", ("arm", "linux", "v7")),
        ("arm", "linux", "6", ("arm", "linux", "v6")),
        ("arm", "linux", "v5", ("arm", "linux", "v5")),
        ("arm", "linux", "x", ("arm", "linux", "x")),
        ("armhf", "linux", "", ("arm", "linux", "v7")),
        ("armel", "linux", "", ("arm", "linux", "v6")),
        ("armel", "linux", "v7", ("arm", "linux", "v7")),
        ("riscv64", "linux", "7", ("riscv64", "linux", "7")),
    ],
)
def test_a_platform_in_its_usual_spelling(architecture: str, os: str, variant: str, seen: tuple[str, str, str]) -> None:
    assert as_clients_see(Platform(architecture, os, variant)) == Platform(*seen)


@pytest.mark.parametrize(("os", "version"), [("windows", "10.0"), ("Windows", "10.0"), ("linux", ""), ("zos", "")])
def test_the_version_counts_for_windows_alone(os: str, version: str) -> None:
    found = as_clients_see(Platform("amd64", os, "", "10.0", ("win32k",)))
    assert (found.os_version, found.os_features) == (version, ())

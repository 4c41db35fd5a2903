"""Credentials are found where users keep them, and shown nowhere."""

import base64
import json
from pathlib import Path

import pytest

from conformance.observed.credentials import Credentials
from conformance.registry.client.credentials import CredentialError, find_credentials
from conformance.registry.client.options import ConnectionOptions

SECRET = "open-sesame"
HOST = "registry.example:5000"


def docker_config(directory: Path, content: object) -> dict[str, str]:
    (directory / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return {"DOCKER_CONFIG": str(directory), "PATH": f"{directory}:/usr/bin:/bin"}


def test_what_is_given_explicitly_comes_first(tmp_path: Path) -> None:
    environ = {"OCI_USERNAME": "env", "OCI_PASSWORD": "x"}
    explicit = Credentials("me", SECRET)
    assert find_credentials(HOST, explicit=explicit, environ=environ) == explicit
    assert find_credentials(HOST, environ=environ) == Credentials("env", "x")
    assert find_credentials(HOST, environ={"HOME": str(tmp_path)}) is None


def test_a_docker_login_is_used_for_its_host_only(tmp_path: Path) -> None:
    auth = base64.b64encode(f"me:{SECRET}".encode()).decode()
    environ = docker_config(tmp_path, {"auths": {HOST: {"auth": auth}}})
    assert find_credentials(HOST, environ=environ) == Credentials("me", SECRET)
    assert find_credentials("other.example", environ=environ) is None


def test_a_credential_helper_is_asked(tmp_path: Path) -> None:
    helper = tmp_path / "docker-credential-test"
    helper.write_text(f'#!/bin/sh\nread host; echo "{{\\"Username\\":\\"$host\\",\\"Secret\\":\\"{SECRET}\\"}}"\n')
    helper.chmod(0o755)
    environ = docker_config(tmp_path, {"credHelpers": {HOST: "test"}})
    old = find_credentials(HOST, environ=environ)
    assert old == Credentials(HOST, SECRET)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("[" * 100_000, "not JSON"),
        ({"auths": {HOST: {"auth": f"!{SECRET}"}}}, "not base64 of user:password"),
        ({"credHelpers": {HOST: "../evil"}}, "not the name of a credential helper"),
        ({"credsStore": "absent-helper"}, "docker-credential-absent-helper is not installed"),
    ],
)
def test_an_invalid_credential_file_is_one_line_without_secrets(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(CredentialError, match=message) as caught:
        find_credentials(HOST, environ=docker_config(tmp_path, content))
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_repr_shows_a_password() -> None:
    options = ConnectionOptions("me", SECRET, environ={"OCI_PASSWORD": SECRET})
    assert SECRET not in repr(Credentials("me", SECRET)) + str(Credentials("me", SECRET)) + repr(options) + str(options)

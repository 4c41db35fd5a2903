"""Where credentials come from: options, environment, credential files of Docker and Podman, credential helpers."""

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from conformance.observed.credentials import Credentials

_HELPER_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HELPER_SECONDS: Final = 20
_MAX_FILE: Final = 2**20
_DOCKER_HUB: Final = ("docker.io", "index.docker.io", "registry-1.docker.io")
_DOCKER_HUB_LOGIN: Final = "https://index.docker.io/v1/"
_TOKEN_USER: Final = "<token>"  # noqa: S105 - what credential helpers report when the secret is an identity token


class CredentialError(Exception):
    """A credential file or helper that cannot be used; one line without secrets."""


def find_credentials(
    host: str,
    repository: str = "",
    *,
    explicit: Credentials | None = None,
    environ: Mapping[str, str],
    config_path: Path | None = None,
) -> Credentials | None:
    """The credentials for ``host[:port]``: explicit, then OCI_USERNAME/OCI_PASSWORD, then credential files.

    There the key with the longest prefix of ``host/repository`` is used (containers-auth.json(5)), and for Docker Hub
    the one that ``docker login`` writes.

    Raises CredentialError for a file that cannot be read or a helper that fails.
    """
    if explicit is not None:
        return explicit
    if environ.get("OCI_USERNAME"):
        return Credentials(environ["OCI_USERNAME"], environ.get("OCI_PASSWORD", ""))
    for path in [config_path] if config_path else _login_files(environ):
        config = _read(path)
        found = _from_config(config, host, repository, path, environ)
        if found is not None:
            return found
    return None


def _login_files(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("REGISTRY_AUTH_FILE"):
        yield Path(environ["REGISTRY_AUTH_FILE"])
    if environ.get("XDG_RUNTIME_DIR"):
        yield Path(environ["XDG_RUNTIME_DIR"], "containers", "auth.json")
    if environ.get("DOCKER_CONFIG"):
        yield Path(environ["DOCKER_CONFIG"], "config.json")
    elif environ.get("HOME"):
        yield Path(environ["HOME"], ".docker", "config.json")


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise CredentialError(f"{path}: {error.strerror}") from None
    if len(raw) > _MAX_FILE:
        raise CredentialError(f"{path}: larger than {_MAX_FILE} bytes")
    try:
        config = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        raise CredentialError(f"{path}: not JSON") from None
    if not isinstance(config, dict):
        raise CredentialError(f"{path}: not a JSON object")
    return config


def _from_config(
    config: dict[str, Any], host: str, repository: str, path: Path, environ: Mapping[str, str]
) -> Credentials | None:
    helpers, store, auths = config.get("credHelpers"), config.get("credsStore"), config.get("auths")
    names = _names_of(host)
    if isinstance(auths, dict):
        for key in _namespaces(host, repository):
            entry = auths.get(key)
            if isinstance(entry, dict) and entry:
                return _from_entry(entry, path)
    named = [(helpers[name], name) for name in names if name in helpers] if isinstance(helpers, dict) else []
    if not named and isinstance(auths, dict):
        for key in (key for name in names for key in _keys_of(name)):
            entry = auths.get(key)
            if isinstance(entry, dict) and entry:
                return _from_entry(entry, path)
    for helper, name in named or ([(store, name) for name in names] if store else []):
        found = _from_helper(helper, name, path, environ)
        if found is not None:
            return found
    return None


def _names_of(host: str) -> tuple[str, ...]:
    """A registry's names in credential files: Docker Hub has the address of its first edition (docker/cli,
    registry).
    """
    if host in _DOCKER_HUB:
        return (_DOCKER_HUB_LOGIN, *dict.fromkeys((host, *_DOCKER_HUB)))
    return (host,)


def _keys_of(name: str) -> tuple[str, ...]:
    if "://" in name:
        return (name,)
    return (name, f"https://{name}", f"http://{name}", f"https://{name}/v1/", f"https://{name}/v2/")


def _namespaces(host: str, repository: str) -> Iterator[str]:
    """The keys of host with repository, the longest first, without the host alone."""
    parts = [part for part in repository.split("/") if part]
    for name in (host, *(_DOCKER_HUB if host in _DOCKER_HUB else ())):
        for length in range(len(parts), 0, -1):
            yield "/".join((name, *parts[:length]))


def _from_entry(entry: dict[str, Any], path: Path) -> Credentials:
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if entry.get("auth"):
        try:
            username, colon, password = base64.b64decode(str(entry["auth"]), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise CredentialError(f"{path}: an auth value is not base64 of user:password") from None
        if not colon:
            raise CredentialError(f"{path}: an auth value is not base64 of user:password")
    return Credentials(username, password.rstrip("\0"), str(entry.get("identitytoken") or ""))


def _from_helper(helper: object, host: str, path: Path, environ: Mapping[str, str]) -> Credentials | None:
    if not isinstance(helper, str) or not _HELPER_NAME.fullmatch(helper):
        raise CredentialError(f"{path}: not the name of a credential helper")
    program = f"docker-credential-{helper}"
    try:
        run = subprocess.run(
            [program, "get"],
            input=host.encode(),
            capture_output=True,
            timeout=_HELPER_SECONDS,
            check=False,
            env=dict(environ),
        )
    except FileNotFoundError:
        raise CredentialError(f"{path}: {program} is not installed") from None
    except (OSError, subprocess.TimeoutExpired):
        raise CredentialError(f"{program} did not respond") from None
    if run.returncode != 0:
        if b"credentials not found" in run.stdout + run.stderr:
            return None
        raise CredentialError(f"{program} get failed with exit status {run.returncode}")
    try:
        response = json.loads(run.stdout)
        username, secret = str(response["Username"]), str(response["Secret"])
    except (ValueError, KeyError, TypeError):
        raise CredentialError(f"{program} get did not respond with Username and Secret") from None
    return Credentials(identity_token=secret) if username == _TOKEN_USER else Credentials(username, secret)

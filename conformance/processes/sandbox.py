"""A sandbox for the runs of one tool: HOME, storage, credential file, and the settings of containers tools.

The settings of this machine are not read: registries.conf has only the registry under test, policy.json accepts any
image (signatures are not tested), storage.conf points below this directory.
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from conformance.observed.credentials import Credentials
from conformance.observed.hosts import is_loopback
from conformance.observed.masking import SECRETS

_PRIVATE: Final = 0o700
_PARTIAL: Final = 'enable_partial_images = "{}"'


class SandboxOptions(msgspec.Struct, frozen=True):
    """The options of a sandbox.

    ``hosts`` are the registries (host:port) of the run; those on loopback, and those in ``plain_http``, use plain HTTP.
    ``partial_pulls`` is enable_partial_images of containers-storage, which has an effect with the driver ``overlay``
    only; ``mount_program`` mounts its layers where the kernel does not permit it. ``path`` is where programs are
    searched for ("": the PATH of this process).
    """

    hosts: Sequence[str] = ()
    plain_http: Sequence[str] = ()
    credentials: Mapping[str, Credentials] = {}
    ca_file: Path | None = None
    partial_pulls: bool = True
    storage_driver: str = "vfs"
    mount_program: str = ""
    path: str = ""


DEFAULTS: Final = SandboxOptions()


class Sandbox(msgspec.Struct, frozen=True):
    """The directories of a run (all below ``directory``) and its environment; ``secrets`` are masked in evidence.

    ``logins`` are by registry (host:port).
    """

    directory: Path
    environment: Mapping[str, str]
    ca_file: Path | None
    secrets: tuple[str, ...] = ()
    logins: Mapping[str, Credentials] = {}

    @property
    def home(self) -> Path:
        return self.directory / "home"

    @property
    def storage(self) -> Path:
        return self.directory / "storage"

    @property
    def authfile(self) -> Path:
        return self.home / ".docker" / "config.json"

    def values(self) -> dict[str, str]:
        """The values of placeholders that the sandbox has."""
        values = {"home": str(self.home), "storage": str(self.storage), "authfile": str(self.authfile)}
        return values | ({"cafile": str(self.ca_file)} if self.ca_file else {})

    @contextmanager
    def without_partial_pulls(self) -> Iterator[None]:
        """In this context containers-storage pulls whole layers only."""
        settings = Path(self.environment["CONTAINERS_STORAGE_CONF"])
        before = settings.read_text("utf-8")
        settings.write_text(before.replace(_PARTIAL.format("true"), _PARTIAL.format("false")), "utf-8")
        try:
            yield
        finally:
            settings.write_text(before, "utf-8")


def make_sandbox(directory: Path, options: SandboxOptions = DEFAULTS) -> Sandbox:
    """Create a sandbox below ``directory``; a later call with the same directory uses the same storage."""
    directory = directory.resolve()
    home, storage = directory / "home", directory / "storage"
    environment = _environment(home, options)
    for name in ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        Path(environment[name]).mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    storage.mkdir(mode=_PRIVATE, exist_ok=True)
    settings = home / ".config" / "containers"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "registries.conf").write_text(_registries(options), "utf-8")
    (settings / "storage.conf").write_text(_storage(storage, options), "utf-8")
    (settings / "containers.conf").write_text(_engine(home, storage), "utf-8")
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}\n', "utf-8")
    if options.ca_file is not None:
        for host in options.hosts:
            trusted = settings / "certs.d" / host / "ca.crt"
            trusted.parent.mkdir(parents=True, exist_ok=True)
            trusted.write_bytes(options.ca_file.read_bytes())
    sandbox = Sandbox(directory, environment, options.ca_file, _secrets(options.credentials), dict(options.credentials))
    sandbox.authfile.parent.mkdir(mode=_PRIVATE, exist_ok=True)
    sandbox.authfile.write_text(_logins(options.credentials), "utf-8")
    sandbox.authfile.chmod(0o600)
    return sandbox


def _environment(home: Path, options: SandboxOptions) -> dict[str, str]:
    settings = home / ".config" / "containers"
    environment = {
        "PATH": options.path or os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local" / "share"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "CONTAINERS_REGISTRIES_CONF": str(settings / "registries.conf"),
        "CONTAINERS_STORAGE_CONF": str(settings / "storage.conf"),
        "CONTAINERS_CONF": str(settings / "containers.conf"),
        "REGISTRY_AUTH_FILE": str(home / ".docker" / "config.json"),
        "DOCKER_CONFIG": str(home / ".docker"),
        # containers/image stores its blob cache in /var/lib when root runs it, whatever HOME states
        # (pkg/blobinfocache/default.go); with this variable it stores the cache below XDG_DATA_HOME.
        "_CONTAINERS_ROOTLESS_UID": "65534",
    }
    if options.ca_file is not None:
        environment["SSL_CERT_FILE"] = str(options.ca_file)
    return environment


def _registries(options: SandboxOptions) -> str:
    lines = ["unqualified-search-registries = []"]
    for host in options.hosts:
        insecure = is_loopback(host) or host in options.plain_http
        lines += ["", "[[registry]]", f"location = {json.dumps(host)}", f"insecure = {json.dumps(insecure)}"]
    return "\n".join(lines) + "\n"


def _storage(storage: Path, options: SandboxOptions) -> str:
    program = f"\n[storage.options.overlay]\nmount_program = {json.dumps(options.mount_program)}\n"
    return f"""[storage]
driver = {json.dumps(options.storage_driver)}
graphroot = {json.dumps(str(storage / "graph"))}
rootless_storage_path = {json.dumps(str(storage / "graph"))}
runroot = {json.dumps(str(storage / "run"))}
{program if options.mount_program else ""}
[storage.options.pull_options]
{_PARTIAL.format(json.dumps(options.partial_pulls))}
"""


def _engine(home: Path, storage: Path) -> str:
    """containers.conf: directories below the sandbox instead of /var/lib, /var/tmp and /run for podman and buildah."""
    return f"""[engine]
image_copy_tmp_dir = {json.dumps(str(home / "tmp"))}
static_dir = {json.dumps(str(storage / "graph" / "libpod"))}
tmp_dir = {json.dumps(str(storage / "run" / "libpod"))}
volume_path = {json.dumps(str(storage / "graph" / "volumes"))}
events_logger = "none"

[network]
network_config_dir = {json.dumps(str(storage / "networks"))}
"""


def _pair(credentials: Credentials) -> str:
    return base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode()


def _logins(logins: Mapping[str, Credentials]) -> str:
    auths = {
        host: {"identitytoken": login.identity_token} if login.identity_token else {"auth": _pair(login)}
        for host, login in logins.items()
    }
    return json.dumps({"auths": auths})


def _secrets(logins: Mapping[str, Credentials]) -> tuple[str, ...]:
    found = []
    for login in logins.values():
        SECRETS.remember_credentials(login.username, login.password)
        SECRETS.remember(login.identity_token)
        found += [login.password, login.identity_token, _pair(login) if login.password else ""]
    return tuple(secret for secret in found if secret)

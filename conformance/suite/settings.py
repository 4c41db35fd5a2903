"""The options of a conformance run, read once and validated before any test."""

import os
import secrets
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec
import pytest

from conformance.implementations.adapter import Adapter, AdapterError, find_adapter
from conformance.observed.hosts import is_loopback
from conformance.registry.client.conventions import is_http_url
from conformance.registry.client.credentials import CredentialError
from conformance.registry.client.options import ConnectionOptions
from conformance.reports.waiver_file import waivers_in
from conformance.requirements import PROFILES, ROLES, Profile, Role, definition_of, hazard_of, ids_of
from conformance.results import Waiver
from conformance.sources.errors import SourceError
from conformance.sources.reference import RegistryReference, parse_reference
from conformance.suite.selection import BadOptionError, asked_for
from conformance.trials.under_test import subject_name

Effort = Literal["quick", "thorough", "certify"]
EFFORTS: tuple[Effort, ...] = get_args(Effort)
DEFAULT_REPOSITORY = "zcc"
_NOT_EMPTY = ("registry", "implementation", "ca_file", "report_dir", "waivers")
_WORKER_RUN_ID, _WORKER_VERSION = "conformance_run_id", "conformance_version"


class SuiteSettings(msgspec.Struct, frozen=True):
    """The options of the user. ``registry`` "" means the embedded one.

    ``profiles`` are those that are claimed, ``implied`` whether the user named none; the profile of an image follows
    from its content. With an ``adapter`` the run judges that implementation, of this ``version``, in ``roles`` (never
    empty then); ``implementation`` is how the user named it.
    """

    registry: str
    connection: ConnectionOptions
    roles: tuple[Role, ...]
    read_only: tuple[RegistryReference, ...]
    repository: str
    report_dir: Path
    effort: Effort
    waivers: tuple[Waiver, ...]
    run_id: str
    implementation: str = ""
    adapter: Adapter | None = None
    version: str = ""
    profiles: tuple[Profile, ...] = ()
    implied: bool = True
    golden: bool = False

    def profiles_of(self, role: Role) -> tuple[Profile, ...]:
        """The profiles that the target claims in this role."""
        return tuple(profile for profile in self.profiles if definition_of(profile).role == role)

    def owes(self, role: Role, requirement_id: str) -> bool:
        """Whether this requirement is part of a profile that the target claims in this role."""
        return any(requirement_id in ids_of(profile) for profile in self.profiles_of(role))

    def risks(self, role: Role, requirement_id: str) -> bool:
        """Whether a violation of this requirement, outside the profiles, becomes a note."""
        return any(hazard_of(profile, requirement_id) for profile in self.profiles_of(role))

    @property
    def subject(self) -> str:
        """The implementation or registry by the name it has in reports."""
        if self.adapter is not None:
            return subject_name(self.adapter, self.version)
        return self.registry.partition("://")[2] if self.registry else "embedded registry"


def read_settings(config: pytest.Config) -> SuiteSettings:
    """Options first, then the environment; raises BadOptionError."""
    environ = os.environ
    for option in _NOT_EMPTY:
        if config.getoption(option) == "":  # of a variable that is not set: the embedded registry is not what is meant
            raise BadOptionError(f"--{option.replace('_', '-')}: empty")
    implementation = _text(config, "implementation")
    adapter = _adapter(config, implementation) if implementation else None
    variable = "" if adapter else environ.get("OCI_REGISTRY", "") or environ.get("OCI_ROOT_URL", "")
    try:
        connection = ConnectionOptions.from_environment(
            environ,
            username=_text(config, "username"),
            insecure=bool(config.getoption("insecure")),
            ca_file=_text(config, "ca_file"),
        )
    except CredentialError as error:
        raise BadOptionError(str(error)) from None
    url = _registry_url(_text(config, "registry"), variable, connection)
    if connection.ca_file and not Path(connection.ca_file).is_file():
        raise BadOptionError(f"--ca-file {connection.ca_file}: no such file")
    roles, profiles = asked_for(
        adapter,
        _choices("--role", config.getoption("role") or [], ROLES),
        _choices("--profile", config.getoption("profile") or [], PROFILES),
    )
    effort = _choices("--effort", [_text(config, "effort") or "quick"], EFFORTS)[0]
    waivers = _waivers(_text(config, "waivers"))
    worker: dict[str, Any] = getattr(config, "workerinput", {})
    return SuiteSettings(
        url,
        connection,
        roles,
        tuple(_reference(text) for text in config.getoption("read_only") or []),
        (_text(config, "repository") or environ.get("OCI_REPO1", "") or DEFAULT_REPOSITORY).strip("/"),
        Path(config.invocation_params.dir, _text(config, "report_dir") or "reports/latest"),
        effort,
        waivers,
        worker.get(_WORKER_RUN_ID) or f"run-{secrets.token_hex(6)}",
        implementation,
        adapter,
        worker.get(_WORKER_VERSION, ""),
        profiles,
        implied=adapter is None and not config.getoption("profile"),
        golden=bool(config.getoption("golden")),
    )


def hand_to_worker(settings: SuiteSettings, worker_input: dict[str, Any]) -> None:
    """Give an xdist worker the run id, with its own name, so that workers never share a repository; and the version."""
    worker_input[_WORKER_RUN_ID] = f"{settings.run_id}-{worker_input['workerid']}"
    worker_input[_WORKER_VERSION] = settings.version


def _adapter(config: pytest.Config, text: str) -> Adapter:
    for option in ("registry", "read_only"):
        if config.getoption(option):
            name = option.replace("_", "-")
            raise BadOptionError(f"--implementation and --{name}: give one of them; each is a separate run")
    try:
        return find_adapter(text)
    except AdapterError as error:
        raise BadOptionError(f"--implementation {error}") from None


def _text(config: pytest.Config, option: str) -> str:
    value = config.getoption(option)
    return value if isinstance(value, str) else ""


def _registry_url(option: str, variable: str, connection: ConnectionOptions) -> str:
    """The registry with its scheme: the one that is given, else by OCI_TLS, else plain HTTP on loopback."""
    text = (option or variable).strip().rstrip("/")
    if not text:
        return ""
    scheme, separator, host = text.partition("://")
    if not separator:
        plain = connection.plain_http or (is_loopback(text) and not connection.tls)
        scheme, host = ("http" if plain else "https"), text
    if not is_http_url(f"{scheme}://{host}") or "/" in host or "@" in host:
        shown = "a URL with a user or password" if "@" in text else repr(text)
        raise BadOptionError(
            f"--registry {shown}: give http://HOST[:PORT] or https://HOST[:PORT], without path or password"
        )
    return f"{scheme}://{host}"


def _choices(option: str, given: list[str], known: tuple[Any, ...]) -> list[Any]:
    for value in given:
        if value not in known:
            raise BadOptionError(f"{option} {value}: choose from {', '.join(known)}")
    return given


def _reference(text: str) -> RegistryReference:
    try:
        reference = parse_reference(text)
    except SourceError as error:
        raise BadOptionError(f"--read-only {error}") from None
    if not isinstance(reference, RegistryReference):
        raise BadOptionError(f"--read-only {text}: name an image in a registry; for a layout use zcc check")
    return reference


def _waivers(path: str) -> tuple[Waiver, ...]:
    if not path:
        return ()
    try:
        return waivers_in(Path(path))
    except ValueError as error:
        raise BadOptionError(str(error)) from None

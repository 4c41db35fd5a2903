"""Start registries on loopback for a test run: Debian's docker-registry, and the programs of programs.py."""

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import requests

from conformance.observed.masking import MASK
from conformance.registry.server.programs import RegistryProgram

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0
_PASSWORD_BYTES: Final = 18


class LaunchError(RuntimeError):
    """The registry did not start; one line with the end of its log."""


class LaunchedRegistry(msgspec.Struct, frozen=True):
    """A running registry: its URL, and its garbage collection; None where it has no such command. Where it requires
    authentication: who may push, and below which name.
    """

    url: str
    collect_garbage: Callable[[], None] | None
    username: str = ""
    password: str = ""
    namespace: str = ""


def find_docker_registry() -> Path | None:
    """The program: ZCC_DOCKER_REGISTRY, else ``docker-registry`` or ``registry`` on PATH."""
    named = os.environ.get("ZCC_DOCKER_REGISTRY")
    found = named or shutil.which("docker-registry") or shutil.which("registry")
    return Path(found) if found else None


@contextmanager
def docker_registry(
    directory: Path, *, delete_enabled: bool = True, htpasswd: Path | None = None
) -> Iterator[LaunchedRegistry]:
    """Run it with its storage below ``directory``. Raises LaunchError when it is absent or does not start."""
    program = find_docker_registry()
    if program is None:
        raise LaunchError("docker-registry is not installed (Debian: apt-get install docker-registry)")
    directory.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    config = directory / "config.yml"
    config.write_text(_config(directory / "storage", port, delete_enabled, htpasswd), "utf-8")
    environ = _environ(directory)
    with _running([str(program), "serve", str(config)], directory, port) as url:
        yield LaunchedRegistry(url, lambda: _run([str(program), "garbage-collect", str(config)], environ))


@contextmanager
def launch(program: RegistryProgram, path: Path, directory: Path) -> Iterator[LaunchedRegistry]:
    """Run a registry program with its storage below ``directory``. Raises LaunchError when it does not start."""
    storage, config, port = directory / "storage", directory / "config", _free_port()
    storage.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(_PASSWORD_BYTES)
    values = {"{program}": str(path), "{beside}": str(path.resolve().parent), "{port}": str(port)}
    values |= {"{storage}": str(storage), "{config}": str(config), "{user}": getpass.getuser(), "{password}": password}
    config.write_text(_filled(program.config, values), "utf-8")
    collect = [_filled(part, values) for part in program.collect]
    environ = _environ(directory) | dict(program.environment)
    for command in program.prepare:
        try:
            _run([_filled(part, values) for part in command], environ)
        except (OSError, subprocess.SubprocessError) as error:
            raise LaunchError(f"{path.name}: {error}".replace(password, MASK)) from None
    with _running([_filled(part, values) for part in program.serve], directory, port, environ) as url:
        login = (program.username, password, program.namespace) if program.username else ()
        yield LaunchedRegistry(url, (lambda: _run(collect, environ)) if collect else None, *login)


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text


def _environ(directory: Path) -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "HOME": str(directory), "OTEL_TRACES_EXPORTER": "none"}


def _run(command: list[str], environ: dict[str, str]) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60, env=environ)


@contextmanager
def _running(command: list[str], directory: Path, port: int, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a server that listens on ``port``, and return its URL once it responds."""
    log, url = directory / "registry.log", f"http://127.0.0.1:{port}"
    try:
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environ or _environ(directory))
    except OSError as error:
        raise LaunchError(f"{command[0]}: {error.strerror}") from None
    try:
        _wait_until_up(Path(command[0]).name, url, process, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(_STOP_SECONDS)


def _config(storage: Path, port: int, delete_enabled: bool, htpasswd: Path | None) -> str:
    lines = [
        "version: 0.1",
        "log: {level: warn}",
        "storage:",
        f"  filesystem: {{rootdirectory: '{storage}'}}",
        f"  delete: {{enabled: {str(delete_enabled).lower()}}}",
        f"http: {{addr: '127.0.0.1:{port}'}}",
    ]
    if htpasswd is not None:
        lines.append(f"auth: {{htpasswd: {{realm: test, path: '{htpasswd}'}}}}")
    return "\n".join(lines) + "\n"


def _wait_until_up(name: str, url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/v2/", timeout=1).status_code in (200, 401):
                return
        except requests.RequestException:
            time.sleep(0.05)
    tail = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
    raise LaunchError(f"{name} did not start: {tail[0][:300] if tail else 'no log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

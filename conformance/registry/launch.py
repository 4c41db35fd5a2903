"""Start Debian's docker-registry (distribution 2.8) on loopback for a test run."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
import requests

_START_SECONDS: Final = 15.0
_STOP_SECONDS: Final = 10.0


class LaunchError(RuntimeError):
    """The registry did not come up; one line with the end of its log."""


class LaunchedRegistry(msgspec.Struct, frozen=True):
    """A running docker-registry: its URL, and its own garbage collection."""

    url: str
    collect_garbage: Callable[[], None]


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
    config, log = directory / "config.yml", directory / "registry.log"
    config.write_text(_config(directory / "storage", port, delete_enabled, htpasswd), "utf-8")
    environ = {"PATH": os.environ.get("PATH", ""), "HOME": str(directory), "OTEL_TRACES_EXPORTER": "none"}
    try:
        with log.open("wb") as output:
            process = subprocess.Popen([str(program), "serve", str(config)], stdout=output, stderr=output, env=environ)
    except OSError as error:
        raise LaunchError(f"{program}: {error.strerror}") from None
    url = f"http://127.0.0.1:{port}"

    def collect() -> None:
        command = [str(program), "garbage-collect", str(config)]
        subprocess.run(command, check=True, capture_output=True, timeout=60, env=environ)

    try:
        _wait_until_up(url, process, log)
        yield LaunchedRegistry(url, collect)
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


def _wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{url}/v2/", timeout=1).status_code in (200, 401):
                return
        except requests.RequestException:
            time.sleep(0.05)
    tail = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
    raise LaunchError(f"docker-registry did not start: {tail[0][:300] if tail else 'no log'}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

"""The programs of registries that the suite starts on loopback to judge them, and how each is started."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

_VERSION_SECONDS: Final = 20.0
# Not within a word: the seconds in a log, or the end of "go1.26.8", are not a version of the program.
_NUMBER: Final = re.compile(r"(?<![\w.:-])v?\d+\.\d+(\.\d+)?[-+~.\w]*")


class RegistryProgram(msgspec.Struct, frozen=True):
    """A registry program: the names it goes by on PATH, and arguments with placeholders.

    ``{program}``, ``{beside}`` (its directory), ``{port}``, ``{storage}`` (a directory), ``{config}`` (a file with the
    text of ``config``), ``{user}`` (who runs it) and ``{password}`` (another one each time) are replaced. ``collect``
    runs its garbage collection, where it has such a command; ``prepare`` are commands before it is started. One with a
    ``username`` requires authentication; its repositories are then below ``namespace``.
    """

    name: str
    names: tuple[str, ...]
    serve: tuple[str, ...]
    config: str = ""
    collect: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    prepare: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = {}
    username: str = ""
    namespace: str = ""

    def find(self, directory: Path | None = None) -> Path | None:
        """The program in ``directory``, else on PATH; None where it is absent."""
        return self._find(os.pathsep.join(filter(None, (str(directory or ""), os.environ.get("PATH", "")))))

    def find_in(self, directory: Path) -> Path | None:
        """The program in ``directory`` only."""
        return self._find(str(directory))

    def _find(self, places: str) -> Path | None:
        return next((Path(found) for name in self.names if (found := shutil.which(name, path=places))), None)

    def ask_version(self, program: Path) -> str:
        """The version number in what its version command reports; "" where it has none or states none."""
        if not self.version:
            return ""
        arguments = [part.replace("{program}", str(program)) for part in self.version]
        try:
            run = subprocess.run(
                arguments, capture_output=True, timeout=_VERSION_SECONDS, check=False, text=True, errors="replace"
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        found = _NUMBER.search(run.stdout + run.stderr)
        return found[0] if found else ""


_DISTRIBUTION = """version: 0.1
log: {level: warn}
storage:
  STORAGE
  delete: {enabled: true}
http: {addr: '127.0.0.1:{port}'}
"""
_ON_DISK = _DISTRIBUTION.replace("STORAGE", "filesystem: {rootdirectory: '{storage}'}")
_IN_MEMORY = _DISTRIBUTION.replace("STORAGE", "inmemory: {}")
_ZOT = (
    '{"distSpecVersion": "1.1.1", "storage": {"rootDirectory": "{storage}"},'
    ' "http": {"address": "127.0.0.1", "port": "{port}"}, "log": {"level": "error"}}'
)
_GITEA = """RUN_MODE = prod
RUN_USER = {user}
WORK_PATH = {storage}
[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {beside}
OFFLINE_MODE = true
DISABLE_SSH = true
[database]
DB_TYPE = sqlite3
PATH = {storage}/gitea.db
[security]
INSTALL_LOCK = true
[log]
LEVEL = error
"""
_USER = "zcc"
_NEW_USER = (
    "--username",
    _USER,
    "--password",
    "{password}",
    "--email",
    "zcc@example.test",
    "--must-change-password=false",
)
_OLAREG = ("--addr", "127.0.0.1", "--port", "{port}", "--api-delete", "--api-blob-delete")
_SERVE = ("{program}", "serve", "{config}")
_COLLECT = ("{program}", "garbage-collect", "{config}")
_VERSION = ("{program}", "--version")

PROGRAMS: Final = (
    RegistryProgram("distribution-2", ("docker-registry",), _SERVE, _ON_DISK, _COLLECT, _VERSION),
    RegistryProgram("distribution-3", ("registry",), _SERVE, _ON_DISK, _COLLECT, _VERSION),
    RegistryProgram("distribution-3-memory", ("registry",), _SERVE, _IN_MEMORY, (), _VERSION),
    RegistryProgram(
        "crane-memory", ("crane",), ("{program}", "registry", "serve", "--address", "127.0.0.1:{port}"),
        version=("{program}", "version"),
    ),
    RegistryProgram(
        "crane-disk",
        ("crane",),
        ("{program}", "registry", "serve", "--address", "127.0.0.1:{port}", "--disk", "{storage}"),
        version=("{program}", "version"),
    ),
    RegistryProgram("ocimem", ("ocimem",), ("{program}", "127.0.0.1:{port}")),
    RegistryProgram(
        "olareg", ("olareg",), ("{program}", "serve", *_OLAREG, "--dir", "{storage}"),
        version=("{program}", "version"),
    ),
    RegistryProgram(
        "olareg-memory", ("olareg",), ("{program}", "serve", *_OLAREG, "--store-type", "mem"),
        version=("{program}", "version"),
    ),
    RegistryProgram(
        "gitea", ("gitea",), ("{program}", "--config", "{config}", "web"), _GITEA, version=_VERSION,
        prepare=(
            ("{program}", "--config", "{config}", "migrate"),
            ("{program}", "--config", "{config}", "admin", "user", "create", *_NEW_USER),
        ),
        environment={"GITEA_I_AM_BEING_UNSAFE_RUNNING_AS_ROOT": "true"},
        username=_USER, namespace=_USER,
    ),
    RegistryProgram("zot", ("zot", "zot-minimal"), _SERVE, _ZOT),  # it states the version of the specification
)  # fmt: skip

"""An implementation under judgement: how it is driven, which version it is, and where its runs take place."""

import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from conformance.implementations.adapter import Adapter
from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.runner import Run, Values, Version, find_version, run_operation
from conformance.observed.credentials import Credentials
from conformance.processes.overlay import how_to_mount
from conformance.processes.sandbox import Sandbox, SandboxOptions, make_sandbox
from conformance.trials.certificate import Certificate, CertificateError, own_certificate

_AT_ONCE: Final = 4
"""More than the usual number of processors: a tool that waits before it tries again, or hangs, uses none."""
_NUMBER = re.compile(r"v?(\d+(?:\.\d+)+[^\s,;()]*)")


class ImplementationUnderTest:
    """A tool by its adapter; every run has its own sandbox below ``directory``, unless one is given.

    ``version`` is what the tool reports of itself.
    """

    def __init__(self, adapter: Adapter, version: str, directory: Path) -> None:
        self.adapter, self.version, self.directory = adapter, version, directory
        self._false_claims: dict[str, None] = {}

    @property
    def name(self) -> str:
        """The subject's name in reports: ``skopeo 1.9.3 (adapter skopeo)``."""
        return subject_name(self.adapter, self.version)

    @property
    def at_once(self) -> int:
        """How many runs of this tool may take place at a time: one of a tool that has a daemon."""
        return 1 if self.adapter.service else _AT_ONCE

    @property
    def certificate(self) -> Certificate | None:
        """What registries that this tool is pointed at have to show; None: they speak plain HTTP."""
        return own_certificate() if self.adapter.https_only else None

    def sandbox(
        self,
        *,
        hosts: Sequence[str] = (),
        credentials: Mapping[str, Credentials] | None = None,
    ) -> Sandbox:
        """A new sandbox; give it to several runs to let the later ones find what the earlier ones stored.

        A tool that uses HTTPS only trusts the certificate of our registries.
        """
        own = self.certificate
        options = SandboxOptions(
            hosts=hosts,
            credentials=credentials or {},
            ca_file=own.chain if own is not None else None,
            storage_driver=self.adapter.storage,
            mount_program=mount_program(self.adapter),
        )
        return make_sandbox(self.new_directory("run"), options)

    def run(
        self,
        operation: Operation,
        values: Values,
        *,
        hosts: Sequence[str] = (),
        options: Sequence[Option] = (),
        timeout: float | None = None,
        credentials: Mapping[str, Credentials] | None = None,
        sandbox: Sandbox | None = None,
    ) -> Run:
        """Carry out one operation. ``hosts`` are the registries (host:port) that it may need.

        With a ``sandbox`` given, what it was created with counts, and hosts and credentials do not.
        """
        place = sandbox or self.sandbox(hosts=hosts, credentials=credentials)
        run = self._operate(place, operation, values, options, timeout)
        if run.claim_is_false:
            asked = " ".join([operation, *options])
            claim = f"the adapter declares that {asked} is unsupported ({run.declared}), and it was done nevertheless"
            self._false_claims[claim] = None
        return run

    def _operate(
        self, place: Sandbox, operation: Operation, values: Values, options: Sequence[Option], timeout: float | None
    ) -> Run:
        return run_operation(self.adapter, place, operation, values, options=options, timeout=timeout)

    def new_directory(self, kind: str) -> Path:
        """A new, empty directory of this target."""
        return Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=self.directory))

    def take_false_claims(self) -> Iterable[str]:
        """What was declared unsupported and done in runs since the last call, each in one sentence."""
        taken, self._false_claims = tuple(self._false_claims), {}
        return taken


def subject_name(adapter: Adapter, version: str) -> str:
    """How reports name a tool: its version's number where it states one."""
    number = _NUMBER.search(version)
    return f"{adapter.name} {number[1] if number else version or 'of unknown version'} (adapter {adapter.name})"


def ask_version(adapter: Adapter) -> Version:
    """What the tool reports its version is, or, by name, that it is not on this machine, or cannot be tried here."""
    try:
        _ = own_certificate() if adapter.https_only else None
    except CertificateError as error:
        return Version(absent=str(error))
    with tempfile.TemporaryDirectory(prefix="zcc-version-") as directory:
        options = SandboxOptions(storage_driver=adapter.storage, mount_program=mount_program(adapter))
        return find_version(adapter, make_sandbox(Path(directory), options))


def mount_program(adapter: Adapter) -> str:
    """The program that containers-storage is to mount layers with; "" where the kernel does it, or none is needed."""
    if adapter.storage != "overlay" or how_to_mount() != "fuse-overlayfs":
        return ""
    return shutil.which("fuse-overlayfs") or ""

"""Runs one operation of one tool: the request, the outcome, and the commands as evidence."""

import re
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from conformance.implementations.adapter import Adapter
from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.outcome import Classified, classify
from conformance.implementations.placeholders import Vector, fill
from conformance.implementations.surroundings import SurroundingsError, surroundings
from conformance.observed.credentials import Credentials
from conformance.observed.evidence import CommandEvidence, mask_url
from conformance.observed.masking import MASK, forms_of
from conformance.observed.outcome import RunOutcome
from conformance.processes.overlay import MOUNTS, how_to_mount, undo_mounts
from conformance.processes.run import Ended, run_program
from conformance.processes.sandbox import Sandbox

MAX_EVIDENCE: Final = 4096
"""Maximum characters of output recorded as evidence of one command."""
_VERSION_SECONDS: Final = 30
_MAX_SCAN: Final = 2**20

Values = Mapping[str, str | Path]


class Run(msgspec.Struct, frozen=True):
    """One requested operation of a tool.

    ``stdout`` and ``stderr`` are those of the last command, bounded, secrets masked; ``elapsed`` in seconds and
    ``peak_memory`` in bytes (0: less than this process) over all commands. ``declared`` is the reason with which the
    adapter declares this operation, compression or option unsupported: a success then shows a false claim.
    """

    adapter: str
    operation: Operation
    outcome: RunOutcome
    reason: str = ""
    evidence: tuple[CommandEvidence, ...] = ()
    stdout: str = ""
    stderr: str = ""
    elapsed: float = 0.0
    peak_memory: int = 0
    declared: str = ""

    @property
    def succeeded(self) -> bool:
        return self.outcome == "succeeded"

    @property
    def described(self) -> str:
        """The outcome with its reason, in one line."""
        return f"{self.outcome}: {self.reason}" if self.reason else str(self.outcome)

    @property
    def claim_is_false(self) -> bool:
        """Whether an operation succeeded that the adapter declares unsupported."""
        return bool(self.declared) and self.succeeded


class Version(msgspec.Struct, frozen=True):
    """The version that a tool reports; ``absent`` names what is missing."""

    text: str = ""
    absent: str = ""


def find_version(adapter: Adapter, sandbox: Sandbox) -> Version:
    """Run the tool for its version, or report that it is not on this machine."""
    values = _values(sandbox, {})
    missing = _missing(adapter, sandbox, values)
    if missing:
        return Version(absent=missing)
    try:
        ended = run_program(
            fill(adapter.version, values),
            directory=sandbox.home,
            environment=_environment(adapter, sandbox, values),
            timeout=_VERSION_SECONDS,
        )
    finally:
        undo_mounts(sandbox.directory)
    lines = [line.strip() for line in (ended.stdout or ended.stderr).splitlines() if line.strip()]
    if ended.status != 0:
        why = ended.problem or (lines[-1] if lines else f"exit {ended.status}")
        return Version(absent=f"{adapter.executable} does not run: {why[:200]}")
    mask = _Mask(sandbox, {})
    # A tool may print other lines before its version: a line with "1.2" is preferred to one with a digit.
    likely = sorted(map(mask, lines), key=lambda line: [re.search(form, line) is None for form in (r"\d\.\d", r"\d")])
    return Version((likely or [""])[0][:200])


def run_operation(
    adapter: Adapter,
    sandbox: Sandbox,
    operation: Operation,
    values: Values,
    *,
    options: Sequence[Option] = (),
    timeout: float | None = None,
) -> Run:
    """Run all steps of an operation until one fails; never raises for an error of the tool.

    ``values`` fill the placeholders that the operation uses (KeyError when one is not given: the caller's mistake);
    ``timeout`` in seconds is for all steps together. A request that the adapter cannot express is ``unsupported``.
    """
    filled = _values(sandbox, values)
    missing = _missing(adapter, sandbox, filled)
    if missing:
        return Run(adapter.name, operation, "absent", missing)
    requested = (*options, *((str(values["compression"]),) if "compression" in values else ()))
    wanted = (operation, *requested)
    declared = next((adapter.unsupported[feature] for feature in wanted if feature in adapter.unsupported), "")
    lacking = _lacking(adapter, operation, options, requested, filled)
    if lacking:
        return Run(adapter.name, operation, "unsupported", declared or lacking, declared=declared)
    arguments = _option_arguments(adapter, sandbox, operation, options, requested, filled)
    environment = _environment(adapter, sandbox, filled)
    seconds = adapter.timeout if timeout is None else timeout
    mask = _Mask(sandbox, values)
    with ExitStack() as stack:
        stack.callback(undo_mounts, sandbox.directory)
        if any(adapter.switches_partial_pulls(option) for option in options):
            stack.enter_context(sandbox.without_partial_pulls())
        try:
            stack.enter_context(surroundings(adapter, sandbox, environment, filled))
        except SurroundingsError as error:
            return Run(adapter.name, operation, "absent", f"{adapter.name} could not be tried: {mask(str(error))}")
        steps = adapter.steps(operation, requested)
        ended = _run_steps(steps, sandbox, filled, arguments, environment, seconds)
        listed = _scan_output(adapter, operation, ended, filled)
    run = _conclude(adapter, operation, ended, declared, mask)
    return msgspec.structs.replace(run, stdout=f"{run.stdout}\n{mask(listed)}") if listed else run


def _run_steps(
    steps: Sequence[Vector],
    sandbox: Sandbox,
    values: dict[str, str],
    options: Vector,
    environment: Mapping[str, str],
    timeout: float,
) -> list[Ended]:
    deadline = time.monotonic() + timeout
    values = values | {"stdout": ""}
    done: list[Ended] = []
    for step in steps:
        argv = fill(step, values, options)
        left = max(deadline - time.monotonic(), 0.1)
        done.append(run_program(argv, directory=sandbox.home, environment=environment, timeout=left))
        if done[-1].status != 0 or done[-1].timed_out:
            break
        printed = done[-1].stdout.rstrip("\r\n")
        values = values | ({"stdout": printed} if printed else {})
    return done


def _conclude(adapter: Adapter, operation: Operation, done: list[Ended], declared: str, mask: "_Mask") -> Run:
    last = done[-1]
    stdout, stderr = mask(last.stdout), mask(last.stderr)
    if last.problem:
        how = Classified("absent", f"{last.argv[0]} {last.problem}")
    else:
        how = classify(
            exit_status=last.status,
            signal=last.signal,
            stdout=stdout,
            stderr=stderr,
            timed_out=last.timed_out,
            refusals=adapter.refusals,
            protocol=adapter.speaks_protocol,
        )
    if declared and how.outcome in ("refused", "unsupported"):
        how = Classified("unsupported", declared)
    return Run(
        adapter.name,
        operation,
        how.outcome,
        how.reason,
        tuple(_evidence(ended, mask) for ended in done),
        stdout,
        stderr,
        round(sum(ended.elapsed for ended in done), 3),
        max(ended.peak_memory for ended in done),
        declared,
    )


def _lacking(
    adapter: Adapter,
    operation: Operation,
    options: Sequence[Option],
    requested: Sequence[str],
    values: Mapping[str, str],
) -> str:
    """Why the adapter cannot express this request; empty when it can."""
    if operation not in adapter.operations:
        return f"{adapter.name} has no operation {operation}"
    compression = values.get("compression", "")
    if compression and not adapter.writes(operation, compression):
        return f"{adapter.name} cannot write {compression}"
    for option in options:
        if adapter.option(operation, option, requested) is None:
            stated = option in adapter.options or option in adapter.operation_options.get(operation, {})
            why = ", whose commands have no {options} to put it in" if stated else ""
            return f"{adapter.name} has no option {option} for {operation}{why}"
    if adapter.tags_only and (values.get("digest") or values.get("destination_digest")):
        return f"{adapter.name} takes tags only"
    return ""


def _option_arguments(
    adapter: Adapter,
    sandbox: Sandbox,
    operation: Operation,
    options: Sequence[Option],
    requested: Sequence[str],
    values: Mapping[str, str],
) -> Vector:
    """The requested options, and those for credentials and certificate where sandbox and adapter have them."""
    own: list[Option] = ["authfile", "login"] if sandbox.secrets else []
    own += ["cafile"] if sandbox.ca_file else []
    given = (adapter.option(operation, option, requested) or () for option in dict.fromkeys([*own, *options]))
    return tuple(argument for vector in given for argument in fill(vector, values))


def _scan_output(adapter: Adapter, operation: Operation, ended: Sequence[Ended], values: Mapping[str, str]) -> str:
    """The content of the file that the adapter names for scans; empty where there is none."""
    if operation != "scan" or not adapter.scan_output or ended[-1].status != 0:
        return ""
    try:
        with Path(fill([adapter.scan_output], values)[0]).open("rb") as file:
            return file.read(_MAX_SCAN).decode("utf-8", "replace")
    except OSError:
        return ""


def _values(sandbox: Sandbox, given: Values) -> dict[str, str]:
    values = {"python": sys.executable, **sandbox.values(), **{key: str(value) for key, value in given.items()}}
    for name, prefix in (("reference", ""), ("destination", "destination_")):
        if name in values:
            host, repository, tag, digest = _parts(values[name])
            named = {"host": host, "repository": repository, "tag": tag, "digest": digest}
            values |= {f"{prefix}{key}": value for key, value in named.items()}
    login = sandbox.logins.get(values.get("host", "")) or next(iter(sandbox.logins.values()), Credentials())
    values |= {"username": login.username, "password": login.password}
    if "platform" in values:
        system, architecture, *variant = values["platform"].split("/")
        values |= {"os": system, "architecture": architecture, "variant": "".join(variant)}
    return values


def _parts(reference: str) -> tuple[str, str, str, str]:
    """Registry, name, tag and digest of ``host:port/name:tag`` or ``host:port/name@digest``."""
    host, _, rest = reference.partition("/")
    name, _, digest = rest.partition("@")
    repository, _, tag = name.partition(":")
    return host, repository, tag, digest


def _missing(adapter: Adapter, sandbox: Sandbox, values: Mapping[str, str]) -> str:
    (program,) = fill([adapter.executable], values)
    if shutil.which(program, path=sandbox.environment["PATH"]) is None:
        return f"{Path(program).name} is not installed on this machine"
    if adapter.storage == "overlay" and how_to_mount() not in MOUNTS:
        return f"{adapter.name} pulls into overlay storage: {how_to_mount()}"
    return ""


def _environment(adapter: Adapter, sandbox: Sandbox, values: Mapping[str, str]) -> dict[str, str]:
    known = defaultdict(str, values)  # the environment may use placeholders that not every operation has
    own = {name: fill([value], known)[0] for name, value in adapter.environment.items()}
    return {**sandbox.environment, **own}


def _evidence(ended: Ended, mask: "_Mask") -> CommandEvidence:
    status = ended.status if ended.signal is None else -ended.signal
    output = mask("\n".join(text for text in (ended.problem, ended.stderr.strip(), ended.stdout.strip()) if text))
    if len(output) > MAX_EVIDENCE:
        output = f"{output[: MAX_EVIDENCE // 2]}\n[…]\n{output[-MAX_EVIDENCE // 2 :]}"
    return CommandEvidence(tuple(mask(argument) for argument in ended.argv), status, output)


class _Mask:
    """Removes secrets and paths of this machine from recorded text."""

    def __init__(self, sandbox: Sandbox, values: Values) -> None:
        named = {str(value): f"{{{key}}}" for key, value in values.items() if isinstance(value, Path)}
        own = {sandbox.home: "{home}", sandbox.storage: "{storage}", sandbox.directory: "{run}"}
        words = {**named, **{str(path): word for path, word in own.items()}, sys.executable: "{python}"}
        words |= {form: MASK for secret in sandbox.secrets for form in forms_of(secret)}
        # The longest first, because one path may begin with another.
        self._words = sorted(words.items(), key=lambda item: len(item[0]), reverse=True)

    def __call__(self, text: str) -> str:
        for found, word in self._words:
            text = text.replace(found, word)
        return mask_url(text)

"""Runs one tar reader on one file: time-out, bounded output, a separate directory and HOME."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from conformance.processes.run import Ended, run_program

MAX_OUTPUT = 64 * 2**10
BLOB = "blob"
BLOB_ARGUMENT = "{blob}"  # in an argument vector: the placeholder for the file name


def run_on(
    content: bytes, argv: tuple[str, ...], *, timeout: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run ``argv`` with the content in a file named "blob" in a new current directory, which is HOME as well.

    ``{blob}`` in ``argv`` becomes that name. Of the environment of this process the program gets PATH only. At most
    MAX_OUTPUT characters of each stream are recorded.
    """
    with tempfile.TemporaryDirectory(prefix="zcc-reader-") as home:
        (Path(home) / BLOB).write_bytes(content)
        command = tuple(argument.replace(BLOB_ARGUMENT, BLOB) for argument in argv)
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home, "LC_ALL": "C"}
        ended = run_program(command, directory=Path(home), environment=own | dict(environment or {}), timeout=timeout)
    told = (ended.stderr or ended.problem)[:MAX_OUTPUT]  # also why it could not be started
    return msgspec.structs.replace(ended, stdout=ended.stdout[:MAX_OUTPUT], stderr=told)

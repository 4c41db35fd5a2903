"""Running one tar reader on one file: time-out, bounded output, a directory and HOME of its own."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from conformance.processes.run import Ended, run_program

MAX_OUTPUT = 64 * 2**10
BLOB = "blob"
BLOB_ARGUMENT = "{blob}"  # in an argument vector: where the file's name goes


def run_on(
    content: bytes, argv: tuple[str, ...], *, timeout: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run ``argv`` with the content in a file named "blob" in a new current directory, which is HOME as well.

    ``{blob}`` in ``argv`` becomes that name. Nothing of this process's environment reaches the program but PATH.
    At most MAX_OUTPUT characters of each stream are kept; why it could not be started is in its standard error.
    """
    with tempfile.TemporaryDirectory(prefix="zcc-reader-") as home:
        (Path(home) / BLOB).write_bytes(content)
        command = tuple(argument.replace(BLOB_ARGUMENT, BLOB) for argument in argv)
        own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home, "LC_ALL": "C"}
        ended = run_program(command, directory=Path(home), environment=own | dict(environment or {}), timeout=timeout)
    told = (ended.stderr or ended.problem)[:MAX_OUTPUT]
    return msgspec.structs.replace(ended, stdout=ended.stdout[:MAX_OUTPUT], stderr=told)

"""``python -m conformance.cases.mutants.run_client MODULE.NAME push|pull|unpack|scan …``: a client mutant as a command.

It implements the entry-point protocol, so that an adapter drives it like any tool. ``scan`` behaves like a scanner
built
on such a client: it unpacks, and lists the packages of the database, or reports that it found nothing.
"""

import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from conformance.reference.__main__ import main as run_toolkit
from conformance.reference.toolkit import Toolkit

MODULES: Final = ("clients", "clients_select", "clients_input", "clients_outside", "clients_unaware")
_DATABASE: Final = "var/lib/dpkg/status"
_NO_SUCH: Final = 2


def find_client(name: str) -> Callable[[], Toolkit]:
    """The mutant by ``module.function``; LookupError when there is none."""
    module, _, function = name.partition(".")
    found = getattr(import_module(f"conformance.cases.mutants.{module}"), function, None) if module in MODULES else None
    if not callable(found):
        raise LookupError(f"no client mutant {name!r}; modules: {', '.join(MODULES)}")
    maker: Callable[[], Toolkit] = found
    return maker


def run_client(toolkit: Toolkit, arguments: Sequence[str]) -> int:
    """One operation; the exit status of the protocol."""
    if not arguments or arguments[0] != "scan":
        return run_toolkit(arguments, toolkit)
    with tempfile.TemporaryDirectory(prefix="zcc-scan-") as directory:
        status = run_toolkit(["unpack", *arguments[1:], "--output", directory], toolkit)
        database = Path(directory) / _DATABASE
        if status == 0:
            lines = database.read_text("utf-8").splitlines() if database.is_file() else []
            found = [line.partition(": ")[2] for line in lines if line.startswith("Package: ")]
            print("\n".join(found) or "nothing found")  # noqa: T201
    return status


def main(arguments: Sequence[str]) -> int:
    """The first argument names the mutant, the others are the protocol's."""
    try:
        maker = find_client(arguments[0] if arguments else "")
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return _NO_SUCH
    return run_client(maker(), arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

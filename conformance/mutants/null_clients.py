"""Clients that do nothing right, to be judged like any other: none may pass a MUST with evidence of work.

``python -m conformance.mutants.null_clients KIND push|pull|… …``: the entry-point protocol with one of the
kinds below. Suites show their scores; a suite that gives one of them a pass has a hole.
"""

import itertools
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from conformance import __version__
from conformance.implementations import protocol


def always_fail(arguments: Sequence[str]) -> int:
    """Refuses everything, with a reason."""
    print(f"error: {arguments[0] if arguments else 'this'} is refused", file=sys.stderr)  # noqa: T201
    return protocol.REFUSED


def always_succeed(_: Sequence[str]) -> int:
    """Does nothing and says that it is done."""
    return protocol.DONE


def copies_everything(arguments: Sequence[str]) -> int:
    """Moves bytes and looks into nothing: whatever compression is asked for, whatever is wrong with the image."""
    # Only this kind needs the registry client, which takes a moment to import.
    from conformance.reference.copier import Copier, CopierOptions  # noqa: PLC0415
    from conformance.reference.store import ContentStore  # noqa: PLC0415
    from conformance.reference.transfer import LayoutDestination, RegistryDestination  # noqa: PLC0415
    from conformance.registry.client.client import RegistryClient  # noqa: PLC0415
    from conformance.sources.layout import LayoutSource  # noqa: PLC0415
    from conformance.sources.reference import LayoutReference, RegistryReference, parse_reference  # noqa: PLC0415
    from conformance.sources.remote import RemoteSource  # noqa: PLC0415

    operation, given = arguments[0], _options(arguments[1:])

    def open_registry(text: str) -> tuple[RegistryClient, RegistryReference]:
        reference = parse_reference(f"docker://{text}")
        assert isinstance(reference, RegistryReference)
        return RegistryClient(reference.base_url(), ca_file=given.get("cafile")), reference

    source: LayoutSource | RemoteSource
    if operation in ("push", "store", "archive"):
        source = LayoutSource(LayoutReference(Path(given["layout"])))
    else:
        source = RemoteSource(*open_registry(given["reference"]))
    if operation in ("push", "copy", "recompress", "export", "build"):
        named = given["reference" if operation == "push" else "destination"]
        destination: RegistryDestination | LayoutDestination = RegistryDestination(*open_registry(named))
    else:
        directories = (given.get(name) for name in ("target", "layout", "output"))
        destination = LayoutDestination(Path(next((name for name in directories if name), os.devnull)))
    if operation != "scan":
        with tempfile.TemporaryDirectory() as directory:
            Copier(source, ContentStore(Path(directory))).copy(destination, CopierOptions())
    return protocol.DONE


def crash(_: Sequence[str]) -> int:
    """Dies by a signal."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.abort()


def hang(_: Sequence[str]) -> int:
    """Never ends."""
    while True:
        signal.pause()


KINDS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "always-fail": always_fail,
    "always-succeed": always_succeed,
    "copies-everything": copies_everything,
    "crash": crash,
    "hang": hang,
}


def main(arguments: Sequence[str]) -> int:
    """Run one kind; every kind can say its version, so that it counts as installed."""
    kind, rest = arguments[0], arguments[1:]
    if tuple(rest) == protocol.VERSION:
        print(f"null client {kind} {__version__}")  # noqa: T201
        return protocol.DONE
    return KINDS[kind](rest)


def _options(arguments: Sequence[str]) -> dict[str, str]:
    """``--name value`` pairs; flags are ignored, as everything is."""
    pairs = itertools.pairwise(arguments)
    return {name[2:]: value for name, value in pairs if name.startswith("--") and not value.startswith("--")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

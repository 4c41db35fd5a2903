"""``python -m conformance.readers``: list the readers on this machine; ``--install`` installs the available ones."""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence

from conformance.readers.command_line import COMMANDS
from conformance.readers.panel import Panel
from conformance.readers.programs import PROGRAM_LIST
from conformance.readers.sentinel_panel import read_with_panel, valid_archive
from conformance.readers.sentinel_tools import build_go_reader
from conformance.sources.errors import SourceError


def install(say: Callable[[str], object]) -> None:
    """Build and fetch the available readers; print a line for each reader that cannot be installed."""
    steps = [(program.name, program.install) for program in PROGRAM_LIST]
    for name, step in [*steps, ("go (sentinel)", build_go_reader)]:
        try:
            step()
        except (SourceError, OSError) as error:
            say(f"{name}: {error}")


def lines() -> Iterable[tuple[str, bool]]:
    """A line for each reader of both panels, with its state."""
    yield "readers of data layers:", True
    yield from _of_panel("layers", tuple(each.name for each in COMMANDS))
    yield "readers of indexes, manifests and configs:", True
    yield from _of_panel("documents", ())
    yield "readers of sentinel blobs:", True
    for outcome in read_with_panel(valid_archive()):
        state = outcome.version or "found"
        if outcome.absent:
            state = "broken" if outcome.evidence else "not on this machine"
        yield f"  {outcome.reader}: {state}{' (lenient)' if outcome.lenient else ''}", not outcome.absent


def _of_panel(reads: str, commands: Sequence[str]) -> Iterable[tuple[str, bool]]:
    with Panel(reads=(reads,)) as panel:
        versions = {info.name: info.version or "found" for info in panel.readers}
        names = (name for program in PROGRAM_LIST if program.reads == reads for name in program.readers)
        for name in (*names, *commands):
            if name in versions:
                yield f"  {name}: {versions[name]}", True
            elif name in panel.broken:
                yield f"  {name}: broken: {panel.broken[name]}", False
            else:
                needs = panel.absent.get(name)
                yield f"  {name}: not on this machine{f' (it needs {needs})' if needs else ''}", False


def main(arguments: Sequence[str] | None = None) -> int:
    """List, or install and list; status 1 when a reader is missing."""
    parser = argparse.ArgumentParser(prog="python -m conformance.readers", description=__doc__)
    parser.add_argument("--install", action="store_true", help="build and fetch the available readers")
    if parser.parse_args(arguments).install:
        install(lambda line: sys.stderr.write(f"{line}\n"))
    complete = True
    for line, here in lines():
        sys.stdout.write(f"{line}\n")
        complete &= here
    return int(not complete)


if __name__ == "__main__":
    raise SystemExit(main())

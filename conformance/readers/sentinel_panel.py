"""The panel of tar readers for sentinel blobs.

"Accepted" is success as the reader defines it: exit status 0, or no error. A reader counts as present only when it
lists a valid archive (the positive control): a broken one would reject everything and prove nothing.
"""

import io
import os
import sys
import tarfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from conformance.observed.evidence import CommandEvidence
from conformance.observed.image import ReaderOutcome
from conformance.readers.places import node_modules
from conformance.readers.process import run_on
from conformance.readers.sentinel_tools import (
    TOOLS,
    Found,
    Tool,
)

PYTHON_STRICT = "Python tarfile"
PYTHON_LENIENT = "Python tarfile (ignore_zeros)"
# Without the limit, listing an archive that points back into itself would not end.
MAX_MEMBERS = 4096
MAX_ENTRIES_KEPT = 64
WORKERS = 2


def reader_names() -> tuple[str, ...]:
    """The names of all readers of the panel, present or not, strict ones and lenient ones."""
    return (PYTHON_STRICT, PYTHON_LENIENT, *(tool.name for tool in TOOLS))


def read_with_panel(
    content: bytes, *, timeout: float = 20, readers: Iterable[str] | None = None
) -> tuple[ReaderOutcome, ...]:
    """The outcome of every reader of the panel for these bytes, in the order of ``reader_names()``.

    ``timeout`` in seconds is each reader's; ``readers`` picks some by name (ValueError for an unknown one). Readers
    that are not on this machine are reported as absent.
    """
    wanted = set(reader_names() if readers is None else readers)
    if unknown := wanted - set(reader_names()):
        raise ValueError(f"no such reader: {', '.join(sorted(unknown))}; known: {', '.join(reader_names())}")
    outcomes = [_read_python(content, lenient) for lenient in (False, True) if _python_name(lenient) in wanted]
    with ThreadPoolExecutor(WORKERS) as pool:
        tools = [tool for tool in TOOLS if tool.name in wanted]
        outcomes += pool.map(lambda tool: _read_with(tool, content, timeout), tools)
    return tuple(outcomes)


def read_with_python(content: bytes) -> tuple[ReaderOutcome, ...]:
    """The outcomes of the Python readers only, strict and lenient: fast enough for every generated example."""
    return (_read_python(content, False), _read_python(content, True))


def _python_name(lenient: bool) -> str:
    return PYTHON_LENIENT if lenient else PYTHON_STRICT


def _read_python(content: bytes, lenient: bool) -> ReaderOutcome:
    """Python's reader for plain tar (``r:``): compressed input may be a bomb, and is not unpacked in this process."""
    entries: list[str] = []
    status, output = 0, ""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:", ignore_zeros=lenient) as archive:
            while len(entries) < MAX_MEMBERS and (member := archive.next()) is not None:
                entries.append(_shown(member.name))
    # Any exception of tarfile on hostile bytes (also ValueError, RecursionError and others) is a refusal.
    except Exception as error:
        status, output = 1, f"{type(error).__name__}: {error}"
    options = "mode='r:', ignore_zeros=True" if lenient else "mode='r:'"
    argv = ("python3", "-c", f"import tarfile; tarfile.open('blob', {options}).list()")
    return ReaderOutcome(
        _python_name(lenient),
        ".".join(str(part) for part in sys.version_info[:3]),
        lenient,
        accepted=status == 0,
        entries=tuple(entries[:MAX_ENTRIES_KEPT]) if status == 0 else (),
        evidence=(CommandEvidence(argv, status, output or "\n".join(entries[:MAX_ENTRIES_KEPT])),),
    )


def _read_with(tool: Tool, content: bytes, timeout: float) -> ReaderOutcome:
    found, evidence = _present(tool, node_modules(), os.environ.get("PATH", ""))
    if found is None:
        return ReaderOutcome(tool.name, "", tool.lenient, absent=True, evidence=evidence)
    accepted, entries, command = _ask(tool, found, content, timeout)
    return ReaderOutcome(
        tool.name,
        found.version,
        tool.lenient,
        accepted=accepted,
        entries=entries if accepted else (),
        evidence=(command,),
    )


@cache
def _present(tool: Tool, _modules: object, _path: str) -> tuple[Found | None, tuple[CommandEvidence, ...]]:
    """The reader on this machine, or its failure on a valid archive. Cached for this process and this PATH."""
    found = tool.find()
    if found is None:
        return None, ()
    accepted, entries, command = _ask(tool, found, valid_archive(), 60)
    return (found, ()) if accepted and entries == ("control",) else (None, (command,))


def _ask(tool: Tool, found: Found, content: bytes, timeout: float) -> tuple[bool, tuple[str, ...], CommandEvidence]:
    ended = run_on(content, found.argv, timeout=timeout, environment=dict(found.environment))
    lines = [
        line.removeprefix(tool.entry_prefix) for line in ended.stdout.splitlines() if line.startswith(tool.entry_prefix)
    ]
    entries = tuple(_shown(line) for line in lines[:MAX_ENTRIES_KEPT])
    output = "\n".join(part.strip() for part in (ended.stdout, ended.stderr) if part.strip())
    return ended.status == 0, entries, CommandEvidence(ended.argv, ended.status, output[:4096])


@cache
def valid_archive() -> bytes:
    """The positive control: one empty file "control"."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("control"))
    return target.getvalue()


def _shown(name: str) -> str:
    """A name from a hostile archive, escaped for a terminal and a report."""
    return "".join(character if character.isprintable() else "\ufffd" for character in name[:256])

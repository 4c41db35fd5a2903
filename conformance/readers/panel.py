"""The panel of readers of whole archives: the reading of the tar of a data layer by each reader on this machine."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Final, Self

from conformance.readers.command_line import COMMANDS, command_readers, is_clear, read_with_command
from conformance.readers.programs import PROGRAM_LIST, Program
from conformance.readers.reading import ReaderInfo, Reading
from conformance.readers.sentinel_panel import valid_archive
from conformance.readers.stream import START_TIMEOUT, ReaderProgram, Request

TOC_READER: Final = "containers-storage (TOC)"
MAX_TAR: Final = 256 * 2**20
"""Maximum bytes of a tar for the readers, some of which hold it in memory."""


class Panel:
    """The readers on this machine, as running programs. Use it in a ``with``.

    ``absent`` names the readers that are not on this machine, and what they need; ``broken`` those that do not start.
    """

    def __init__(
        self, *, timeout: float = 10.0, only: Sequence[str] | None = None, reads: Sequence[str] = ("layers",)
    ) -> None:
        """``timeout`` in seconds for one response; ``only`` names the programs to start, None for all.

        ``reads``: what the programs to start read, "layers" or "documents".
        """
        self._stack = ExitStack()
        self._programs: list[ReaderProgram] = []
        self.absent: dict[str, str] = {}
        self.broken: dict[str, str] = {}
        for program in PROGRAM_LIST:
            if program.reads in reads and (only is None or program.name in only):
                self._start(program, timeout)
        self.commands = command_readers() if only is None and "layers" in reads else ()
        self._timeout = timeout
        self._pool = self._stack.enter_context(ThreadPoolExecutor(max(1, len(self._programs))))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    @property
    def readers(self) -> tuple[ReaderInfo, ...]:
        """All readers on this machine: the long-lived programs, then the commands."""
        return (*(info for program in self._programs for info in program.readers), *self.commands)

    def read_tars(self, tars: Sequence[bytes]) -> list[dict[str, Reading]]:
        """The readings of each archive by the long-lived programs."""
        return self._ask([Request(tar) for tar in tars], "tar")

    def read_layers(self, layers: Sequence[tuple[bytes, bytes]]) -> list[dict[str, Reading]]:
        """The readings of layers by the readers of whole layers; a layer is its blob, and its annotations as a JSON
        object.
        """
        return self._ask([Request(blob, "layer", annotations) for blob, annotations in layers], "layer")

    def read_documents(self, documents: Sequence[tuple[str, bytes]]) -> list[dict[str, Reading]]:
        """The readings of documents; a document is its kind (index, manifest, config) and its bytes.

        A reading has a member of the type ``other:fact`` for each fact: its name is the place, its link the value.
        """
        return self._ask([Request(raw, "document", kind.encode()) for kind, raw in documents], "document")

    def read_with_commands(self, tar: bytes) -> dict[str, Reading]:
        """The readings of the commands with unambiguous listings."""
        here = {info.name for info in self.commands}
        found: dict[str, Reading] = {}
        for command in COMMANDS:
            if command.name in here and is_clear(command, tar):
                reading = read_with_command(command, tar, timeout=self._timeout)
                if reading is not None:
                    found[command.name] = reading
        return found

    def _start(self, program: Program, timeout: float) -> None:
        try:
            launch = program.launch()
            if launch is None:
                self.absent |= dict.fromkeys(program.readers, program.needs)
                return
            running = self._stack.enter_context(ReaderProgram(launch, timeout=timeout))
        except OSError as error:
            self.broken |= dict.fromkeys(program.readers, str(error))
            return
        if problem := _control(running):
            self.broken |= {info.name: problem for info in running.readers}
            running.close()
            return
        self._programs.append(running)
        there = {info.name for info in running.readers}
        self.absent |= {name: program.needs for name in program.readers if name not in there}

    def _ask(self, requests: Sequence[Request], op: str) -> list[dict[str, Reading]]:
        asked = [program for program in self._programs if program.readers[0].op == op]
        results: list[dict[str, Reading]] = [{} for _ in requests]
        for program, replies in zip(asked, self._pool.map(lambda one: one.ask(requests), asked), strict=True):
            for result, reply in zip(results, replies, strict=True):
                result |= {info.name: reading for info, reading in zip(program.readers, reply, strict=True)}
        return results


def _control(program: ReaderProgram) -> str:
    """The positive control: every tar reader reads the member of a valid archive. Returns the failure, "" for none."""
    if program.readers[0].op != "tar":
        return ""
    for info, reading in zip(
        program.readers, program.ask([Request(valid_archive())], timeout=START_TIMEOUT)[0], strict=True
    ):
        seen = [(bytes.fromhex(member.name), member.kind, member.size) for member in reading.members]
        if not reading.accepts or seen != [(b"control", "reg", 0)]:
            return f"{info.name} does not read a valid archive: {reading.refused or seen}"
    return ""


def versions(readers: Sequence[ReaderInfo]) -> Mapping[str, str]:
    """Readers and their versions."""
    return {info.name: info.version for info in readers}

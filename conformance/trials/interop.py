"""Interoperability of the tools: images from every producer, through every registry, to every consumer.

Each image is also copied by every copier within the registry, and consumed from there, unless the registry is without
copies.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Final

import msgspec

from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.runner import Run, Values
from conformance.observed.interop import Cell, CellOutcome, ImageName
from conformance.observed.outcome import RunOutcome
from conformance.registry.client.client import RegistryClient
from conformance.sources.errors import SourceError
from conformance.sources.reference import RegistryReference
from conformance.sources.remote import RemoteSource
from conformance.trials.at_once import at_once
from conformance.trials.fetch import fetch_layout
from conformance.trials.file_trees import read_tree
from conformance.trials.interop_copies import is_same_image
from conformance.trials.interop_images import facts, facts_of_image, matrix_image
from conformance.trials.under_test import ImplementationUnderTest

COMPRESSIONS: Final = ("zstd:chunked", "gzip")
COPIED: Final = "zstd:chunked"
"""The compression of the images that are copied, and of the large one."""
_TAG: Final = "1"
_SECONDS: Final[Mapping[ImageName, float]] = {"small": 180.0, "large": 900.0}
_TIMES_LARGE: Final = 5
"""How many times the seconds of an adapter an operation on the large image may take."""
_CONSUMERS_AT_ONCE: Final = 2
_OUTCOMES: Final[dict[RunOutcome, CellOutcome]] = {
    "refused": "refused",
    "crashed": "crashed",
    "timed-out": "timed out",
    "unsupported": "unsupported",
    "absent": "absent",
}
_Ends = dict[str, tuple[CellOutcome, str]]
"""How each consumer, by its name, ended."""


class AvailableRegistry(msgspec.Struct, frozen=True):
    """A registry that runs on loopback, by the name it has in the table; ``with_copies``: copiers are run there."""

    name: str
    url: str
    with_copies: bool = True

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


class _Way(msgspec.Struct, frozen=True):
    """One pushed image: who pushed what, and where it is."""

    producer: ImplementationUnderTest
    compression: str
    registry: AvailableRegistry
    image: ImageName

    @property
    def repository(self) -> str:
        return f"interop/{self.image}/{self.producer.adapter.name}-{self.compression.replace(':', '-')}"

    def cell(self, consumer: str, outcome: CellOutcome, reason: str, copier: str = "") -> Cell:
        return Cell(
            self.producer.name, self.compression, self.registry.name, consumer, outcome, reason, copier, self.image
        )


def interoperate(
    subjects: Sequence[ImplementationUnderTest],
    registries: Sequence[AvailableRegistry],
    *,
    images: Sequence[ImageName] = ("small",),
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Cell]:
    """Every cell of the matrix; an image is pushed once, then unpacked, and copied, by every tool that can."""
    producers = [subject for subject in subjects if "push" in subject.adapter.operations]
    ways = [
        _Way(producer, compression, registry, name)
        for name, registry, producer, compression in product(images, registries, producers, COMPRESSIONS)
        if name == "small" or compression == COPIED
    ]
    for number, way in enumerate(ways, 1):
        progress(
            f"image {number} of {len(ways)}: {way.producer.adapter.name} pushes the {way.image} image as "
            f"{way.compression} to {way.registry.name}"
        )
        yield from _row(way, subjects)


def _row(way: _Way, subjects: Sequence[ImplementationUnderTest]) -> Iterator[Cell]:
    consumers = [subject for subject in subjects if "unpack" in subject.adapter.operations]
    copiers = [subject for subject in subjects if "copy" in subject.adapter.operations]
    ended = _pushed(way)
    if ended is not None:
        for consumer in consumers:
            yield way.cell(consumer.name, *ended)
        return
    direct = _consumed(way, way.repository, consumers)
    for name, end in direct.items():
        yield way.cell(name, *end)
    if way.compression != COPIED or not way.registry.with_copies:
        return
    for copier in copiers:
        for name, end in _copied(way, copier, consumers, direct).items():
            yield way.cell(name, *end, copier=copier.name)


def _pushed(way: _Way) -> tuple[CellOutcome, str] | None:
    """Why there is nothing to unpack; None when the image was pushed."""
    layout = matrix_image(way.image).write(way.producer.new_directory("layout") / "image")
    reference = f"{way.registry.host}/{way.repository}:{_TAG}"
    run = _run(way, way.producer, "push", {"layout": layout, "reference": reference, "compression": way.compression})
    shutil.rmtree(layout.parent, ignore_errors=True)
    if run.outcome == "unsupported":
        return "unsupported", run.reason
    return None if run.succeeded else ("not pushed", f"{run.outcome}: {run.reason}")


def _copied(
    way: _Way, copier: ImplementationUnderTest, consumers: Sequence[ImplementationUnderTest], direct: _Ends
) -> _Ends:
    """The cells of each consumer for the copy; for an identical copy, those of the original."""
    copy = f"{way.repository}-by-{copier.adapter.name}"
    values: dict[str, str | Path] = {
        "reference": f"{way.registry.host}/{way.repository}:{_TAG}",
        "destination": f"{way.registry.host}/{copy}:{_TAG}",
    }
    run = _run(
        way, copier, "copy", values, options=("all",) if copier.adapter.knows("all") else _platform(copier, values)
    )
    if not run.succeeded:
        end: tuple[CellOutcome, str] = ("not copied", f"{run.outcome}: {run.reason}")
        return dict.fromkeys((consumer.name for consumer in consumers), end)
    client = RegistryClient(way.registry.url, retries=0)
    try:
        if is_same_image(client, way.repository, copy, _TAG):
            return direct
    finally:
        client.close()
    return _consumed(way, copy, consumers)


def _consumed(way: _Way, repository: str, consumers: Sequence[ImplementationUnderTest]) -> _Ends:
    jobs = [partial(_unpacked, way, repository, consumer) for consumer in consumers]
    names = [consumer.name for consumer in consumers]
    return dict(zip(names, at_once(jobs, _CONSUMERS_AT_ONCE), strict=True))


def _unpacked(way: _Way, repository: str, consumer: ImplementationUnderTest) -> tuple[CellOutcome, str]:
    output, fetched = consumer.new_directory("tree"), consumer.new_directory("layout")
    values: dict[str, str | Path] = {"reference": f"{way.registry.host}/{repository}:{_TAG}", "output": output}
    try:
        if consumer.adapter.uses("unpack", "layout"):
            values["layout"] = _fetched(way, repository, fetched / "image")
        run = _run(way, consumer, "unpack", values, options=_platform(consumer, values))
        return _compared(way, run, output)
    except SourceError as error:
        return "refused", str(error)
    finally:
        for directory in (output, fetched):
            shutil.rmtree(directory, ignore_errors=True)


def _fetched(way: _Way, repository: str, layout: Path) -> Path:
    """The image byte for byte, for a tool that reads layouts only. Raises SourceError."""
    client = RegistryClient(way.registry.url, retries=0)
    try:
        return fetch_layout(
            RemoteSource(client, RegistryReference(way.registry.host, repository, _TAG, "http")), layout
        )
    finally:
        client.close()


def _platform(subject: ImplementationUnderTest, values: dict[str, str | Path]) -> tuple[Option, ...]:
    """The option by which it takes the image for linux/amd64, where it has one."""
    if not subject.adapter.knows("platform"):
        return ()
    values["platform"] = "linux/amd64"
    return ("platform",)


def _run(
    way: _Way, subject: ImplementationUnderTest, operation: Operation, values: Values, options: Sequence[Option] = ()
) -> Run:
    """One operation, of whose sandbox nothing is left: a storage with the large image has as many bytes."""
    sandbox = subject.sandbox(hosts=(way.registry.host,))
    usual = float(subject.adapter.timeout)
    seconds = min(_SECONDS[way.image], usual if way.image == "small" else _TIMES_LARGE * usual)
    try:
        return subject.run(operation, values, options=options, sandbox=sandbox, timeout=seconds)
    finally:
        shutil.rmtree(sandbox.directory, ignore_errors=True)


def _compared(way: _Way, run: Run, output: Path) -> tuple[CellOutcome, str]:
    if not run.succeeded:
        return _OUTCOMES[run.outcome], run.reason
    expected = facts_of_image(way.image)
    found = {name: facts(entry) for name, entry in read_tree(output).items()}
    if found == expected:
        return "same tree", ""
    names = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    return "wrong tree", f"{len(names)} differ: {', '.join(names[:5])}"

"""Interoperability of the tools: one image from every producer, through every registry, to every consumer."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Final

import msgspec

from conformance.images.inputs import TREES, image
from conformance.implementations.adapter_document import Option
from conformance.implementations.runner import Run, Values
from conformance.observed.outcome import RunOutcome
from conformance.observed.trials import EntrySeen
from conformance.registry.client.client import RegistryClient
from conformance.reports.certification import Cell, CellOutcome
from conformance.sources.errors import SourceError
from conformance.sources.reference import RegistryReference
from conformance.sources.remote import RemoteSource
from conformance.trials.fetch import fetch_layout
from conformance.trials.file_trees import expected_tree, read_tree
from conformance.trials.under_test import ImplementationUnderTest

COMPRESSIONS: Final = ("zstd:chunked", "gzip")
_OUTCOMES: Final[dict[RunOutcome, CellOutcome]] = {
    "refused": "refused",
    "crashed": "crashed",
    "timed-out": "timed out",
    "unsupported": "unsupported",
    "absent": "absent",
}


class AvailableRegistry(msgspec.Struct, frozen=True):
    """A registry that runs on loopback, by the name it has in the table."""

    name: str
    url: str

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")


def interoperate(
    subjects: Sequence[ImplementationUnderTest],
    registries: Sequence[AvailableRegistry],
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> Iterator[Cell]:
    """Every cell of the matrix; each image is pushed once and then unpacked by every tool that can."""
    producers = [subject for subject in subjects if "push" in subject.adapter.operations]
    consumers = [subject for subject in subjects if "unpack" in subject.adapter.operations]
    rows = list(product(registries, producers, COMPRESSIONS))
    for number, (registry, producer, compression) in enumerate(rows, 1):
        progress(f"image {number} of {len(rows)}: {producer.adapter.name} pushes {compression} to {registry.name}")
        yield from _row(producer, compression, registry, consumers)


def _row(
    producer: ImplementationUnderTest,
    compression: str,
    registry: AvailableRegistry,
    consumers: Sequence[ImplementationUnderTest],
) -> Iterator[Cell]:
    repository = f"interop/{producer.adapter.name}-{compression.replace(':', '-')}"
    reference = f"{registry.host}/{repository}:1"
    layout = image().write(producer.new_directory("layout") / "image")
    values: Values = {"layout": layout, "reference": reference, "compression": compression}
    pushed = producer.run("push", values, hosts=(registry.host,))
    for consumer in consumers:
        where = (producer.name, compression, registry.name, consumer.name)
        if pushed.outcome == "unsupported":
            yield Cell(*where, "unsupported", pushed.reason)
        elif not pushed.succeeded:
            yield Cell(*where, "not pushed", f"{pushed.outcome}: {pushed.reason}")
        else:
            yield Cell(*where, *_unpacked(consumer, registry, repository))


def _unpacked(
    consumer: ImplementationUnderTest, registry: AvailableRegistry, repository: str
) -> tuple[CellOutcome, str]:
    output = consumer.new_directory("tree")
    values: dict[str, str | Path] = {"reference": f"{registry.host}/{repository}:1", "output": output}
    options: tuple[Option, ...] = ()
    if consumer.adapter.knows("platform"):
        values["platform"], options = "linux/amd64", ("platform",)
    if consumer.adapter.uses("unpack", "layout"):
        # It reads layouts only: the suite fetches the image for it, byte for byte.
        client = RegistryClient(registry.url, retries=0)
        try:
            source = RemoteSource(client, RegistryReference(registry.host, repository, "1", "http"))
            values["layout"] = fetch_layout(source, consumer.new_directory("layout") / "image")
        except SourceError as error:
            return "refused", str(error)
        finally:
            client.close()
    run = consumer.run("unpack", values, hosts=(registry.host,), options=options)
    return _compared(run, output)


def _compared(run: Run, output: Path) -> tuple[CellOutcome, str]:
    if not run.succeeded:
        return _OUTCOMES[run.outcome], run.reason
    expected = {name: _facts(entry) for name, entry in expected_tree(TREES).items()}
    found = {name: _facts(entry) for name, entry in read_tree(output).items()}
    if found == expected:
        return "same tree", ""
    names = sorted(name for name in {*expected, *found} if expected.get(name) != found.get(name))
    return "wrong tree", f"{len(names)} differ: {', '.join(names[:5])}"


def _facts(entry: EntrySeen) -> tuple[str, int, str]:
    return entry.kind, entry.mode, entry.content

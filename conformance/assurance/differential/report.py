"""Prints a run for the terminal and as a table for docs/soundness.md, and writes a fault to two files."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from conformance.assurance.differential.harness import Found, Summary
from conformance.assurance.differential.json_mutations import JsonSummary


def lines(summary: Summary) -> Iterator[str]:
    """The results of a run, one on each line."""
    rate = summary.cases / summary.seconds if summary.seconds else 0
    yield f"{summary.cases} cases with seed {summary.seed} in {summary.seconds:.0f} s: {rate:.0f} a second"
    yield f"{summary.passed} pass, {summary.failed} fail, {summary.unwritten} cannot be written as a layer"
    yield f"{summary.asked_commands} were given to the readers that are commands"
    readers = {(left, right) for left, right, _ in summary.pairs}
    yield f"{len(readers)} pairs of readers differ in {len(summary.pairs)} ways"
    for name, count in summary.crashes.items():
        if count:
            yield f"{name} crashed or timed out on {count}"
    for message, count in summary.refused_by_clients.most_common(10):
        yield f"containers-storage refuses {count} that pass: {message}"
    yield f"{len(summary.faults)} kinds of faults in {sum(summary.faults.values())} cases"
    for signature, count in summary.faults.most_common(40):
        yield f"  {count} x {signature}"


def table(summary: Summary) -> Iterator[str]:
    """The pairs that differ, in what, and the requirements that catch most of the differences, in Markdown."""
    yield "| readers | differ in | cases | caught by |"
    yield "|---|---|---|---|"
    merged: dict[tuple[str, str], Counter[str]] = {}
    caught: dict[tuple[str, str], Counter[str]] = {}
    for pair, count in summary.pairs.items():
        key = (pair[0], pair[1])
        merged.setdefault(key, Counter())[str(pair[2])] += count
        caught.setdefault(key, Counter()).update(summary.caught_by.get(pair, {}))
    for key, kinds in sorted(merged.items()):
        how = ", ".join(kind for kind, _ in kinds.most_common())
        ids = ", ".join(identifier for identifier, _ in caught[key].most_common(6))
        yield f"| {key[0]}, {key[1]} | {how} | {kinds.total()} | {ids} |"


def save(found: Found, directory: Path) -> Path:
    """Write the archive, and the results of the readers as JSON; the file name states what differs."""
    directory.mkdir(parents=True, exist_ok=True)
    what = "-".join(sorted({str(pair[2]) for pair in found.fault.pairs})) or "accused"
    name = f"{found.case:08d}-{what}"
    (directory / f"{name}.tar").write_bytes(found.tar)
    document = {
        "signature": found.fault.signature,
        "pairs": [list(pair) for pair in found.fault.pairs],
        "failed": found.fault.failed,
        "readings": {reader: msgspec.to_builtins(reading) for reader, reading in found.readings.items()},
    }
    encoded = msgspec.json.format(msgspec.json.encode(document), indent=1)
    path = directory / f"{name}.json"
    path.write_bytes(encoded)
    return path


def json_lines(summary: JsonSummary, what: str) -> Iterator[str]:
    """The results of a run over mutated JSON, one on each line. ``what`` names the cases."""
    yield f"{summary.cases} {what}: {summary.passed} pass, {len(summary.faults)} kinds of faults"
    for message, count in summary.refused.most_common(10):
        yield f"refused, of those that pass, {count} by {message}"
    for signature, count in summary.faults.most_common(20):
        yield f"  {count} x {signature}"


def save_json(document: bytes, directory: Path, name: str) -> Path:
    """Write the document that a reader reads differently from the suite; ``name`` begins the file name."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{hashlib.sha256(document).hexdigest()[:16]}.json"
    path.write_bytes(document)
    return path

"""Mutated indexes, manifests and configs: those that pass are compared with real readers of JSON."""

from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from conformance.assurance.differential.json_mutations import COMMON_VALUES, JsonSummary, Vocabulary, mutated_json
from conformance.assurance.differential.judging import failing_musts
from conformance.checks.artifact.judge import judge_image
from conformance.format.document import decode_leniently
from conformance.format.document_shapes import CONFIG, MANIFEST
from conformance.format.errors import FormatError
from conformance.images.draft import Draft, Drafted, conforming_draft, finish
from conformance.readers.document_reading import (
    DocumentReading,
    WrongTypeError,
    facts_in,
    facts_of,
    first_difference,
    python_document_reading,
)
from conformance.readers.panel import Panel
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource

BATCH: Final = 64
WORDS: Final = Vocabulary(
    (
        *(b"mediaType", b"digest", b"size", b"layers", b"manifests", b"config", b"annotations", b"platform"),
        *(b"subject", b"urls", b"artifactType", b"schemaVersion", b"architecture", b"os", b"variant", b"os.version"),
        *(b"os.features", b"rootfs", b"diff_ids", b"history", b"empty_layer", b"type", b"User", b"Env", b"Cmd"),
        *(b"Entrypoint", b"Labels", b"Volumes", b"ExposedPorts", b"WorkingDir", b"StopSignal", b"created", b"other"),
    ),
    (
        *(*COMMON_VALUES, b'"arm64"', b'"layers"', b'"root"', b'["x"]', b'{"80/tcp":{}}', b"2", b"2.0", b"false"),
        *(b'"application/vnd.oci.image.manifest.v1+json"', b'"application/vnd.oci.image.index.v1+json"'),
        *(b'"sha256:' + b"0" * 64 + b'"', b'"2024-01-01T00:00:00Z"', b'{"mediaType":"a/b","digest":"c","size":1}'),
    ),
)
PARTS: Final = {"index": "index", "sentinel": "manifest", "plain": "manifest", "plain.config": "config"}
"""The mutated documents and their kinds. For the last two the plain manifest alone is judged."""


class DocumentFault(msgspec.Struct, frozen=True):
    """A document that passes, and a reader that reads another value than the suite at ``place``."""

    part: str
    reader: str
    place: str
    document: bytes


def run_documents(panel: Panel, cases: int, seed: int, on_fault: Callable[[DocumentFault], None]) -> JsonSummary:
    """Mutate a document of a conforming image ``cases`` times."""
    random, summary = Random(seed), JsonSummary()
    while summary.cases < cases:
        batch = [_mutated(random) for _ in range(min(BATCH, cases - summary.cases))]
        summary.cases += len(batch)
        passing = []
        for part, document, made in batch:
            failing = _failing(made)
            summary.caught.update(failing)
            if not failing:
                passing.append((part, document))
        summary.passed += len(passing)
        readings = panel.read_documents([(PARTS[part], document) for part, document in passing])
        for (part, document), programs in zip(passing, readings, strict=True):
            found = {name: facts_in(reading) for name, reading in programs.items()}
            found["Python json"] = python_document_reading(PARTS[part], document)
            _compare(part, document, found, summary, on_fault)
    return summary


def _compare(
    part: str,
    document: bytes,
    readings: dict[str, DocumentReading],
    summary: JsonSummary,
    on_fault: Callable[[DocumentFault], None],
) -> None:
    accepting: list[DocumentReading] = []
    for name, reading in {"the judge": _judge_reading(PARTS[part], document), **readings}.items():
        if reading.refused is not None:
            summary.refused[f"{name}: {reading.refused}"[:160]] += 1
            continue
        accepting.append(reading)
        if place := first_difference(accepting[0].facts, reading.facts):
            summary.faults[f"{part}: {name}: {place}"] += 1
            on_fault(DocumentFault(part, name, place, document))


def _judge_reading(kind: str, document: bytes) -> DocumentReading:
    shape = CONFIG if kind == "config" else MANIFEST
    try:
        return DocumentReading(facts_of(kind, decode_leniently(document, what=kind, shape=shape)[0]))
    except (FormatError, WrongTypeError) as error:
        return DocumentReading(refused=f"{type(error).__name__}: {error}"[:200])


def _mutated(random: Random) -> tuple[str, bytes, Drafted]:
    """The mutated part, its bytes, and its image with the digests computed again."""
    part = random.choice(tuple(PARTS))
    draft = _rich_draft()
    made: list[bytes] = []

    def spelling(raw: bytes) -> bytes:
        made.append(mutated_json(raw, random, WORDS))
        return made[-1]

    draft.spelling[part] = spelling
    if part in ("index", "sentinel"):
        image = finish(draft)
    else:
        whole = finish(draft)
        digest = msgspec.json.decode(whole.root)["manifests"][0]["digest"]
        image = Drafted(whole.blobs, whole.blobs[digest])
    return part, made[0], image


def _rich_draft() -> Draft:
    """The conforming pair with more optional fields: labels, ports, a variant, annotations of the index."""
    draft = conforming_draft()
    for config in (draft.plain_config, draft.sentinel_config):
        config.update(variant="v2", created="2024-01-01T00:00:00Z", **{"os.version": "1"})
        config["config"].update(
            {
                "User": "1000",
                "WorkingDir": "/srv",
                "StopSignal": "SIGTERM",
                "Entrypoint": ["/bin/a"],
                "Cmd": ["b", "c"],
                "Labels": {"k": "v", "s": "t"},
                "ExposedPorts": {"80/tcp": {}},
                "Volumes": {"/data": {}},
            }
        )
        config["history"].append({"created_by": "ENV", "empty_layer": True})
    draft.index["annotations"] = {"org.example": "index"}
    return draft


def _failing(image: Drafted) -> tuple[str, ...]:
    """The ids of MUSTs that fail or could not be run."""
    return failing_musts(judge_image(observe_image(MemorySource(image.blobs, image.root))))

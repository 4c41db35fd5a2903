"""Mutated TOCs and tar-splits: those that pass are compared with clients and plain JSON readers."""

import json
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any, Final

import msgspec

from conformance.assurance.differential.json_mutations import COMMON_VALUES, JsonSummary, Vocabulary, mutated_json
from conformance.assurance.differential.judging import failing_musts
from conformance.checks.artifact.judge import judge_image
from conformance.format.errors import FormatError
from conformance.images.layer_draft import DraftedLayer, LayerDraft, draft_layer, finish_layer, toc_document
from conformance.images.one_layer import one_layer_image
from conformance.images.trees import Node
from conformance.readers.agreement import difference
from conformance.readers.panel import TOC_READER, Panel
from conformance.readers.reading import Member, Reading
from conformance.readers.toc_reading import reading_of
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource

BATCH: Final = 32
_TREE: Final = (
    Node("dir", "dir", mode=0o755),
    Node("dir/file", content=b"hello\n", mode=0o4755, uid=7, gid=8, mtime=1_700_000_000, xattrs={"user.k": "v"}),
    Node("empty"),
    Node("link", "symlink", link_name="dir/file", mode=0o777),
    Node("hard", "hardlink", link_name="dir/file", mode=0o4755),
)
WORDS: Final = Vocabulary(
    (
        *(b"type", b"name", b"linkName", b"mode", b"size", b"uid", b"gid", b"modtime", b"digest", b"offset"),
        *(b"endOffset", b"xattrs", b"devMajor", b"chunkSize", b"chunkDigest", b"version", b"entries"),
        *(b"tarSplitDigest", b"payload", b"name_raw", b"position", b"other"),
    ),
    (*COMMON_VALUES, b'"reg"', b'"evil"', b'"../x"', b'"Reg"', b'"symlink"', b'{"a":"eA=="}'),
)


class TableFault(msgspec.Struct, frozen=True):
    """A layer that passes, and a reader that reads another TOC; ``document`` is the mutated document."""

    part: str
    reader: str
    what: str
    document: bytes


def run_tables(panel: Panel, cases: int, seed: int, on_fault: Callable[[TableFault], None]) -> JsonSummary:
    """Mutate the TOC or the tar-split of a small layer ``cases`` times."""
    random, summary = Random(seed), JsonSummary()
    sound = draft_layer(_TREE)
    while summary.cases < cases:
        batch = [_mutated(sound, random) for _ in range(min(BATCH, cases - summary.cases))]
        judged = [(part, document, *_judge(layer)) for part, document, layer in batch]
        summary.cases += len(batch)
        passing = []
        for (part, document, failing, toc), (_, _, layer) in zip(judged, batch, strict=True):
            summary.caught.update(failing)
            if not failing:
                passing.append((part, document, toc, layer))
        summary.passed += len(passing)
        layers = [(layer.blob, msgspec.json.encode(layer.descriptor["annotations"])) for *_, layer in passing]
        for (part, document, toc, _), readings in zip(passing, panel.read_layers(layers), strict=True):
            _compare(part, document, toc, readings, summary, on_fault)
    return summary


def _compare(
    part: str,
    document: bytes,
    toc: Reading,
    readings: dict[str, Reading],
    summary: JsonSummary,
    on_fault: Callable[[TableFault], None],
) -> None:
    client = readings.get(TOC_READER)
    if client is not None and not client.accepts:
        summary.refused[f"{TOC_READER}: {part}: {client.refused}"[:160]] += 1
    if part == "TOC":
        readings = readings | {"Python json": python_reading(document)}
    for name, reading in readings.items():
        what = difference(toc, reading) if reading.accepts else None
        if what is not None:
            fault = TableFault(part, name, str(what), document)
            summary.faults[f"{part}: {name}: {what}"] += 1
            on_fault(fault)


def _mutated(sound: LayerDraft, random: Random) -> tuple[str, bytes, DraftedLayer]:
    draft = deepcopy(sound)
    if random.random() < 0.7:
        draft.document = mutated_json(toc_document(draft), random, WORDS)
        return "TOC", draft.document, finish_layer(draft)
    lines = [json.dumps(line, separators=(",", ":")).encode() for line in draft.split]
    index = random.randrange(len(lines))
    lines[index] = mutated_json(lines[index], random, WORDS)
    draft.split_document = b"".join(line + b"\n" for line in lines)
    return "tar-split", draft.split_document, finish_layer(draft)


def _judge(layer: DraftedLayer) -> tuple[tuple[str, ...], Reading]:
    """The ids of MUSTs that fail or could not be run, and the TOC as the suite reads it."""
    source = MemorySource(*one_layer_image(layer.blob, layer.descriptor, layer.diff_id))
    seen = observe_image(source, reading=LayerReading(deep=True))
    tocs = [one.toc.toc for one in seen.layers.layers if one.toc.toc is not None]
    return failing_musts(judge_image(seen)), reading_of(tocs[0]) if tocs else Reading(refused="no TOC")


def python_reading(document: bytes) -> Reading:
    """A TOC as a plain JSON reader reads it: exact keys, and the last one of repeated keys."""
    try:
        entries = json.loads(document)["entries"]
        return Reading(tuple(_member(entry) for entry in entries if entry.get("type") != "chunk"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, FormatError) as error:
        return Reading(refused=f"{type(error).__name__}: {error}"[:200])


def _member(entry: dict[str, Any]) -> Member:
    return Member(
        entry["name"].encode("utf-8", "surrogatepass").hex(),
        entry["type"],
        entry.get("size", 0),
        entry.get("mode", 0),
        entry.get("uid", 0),
        entry.get("gid", 0),
        entry.get("linkName", "").encode("utf-8", "surrogatepass").hex(),
        digest=entry.get("digest", "").removeprefix("sha256:") or None,
    )

"""What each mutant's findings state, word for word: where, expected and found are what a user goes by.

The texts are in findings.json. After a change that is meant: ``ZCC_WRITE_FINDINGS=1 pytest THIS FILE``, and read the
difference. Of layers numbers are left out: they depend on the version of zstd.
"""

import json
import os
import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from conformance.cases.mutants import blob, documents, layers, metadata
from conformance.checks.artifact.judge import judge_blob, judge_image
from conformance.checks.bound import judge_all
from conformance.images.draft import conforming_draft, finish
from conformance.images.layer_draft import finish_layer
from conformance.observed.consumer import SelectionSeen
from conformance.observed.evidence import BytesEvidence
from conformance.observed.image import SentinelBlob
from conformance.requirements import broken_by, find_mutants
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource
from tests.checks.artifact.pairs import pair_with
from tests.checks.consumer import clients
from tests.checks.consumer.clients import SITUATIONS, Client
from tests.checks.copier import copies
from tests.checks.copier.copies import judge_copied

FILE = Path(__file__).parent / "findings.json"
_DIGEST = re.compile(r"[0-9a-f]{64,128}")


def of_blob(maker: Callable[[], bytes]) -> list[str]:
    return told(judge_blob(SentinelBlob("sentinel", maker())), maker, plain=True)


def of_image(maker: Callable[..., None]) -> list[str]:
    draft = conforming_draft()
    maker(draft)
    image = finish(draft)
    seen = observe_image(MemorySource(image.blobs, image.root), reading=LayerReading(deep=True))
    return told(judge_image(seen), maker, plain=False)


def of_layer(maker: Callable[[], Any]) -> list[str]:
    image = pair_with(finish_layer(maker()))
    seen = observe_image(MemorySource(image.blobs, image.root), reading=LayerReading(deep=True))
    return told(judge_image(seen), maker, plain=False)


def of_copy(defect: Callable[..., None]) -> list[str]:
    return told(judge_copied(defect), defect, plain=False)


def of_selection(client: Client) -> list[str]:
    return told(judge_all(SelectionSeen, [client(one) for one in SITUATIONS]), client, plain=False)


def told(results: Sequence[RequirementResult], maker: object, *, plain: bool) -> list[str]:
    """The failures of the requirements that the mutant breaks, a line each; ``plain``: and the bytes that show them."""
    assert callable(maker)
    broken = broken_by(maker)
    lines = [
        f"{finding.requirement}: {finding.message} | {finding.where} | {finding.expected} | {finding.found}"
        for result in results
        if result.id in broken
        for finding in result.findings
        if finding.outcome == "fail"
    ]
    lines += [
        f"{finding.requirement}: {evidence.as_text()}"
        for result in results
        if plain and result.id in broken
        for finding in result.findings
        for evidence in finding.evidence
        if isinstance(evidence, BytesEvidence)
    ]
    lines = [_DIGEST.sub("DIGEST", line) for line in lines]
    return lines if plain else [_numbers_left_out(line) for line in lines]


def _numbers_left_out(line: str) -> str:
    head, colon, rest = line.partition(": ")
    return head + colon + re.sub(r"(?<![\w.\[-])\d{2,}|(?:[0-9a-f]{2} )+[0-9a-f]{2}", "N", rest)


_KINDS: tuple[tuple[ModuleType, Callable[[Any], list[str]]], ...] = (
    (blob, of_blob),
    (metadata, of_image),
    (documents, of_image),
    (layers, of_layer),
    (copies, of_copy),
    (clients, of_selection),
)
MAKERS: dict[str, Callable[[], list[str]]] = {
    f"{module.__name__.rpartition('.')[2]}.{value.__name__}": partial(judged, value)
    for module, judged in _KINDS
    for value in find_mutants(module)
}
if os.environ.get("ZCC_WRITE_FINDINGS"):
    FILE.write_text(json.dumps({name: make() for name, make in sorted(MAKERS.items())}, indent=1) + "\n", "utf-8")
DUE: dict[str, list[str]] = json.loads(FILE.read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(DUE.keys() & MAKERS.keys()))
def test_findings_say_what_is_wrong_and_where(name: str) -> None:
    assert MAKERS[name]() == DUE[name]

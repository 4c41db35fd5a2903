"""Mutated indexes, manifests and configs beside real readers of JSON."""

from collections.abc import Iterator

import pytest

from conformance.assurance.differential.documents import PARTS, DocumentFault, run_documents
from conformance.cases.mutants.documents._reading import entrypoint_that_is_a_text, label_that_is_a_number
from conformance.images.draft import conforming_draft, finish
from conformance.readers.document_reading import (
    DocumentReading,
    facts_in,
    first_difference,
    python_document_reading,
)
from conformance.readers.panel import Panel
from tests.tools import need

GO, ITERATOR, RUST, NODE = "Go encoding/json", "Go json-iterator", "Rust oci-spec", "node JSON.parse"
CONFIG = (
    b'{"architecture":"amd64","os":"linux","os.version":"1","rootfs":{"type":"layers","diff_ids":["sha256:aa"]},'
    b'"history":[{"empty_layer":true},{}],"config":{"User":"1","Env":["A=b"],"Labels":{"k":"v"},'
    b'"Volumes":{"/data":{}}}}'
)


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with Panel(reads=("documents",)) as running:
        here = {info.name for info in running.readers}
        for name in (GO, ITERATOR, RUST, NODE):
            need(name in here, name)
        yield running


def readings(panel: Panel, kind: str, raw: bytes) -> dict[str, DocumentReading]:
    (programs,) = panel.read_documents([(kind, raw)])
    found = {name: facts_in(reading) for name, reading in programs.items()}
    return {**found, "Python json": python_document_reading(kind, raw)}


def test_all_readers_see_the_same_facts_in_a_conforming_config(panel: Panel) -> None:
    found = readings(panel, "config", CONFIG)
    assert len(found) == 5
    for reading in found.values():
        assert reading.refused is None
        assert reading.facts == {
            "architecture": "amd64",
            "os": "linux",
            "os.version": "1",
            "rootfs.type": "layers",
            "rootfs.diff_ids[0]": "sha256:aa",
            "history.length": "2",
            "history[0].empty_layer": "true",
            "config.User": "1",
            "config.Env[0]": "A=b",
            "config.Labels.k": "v",
            "config.Volumes./data": "",
        }


@pytest.mark.parametrize(
    ("kind", "raw", "one", "other", "place"),
    [
        ("config", CONFIG.replace(b'"os"', b'"OS":"plan9","os"'), NODE, ITERATOR, ""),
        ("config", CONFIG.replace(b'"os":"linux"', b'"os":"linux","OS":"plan9"'), NODE, GO, "os"),
        ("config", CONFIG.replace(b'"os":"linux"', b'"os":"linux","o\xc5\xbf":"plan9"'), NODE, GO, "os"),
        ("index", b'{"schemaVersion":2,"manifests":[],"manifests":[{"digest":"a","size":1}]}', NODE, GO, ""),
    ],
)
def test_readers_differ_as_docs_say(panel: Panel, kind: str, raw: bytes, one: str, other: str, place: str) -> None:
    found = readings(panel, kind, raw)
    assert first_difference(found[one].facts, found[other].facts) == place


@pytest.mark.parametrize("mutant", [label_that_is_a_number, entrypoint_that_is_a_text])
def test_readers_with_types_refuse_what_doc_014_forbids(panel: Panel, mutant: object) -> None:
    draft = conforming_draft()
    assert callable(mutant)
    mutant(draft)
    made = finish(draft)
    config = next(raw for raw in made.blobs.values() if raw.startswith(b"{") and b"rootfs" in raw)
    found = readings(panel, "config", config)
    assert found[GO].refused is not None
    assert found[RUST].refused is not None


def test_no_reader_sees_another_document_in_what_passes(panel: Panel) -> None:
    faults: list[DocumentFault] = []
    summary = run_documents(panel, 400, 5, faults.append)
    assert faults == []
    assert 40 < summary.passed < 300


def test_an_absent_requirement_would_be_noticed(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the harness: a judge that passes everything has faults."""
    monkeypatch.setattr("conformance.assurance.differential.documents._failing", lambda _: ())
    faults: list[DocumentFault] = []
    run_documents(panel, 600, 5, faults.append)
    assert {fault.reader for fault in faults} >= {GO, ITERATOR}
    assert {fault.part for fault in faults} == set(PARTS)

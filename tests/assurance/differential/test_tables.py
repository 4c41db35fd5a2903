"""Mutated TOCs and tar-splits beside the client library."""

from random import Random

from conformance.assurance.differential.json_mutations import mutated_json
from conformance.assurance.differential.tables import WORDS, TableFault, python_reading, run_tables
from conformance.readers.panel import TOC_READER, Panel
from tests.tools import need

DOCUMENT = b'{"version":1,"entries":[{"type":"reg","name":"a","size":5,"digest":"sha256:ab"}]}'


def test_edits_are_the_same_for_the_same_seed_and_mostly_change_the_document() -> None:
    edited = [mutated_json(DOCUMENT, Random(seed), WORDS) for seed in range(300)]
    assert edited == [mutated_json(DOCUMENT, Random(seed), WORDS) for seed in range(300)]
    assert sum(one != DOCUMENT for one in edited) > 270


def test_edits_of_an_invalid_document_end() -> None:
    for seed in range(100):
        assert isinstance(mutated_json(b"", Random(seed), WORDS), bytes)


def test_plain_json_reading_takes_the_last_key_and_refuses_what_is_none() -> None:
    twice = DOCUMENT.replace(b'"size":5', b'"size":5,"size":6,"Size":7')
    assert [member.size for member in python_reading(twice).members] == [6]
    for bad in (b"", b"{", b"[]", b'{"entries":[1]}', b'{"entries":[{"name":1,"type":"reg"}]}', b"[" * 10**5):
        assert not python_reading(bad).accepts


def test_no_client_sees_another_toc_in_what_passes() -> None:
    faults: list[TableFault] = []
    with Panel(only=["go-storage"]) as panel:
        need(any(info.name == TOC_READER for info in panel.readers), TOC_READER)
        summary = run_tables(panel, 300, 3, faults.append)
    assert faults == []
    assert 20 < summary.passed < 280

"""Valid documents with a few edits: every output form takes the results, and what passes has one reading."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from conformance.audit.checking import CheckOptions, judge_source
from conformance.format.oci import Config, Descriptor, Index, Manifest, Platform, RootFs
from conformance.format.toc import decode_toc
from conformance.format.toc_lenient import first_difference, read_as_containers_storage
from conformance.images.draft import conforming_draft, finish
from conformance.images.layer_draft import LayerDraft, conforming_layer, finish_layer, toc_document
from conformance.reports import terminal
from conformance.reports.junit import render_junit
from conformance.reports.model import Report, SubjectReport, check_report, encode
from conformance.requirements import load_catalogue
from conformance.sources.errors import SourceError
from conformance.sources.memory import MemorySource
from conformance.strategies.mutated_json import mutated_json, parse, write
from tests.checks.artifact.pairs import pair_with

CATALOGUE = load_catalogue()
DEEP = CheckOptions(use_panel=False, deep=True)
VIEWS: dict[str, type[msgspec.Struct]] = {
    "index": Index,
    "plain": Manifest,
    "sentinel": Manifest,
    "plain.config": Config,
    "sentinel.config": Config,
}
KNOWN = {
    key.casefold(): key
    for struct in (Index, Manifest, Config, Descriptor, Platform, RootFs)
    for key in struct.__struct_encode_fields__
}


def every_form(report: SubjectReport) -> None:
    """JSON that a strict reader takes, XML, and text in UTF-8."""
    document = encode(check_report(report, CATALOGUE.revision))
    assert msgspec.json.decode(document)["subject"]
    whole = Report((report,), False, datetime(2026, 11, 26, tzinfo=UTC), 0.0, "pr681")
    ET.fromstring(render_junit(whole, CATALOGUE))
    terminal.print_report(Console(file=io.TextIOWrapper(io.BytesIO(), encoding="utf-8")), whole)


def judged(source: MemorySource) -> SubjectReport | None:
    """The report, written in every form; None when it is not an image at all."""
    try:
        report = judge_source(source, DEEP)
    except SourceError:
        return None
    every_form(report)
    return report


def image_with(name: str, edit: Callable[[bytes], bytes]) -> MemorySource:
    draft = conforming_draft()
    draft.spelling[name] = edit
    finished = finish(draft)
    return MemorySource(finished.blobs, finished.root)


def original(name: str) -> bytes:
    kept: list[bytes] = []

    def keep(raw: bytes) -> bytes:
        kept.append(raw)
        return raw

    image_with(name, keep)
    return kept[0]


ORIGINALS = {name: original(name) for name in VIEWS}


def read_without_case(raw: bytes, view: type[msgspec.Struct]) -> msgspec.Struct:
    """What a reader sees that folds case and takes the last: Go's encoding/json, and json-iterator."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        return {KNOWN.get(key.replace("\u0130", "i").casefold(), key): value for key, value in items}

    return msgspec.convert(json.loads(raw, object_pairs_hook=pairs), view)


@pytest.mark.parametrize("name", VIEWS)
def test_what_is_not_edited_is_written_as_it_was(name: str) -> None:
    assert write(parse(ORIGINALS[name])) == ORIGINALS[name]


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(VIEWS)).flatmap(lambda name: st.tuples(st.just(name), mutated_json(ORIGINALS[name]))))
@example(("index", b'{"manifests":[],"annotations":{"\\ud800":"\\udfff"}}'))
@example(("plain.config", b'{"history":[{"\\u0000":1e999}]}'))
def test_an_edited_document_is_judged_and_what_passes_has_one_reading(made: tuple[str, bytes]) -> None:
    name, raw = made
    report = judged(image_with(name, lambda _: raw))
    if report is not None and report.conforms:
        strict, folded = msgspec.json.decode(raw, type=VIEWS[name]), read_without_case(raw, VIEWS[name])
        assert strict == folded


def layer_image(draft: LayerDraft) -> MemorySource:
    finished = pair_with(finish_layer(draft))
    return MemorySource(finished.blobs, finished.root)


@settings(max_examples=200, deadline=None)
@given(mutated_json(toc_document(conforming_layer())))
def test_an_edited_toc_is_judged_and_what_passes_has_one_reading(raw: bytes) -> None:
    draft = conforming_layer()
    draft.document = raw
    report = judged(layer_image(draft))
    assert report is not None
    if report.conforms:
        toc = decode_toc(raw)
        assert not first_difference(toc, read_as_containers_storage(raw))
        names = [entry["name"] for entry in conforming_layer().toc["entries"]]
        assert sorted(entry.name for entry in toc.entries) == sorted(names)


@st.composite
def edited_splits(draw: st.DrawFn) -> tuple[list[bytes], int]:
    """The lines of a valid tar-split, one of them edited, and its index."""
    lines = [json.dumps(line, separators=(",", ":")).encode() for line in conforming_layer().split]
    index = draw(st.integers(0, len(lines) - 1))
    lines[index] = draw(mutated_json(lines[index]))
    return lines, index


@settings(max_examples=200, deadline=None)
@given(edited_splits())
def test_an_edited_tar_split_is_judged_and_what_passes_has_one_reading(made: tuple[list[bytes], int]) -> None:
    lines, index = made
    draft = conforming_layer()
    draft.split_document = b"".join(line + b"\n" for line in lines)
    report = judged(layer_image(draft))
    assert report is not None
    if report.conforms:
        keys = ("type", "name", "name_raw", "size", "payload", "position")
        read = json.loads(
            lines[index], object_pairs_hook=lambda pairs: {key.replace("\u0130", "i").casefold(): v for key, v in pairs}
        )
        due = conforming_layer().split[index]
        assert [read.get(key) or None for key in keys] == [due.get(key) or None for key in keys]


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(codec=None), max_size=20), st.sampled_from(("os", "label", "annotation", "name", "link")))
def test_every_output_form_takes_every_text(text: str, where: str) -> None:
    draft = conforming_draft()
    if where == "os":
        draft.plain_config["os"] = text
    elif where == "label":
        draft.plain_config["config"]["Labels"] = {text: text}
    elif where == "annotation":
        draft.plain["layers"][0]["annotations"][text] = text
    spelling = json.dumps(text).encode()
    if where in ("name", "link"):
        layer = conforming_layer()
        key = b'"name":"usr/small"' if where == "name" else b'"linkName":"../small"'
        layer.document = toc_document(layer).replace(key, key.partition(b":")[0] + b":" + spelling)
        judged(layer_image(layer))
        return
    for name in ("plain", "sentinel", "plain.config", "sentinel.config", "index"):
        draft.spelling[name] = lambda raw: json.dumps(json.loads(raw.decode(errors="surrogatepass"))).encode()
    try:
        finished = finish(draft)
    except UnicodeEncodeError:  # the draft's own encoder takes no lone surrogate
        draft.plain_config["os"] = "linux"
        draft.spelling["plain.config"] = lambda raw: raw.replace(b'"linux"', spelling, 1)
        for each in (draft.plain_config["config"].get("Labels", {}), draft.plain["layers"][0]["annotations"]):
            each.pop(text, None)
        finished = finish(draft)
    judged(MemorySource(finished.blobs, finished.root))

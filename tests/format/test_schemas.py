"""The JSON Schemas of fixtures/schemas: they accept what conforms and refuse the negative vectors that they can.

What they cover is listed here by requirement; what is beyond a schema is listed by vector, with the reason.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from conformance.cases.vectors.model import Case
from conformance.cases.vectors.store import read_vectors, vectors_directory
from conformance.format import names, tarsplit
from conformance.format.decompress import decompress
from conformance.format.document_shapes import DESCRIPTOR, TAR_SPLIT_LINE
from conformance.format.errors import FormatError
from conformance.format.key_folds import folded, folded_match
from conformance.format.positions import Position, TocPosition
from conformance.format.toc import MAX_TOC, TYPES, Entry, Toc
from conformance.images.draft import Drafted, conforming_draft, finish
from conformance.images.golden import golden_directory
from conformance.images.layer_draft import conforming_layer, finish_layer, toc_document

DIRECTORY: Final = Path(__file__).parents[2] / "fixtures" / "schemas"
SCHEMAS: Final = {path.name.removesuffix(".schema.json"): path for path in sorted(DIRECTORY.glob("*.schema.json"))}
PLAIN_ENTRY: Final = "pair#/$defs/plainEntry"
SENTINEL_ENTRY: Final = "pair#/$defs/sentinelEntry"

COVERED: Final = {
    "ANNOT-002": "layer-annotations",
    "ANNOT-003": "layer-annotations",
    "ANNOT-005": "layer-annotations",
    "ANNOT-008": "layer-annotations",
    "TOC-001": "toc",
    "TOC-002": "toc",
    "TOC-006": "toc",
    "TOC-009": "layer-annotations",
    "TOC-010": "toc",
    "TOC-011": "toc",
    "TOC-015": "toc",
    "TOC-018": "toc",
    "TOC-023": "toc",
    "CHUNK-005": "toc",
    "CHUNK-007": "toc",
    "TARSPLIT-004": "tar-split-record",
    "SENT-INDEX-001": "pair",
    "SENT-INDEX-009": "pair",
    "SENT-INDEX-015": "pair",
    "SENT-INDEX-017": "pair",
}
"""The requirements that a schema covers, some of them in part."""

BESIDE: Final = {"DOC-007": "pair"}
"""Requirements of any document: the fault is refused where it is in an entry of a pair."""

BEYOND: Final[dict[str, str]] = {
    "toc-001-data-behind-the-document": "a schema judges one JSON value",
    "toc-002-key-twice": "a schema sees an object after it is parsed",
    "toc-010-xattr-of-another-value": "it is in base64; the tar has another value",
    "tarsplit-004-crc-of-other-content": "it has the form of a CRC",
}
"""Negative vectors of the requirements above that conform to the schemas."""

Document = tuple[str, Any]


def schema_of(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMAS[name].read_text())
    return schema


@cache
def validator(name: str) -> Draft202012Validator:
    file, _, part = name.partition("#")
    schema = schema_of(file)
    if part:
        schema = {"$schema": schema["$schema"], "$defs": schema["$defs"], "$ref": f"#{part}"}
    return Draft202012Validator(schema)


def refusing(documents: Sequence[Document]) -> dict[str, str]:
    """The schemas that refuse one of these documents, with the first message."""
    found: dict[str, str] = {}
    for name, document in documents:
        for error in validator(name).iter_errors(document):
            found.setdefault(name.partition("#")[0], f"{error.json_path}: {error.message[:200]}")
            break
    return found


def documents_of_image(blobs: Mapping[str, bytes], root: bytes) -> Iterator[Document]:
    """The documents of an image for which there are schemas; what cannot be read or is not stored is left out."""
    index = json.loads(root)
    listed = [
        (entry, manifest)
        for entry in index.get("manifests") or [{"digest": None}]
        if isinstance(manifest := _manifest(blobs, entry, index), dict)
    ]
    for entry, manifest in listed:
        layers = manifest.get("layers") or []
        for layer in layers:
            yield from documents_of_layer(blobs.get(layer["digest"], b""), layer)
        data = [layer for layer in layers if layer.get("mediaType") != names.SENTINEL_TYPE]
        if "manifests" in index and len(data) < len(layers):
            yield SENTINEL_ENTRY, entry
            reused = _digests(data)
            plains = [other for other, of in listed if _digests(of.get("layers") or []) == reused]
            same = [other for other in plains if other.get("platform") == entry.get("platform")]
            if same:
                yield "pair", [same[0], entry]
        elif entry.get("mediaType") == names.MANIFEST_TYPE:
            yield PLAIN_ENTRY, entry


def _digests(layers: Sequence[Mapping[str, Any]]) -> list[str]:
    return [layer["digest"] for layer in layers]


def _manifest(blobs: Mapping[str, bytes], entry: Mapping[str, Any], index: Any) -> Any:
    if entry["digest"] is None:
        return index
    raw = blobs.get(entry["digest"])
    try:
        return None if raw is None else json.loads(raw)
    except ValueError:
        return None


def documents_of_layer(blob: bytes, descriptor: Mapping[str, Any]) -> Iterator[Document]:
    annotations = descriptor.get("annotations") or {}
    yield "layer-annotations", annotations
    toc = _payload(blob, annotations.get(names.MANIFEST_POSITION), TocPosition)
    if toc:
        yield from (("toc", document) for document in _parsed([toc]))
    split = _payload(blob, annotations.get(names.TARSPLIT_POSITION), Position)
    yield from (("tar-split-record", line) for line in _parsed(split.split(b"\n")))


def _payload(blob: bytes, text: str | None, kind: type[Position]) -> bytes:
    try:
        place = kind.parse_as_reference(text or "")
        return decompress(blob[place.offset : place.end], limit=2**26)
    except FormatError:
        return b""


def _parsed(texts: Sequence[bytes]) -> Iterator[Any]:
    for text in texts:
        if text.strip():
            try:
                yield json.loads(text)
            except ValueError:
                continue


def documents_of_case(case: Case, blobs: Mapping[str, bytes]) -> list[Document]:
    own = {digest: blobs[content] for digest, content in case.input.files.items()}
    if case.kind == "layer":
        return list(documents_of_layer(own[case.input.root], case.input.descriptor))
    return list(documents_of_image(own, own[case.input.root])) if case.kind == "image" else []


def documents_of_golden(name: str) -> list[Document]:
    layout = golden_directory(name)
    blobs = {f"sha256:{path.name}": path.read_bytes() for path in (layout / "blobs" / "sha256").iterdir()}
    outer = (layout / "index.json").read_bytes()
    inner = [blobs[entry["digest"]] for entry in json.loads(outer)["manifests"]]
    return [document for root in inner for document in documents_of_image(blobs, root)]


@cache
def refusals() -> dict[str, tuple[Case, dict[str, str]]]:
    """Of every vector with documents: the schemas that refuse it."""
    vectors = read_vectors(vectors_directory())
    cases = ((case, documents_of_case(case, vectors.blobs)) for case in vectors.index.cases)
    return {case.id: (case, refusing(documents)) for case, documents in cases if documents}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid(name: str) -> None:
    schema = schema_of(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)
    # Look-around is ECMA-262, and the regular expressions of Go and Rust have none.
    assert "(?" not in SCHEMAS[name].read_text()


def test_the_conforming_drafts_are_accepted() -> None:
    made: Drafted = finish(conforming_draft())
    draft = conforming_layer()
    layer = finish_layer(draft)
    documents = [
        *documents_of_image(made.blobs, made.root),
        *documents_of_layer(layer.blob, layer.descriptor),
        ("toc", json.loads(toc_document(draft))),
        *(("tar-split-record", line) for line in draft.split),
    ]
    assert {name for name, _ in documents} == {*SCHEMAS, PLAIN_ENTRY, SENTINEL_ENTRY}
    assert refusing(documents) == {}


def test_the_golden_pair_is_accepted() -> None:
    documents = documents_of_golden("sentinel-single")
    assert {name for name, _ in documents} == {*SCHEMAS, PLAIN_ENTRY, SENTINEL_ENTRY}
    assert refusing(documents) == {}


def test_of_the_old_golden_image_only_times_are_refused() -> None:
    """Its TOC writes the year 1 out (TOC-011), and its annotations have the legacy prefix."""
    layout = golden_directory("skopeo-1.9.3-plain")
    blobs = {f"sha256:{path.name}": path.read_bytes() for path in (layout / "blobs" / "sha256").iterdir()}
    seen = 0
    for entry in json.loads((layout / "index.json").read_bytes())["manifests"]:
        for layer in json.loads(blobs[entry["digest"]])["layers"]:
            annotations = layer["annotations"]
            assert refusing([("layer-annotations", annotations)]) == {}
            position = annotations[names.LEGACY_PREFIX + "manifest-position"]
            toc = json.loads(_payload(blobs[layer["digest"]], position, TocPosition))
            assert "toc" in refusing([("toc", toc)])
            for each in toc["entries"]:
                for key in ("modtime", "accesstime", "changetime"):
                    if each.get(key) == "0001-01-01T00:00:00Z":
                        seen += 1
                        del each[key]
            assert refusing([("toc", toc)]) == {}
    assert seen


def test_conforming_vectors_are_accepted() -> None:
    positive = {id_: refused for id_, (case, refused) in refusals().items() if case.expect == "accept"}
    assert len(positive) > 100
    assert {id_: refused for id_, refused in positive.items() if refused} == {}


def test_a_vector_is_refused_for_a_requirement_that_the_schema_covers() -> None:
    told = COVERED | BESIDE
    refused_for = {
        id_: ({told[each] for each in case.breaks if each in told}, refused)
        for id_, (case, refused) in refusals().items()
        if refused
    }
    assert {id_: refused for id_, (allowed, refused) in refused_for.items() if not allowed >= set(refused)} == {}
    of_documents = {each for id_ in refused_for for each in refusals()[id_][0].breaks[:1]}
    assert of_documents >= set(BESIDE)


@pytest.mark.parametrize("requirement", COVERED)
def test_negative_vectors_of_what_a_schema_covers_are_refused(requirement: str) -> None:
    negative = {
        id_: refused
        for id_, (case, refused) in refusals().items()
        if case.breaks and case.breaks[0] == requirement and case.expect in ("refuse", "either")
    }
    caught = {id_ for id_, refused in negative.items() if COVERED[requirement] in refused}
    assert caught, "no vector of this requirement is refused"
    assert set(negative) - caught == set(negative) & set(BEYOND)


def test_the_exceptions_are_vectors() -> None:
    assert set(BEYOND) <= set(refusals())


def test_the_properties_are_the_fields_of_the_models() -> None:
    toc, record, pair, annotations = map(schema_of, ("toc", "tar-split-record", "pair", "layer-annotations"))
    entry = toc["$defs"]["entry"]
    assert list(toc["properties"]) == list(Toc.__struct_encode_fields__)
    assert list(entry["properties"]) == list(Entry.__struct_encode_fields__)
    assert entry["properties"]["type"]["enum"] == list(TYPES)
    assert set(record["properties"]) == set(TAR_SPLIT_LINE.fields)
    assert set(annotations["properties"]) == set(names.CHUNK_KEYS)
    descriptor = pair["$defs"]["descriptor"]["properties"]
    assert set(descriptor) == set(DESCRIPTOR.fields)
    assert set(descriptor["platform"]["properties"]) == set(DESCRIPTOR.fields["platform"].fields)
    sentinel = pair["$defs"]["sentinelEntry"]["properties"]["annotations"]
    assert set(sentinel["properties"]) == {names.SENTINEL_ANNOTATION, names.ZSTD_ANNOTATION}


@pytest.mark.parametrize("key", ["Type", "MODE", "lin\N{KELVIN SIGN}Name", "\N{LATIN SMALL LETTER LONG S}ize", "TYPE"])
def test_a_key_that_readers_treat_as_another_is_refused(key: str) -> None:
    assert folded_match(key, folded(Entry.__struct_encode_fields__))
    entry = {"type": "fifo", "name": "a"}
    assert not refusing([("toc", {"version": 1, "entries": [{**entry, "unknown": 1}]})])
    assert refusing([("toc", {"version": 1, "entries": [{**entry, key: 1}]})])


@pytest.mark.parametrize("size", [0, 1, 99, 10**8, MAX_TOC - 1, MAX_TOC, MAX_TOC + 1, 157_290_000, 160_000_000, 10**9])
def test_the_lengths_of_a_toc_end_at_the_limit(size: int) -> None:
    annotations = {names.MANIFEST_CHECKSUM: f"sha256:{'0' * 64}", names.MANIFEST_POSITION: f"10:{size}:{size}:1"}
    assert bool(refusing([("layer-annotations", annotations)])) == (size > MAX_TOC)


@pytest.mark.parametrize(
    ("line", "conforms"),
    [
        ({"type": 1, "name": "a", "payload": None, "position": 0}, True),
        ({"type": 1, "name": "a", "name_raw": "YQ==", "payload": None, "position": 0}, True),
        ({"type": 1, "name": "", "name_raw": "", "payload": None, "position": 0}, False),
        ({"type": 1, "name": "a", "size": 1, "payload": "NCAAAAAAAAA=", "position": 0}, True),
        ({"type": 1, "name": "a", "size": 1, "payload": "NCAAAAAAAA==", "position": 0}, False),
        ({"type": 1, "name": "a", "size": 1, "payload": None, "position": 0}, False),
        ({"type": 1, "name": "a", "size": -1, "payload": None, "position": 0}, False),
        ({"type": 1, "payload": None, "position": 0}, False),
        ({"type": 2, "payload": None, "position": 0}, False),
        ({"type": 2, "payload": "", "position": 0}, True),
        ({"type": 3, "payload": "", "position": 0}, False),
        ({"type": 2, "payload": "", "position": 0, "Size": 1}, False),
        ({"type": 2, "payload": ""}, False),
    ],
)
def test_the_schema_of_a_record_agrees_with_the_reader(line: dict[str, Any], conforms: bool) -> None:
    assert (refusing([("tar-split-record", line)]) == {}) == conforms
    try:
        assert len(list(tarsplit.parse(json.dumps(line, separators=(",", ":")).encode()))) == 1
        accepted = True
    except FormatError:
        accepted = False
    assert accepted == conforms


FILE: Final = {"type": "reg", "name": "a", "size": 1, "digest": f"sha256:{'0' * 64}", "offset": 1, "endOffset": 2}


@pytest.mark.parametrize(
    ("entry", "changes"),
    [
        (FILE, {"linkName": "b"}),
        (FILE, {"devMajor": 1}),
        (FILE, {"size": -1}),
        (FILE, {"digest": ""}),
        (FILE, {"digest": f"sha256:{'A' * 64}"}),
        (FILE, {"offset": -1}),
        (FILE, {"endOffset": 0}),
        (FILE, {"uid": 2**63}),
        (FILE, {"name": ""}),
        (FILE, {"name": "a/../b"}),
        (FILE, {"name": "./"}),
        (FILE, {"modtime": "2026-13-01T00:00:00Z"}),
        (FILE, {"modtime": "2026-01-01T00:00:00Z\n"}),
        (FILE, {"changetime": ""}),
        (FILE, {"xattrs": {"user.a": "YQ"}}),
        (FILE, {"chunkType": "hole"}),
        ({"type": "symlink", "name": "a", "linkName": "b"}, {"linkName": ""}),
        ({"type": "symlink", "name": "a", "linkName": "b"}, {"size": 1}),
        ({"type": "dir", "name": "./"}, {"digest": f"sha256:{'0' * 64}"}),
        ({"type": "fifo", "name": "a"}, {"name": "a/.wh.b"}),
        ({"type": "char", "name": "a", "devMajor": 1, "devMinor": 3}, {"chunkOffset": 1}),
        ({"type": "dir", "name": "a"}, {"type": "chunk", "mode": 1}),
        ({"type": "dir", "name": "a"}, {"type": "socket"}),
    ],
)
def test_an_entry_is_refused_for_one_change(entry: dict[str, Any], changes: dict[str, Any]) -> None:
    first = {"type": "dir", "name": "first"}
    assert refusing([("toc", {"version": 1, "entries": [first, entry]})]) == {}
    assert refusing([("toc", {"version": 1, "entries": [first, {**entry, **changes}]})])


def test_a_chunk_is_not_the_first_entry() -> None:
    chunk = {"type": "chunk", "name": "a", "offset": 2, "chunkSize": 1, "chunkOffset": 1}
    assert refusing([("toc", {"version": 1, "entries": [FILE, chunk]})]) == {}
    assert refusing([("toc", {"version": 1, "entries": [chunk]})])

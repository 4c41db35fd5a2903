"""JSON documents on which readers differ: which keys, numbers and texts are found, where, and what is read instead."""

import json
import re
from typing import Any

import pytest

from conformance.format import document
from conformance.format.document import (
    MAX_DEPTH,
    MAX_DOCUMENT,
    MAX_PROBLEMS,
    decode_leniently,
    decode_object,
    encode,
)
from conformance.format.document_shapes import CONFIG, MANIFEST
from conformance.format.errors import FormatError
from conformance.format.json_problems import KeyKind, KeyProblem, is_exact_integer, is_portable_number
from conformance.format.key_folds import folded, folded_match

CASE, DUPLICATE, NUMBER, SURROGATE = KeyKind.CASE, KeyKind.DUPLICATE, KeyKind.NUMBER, KeyKind.SURROGATE


@pytest.mark.parametrize(
    ("text", "portable", "exact"),
    [
        ("0", True, True),
        ("-0", True, True),
        (str(2**53 - 1), True, True),
        (str(-(2**53) + 1), True, True),
        (str(2**53), True, False),
        (str(-(2**53)), True, False),
        (str(2**64 - 1), True, False),
        (str(2**64), False, False),
        (str(2**64 + 1), False, False),
        ("9" * 20, False, False),
        (str(-(2**63)), True, False),
        (str(-(2**63) - 1), False, False),
        ("-" + "9" * 19, False, False),
        ("1" * 19, True, False),
        ("9" * 5000, False, False),
        ("1.0", True, False),
        ("1e3", True, False),
        ("-1.7976931348623157e308", True, False),
        ("1.7976931348623157e308", True, False),
        ("1e309", False, False),
        ("-1e309", False, False),
    ],
)
def test_numbers_that_every_reader_holds(text: str, portable: bool, exact: bool) -> None:
    assert is_portable_number(text) is portable
    assert is_exact_integer(text) is exact


def problems(document: str) -> list[tuple[KeyKind, str, str, int]]:
    """Kind, key and path of each problem, and its place in characters."""
    raw = document.encode()
    _, found = decode_leniently(raw, what="manifest", shape=MANIFEST)
    return [(each.kind, each.key, each.path, len(raw[: each.offset].decode())) for each in found]


@pytest.mark.parametrize(
    ("document", "kind", "key", "path", "at"),
    [
        ('{"Layers":1}', CASE, "Layers", "", '"Layers"'),
        ('{"MediaType":"a"}', CASE, "MediaType", "", '"MediaType"'),
        ('{"schemaVersion":2,"layers":[{"size":1},{"Size":2}]}', CASE, "Size", "layers[1]", '"Size"'),
        ('{"layers":[[{"Size":1}]]}', CASE, "Size", "layers[0][0]", '"Size"'),
        ('{"config":{"Digest":1}}', CASE, "Digest", "config", '"Digest"'),
        ('{"config":{"a":1},"Layers":1}', CASE, "Layers", "", '"Layers"'),
        ('{"é":"日本","manifests":[{"platform":{"OS":1}}]}', CASE, "OS", "manifests[0].platform", '"OS"'),
        ('{"annotations":{"a":"1","a":"2"}}', DUPLICATE, "a", "annotations", '"a":"2"'),
        ('{"x":[{"y":{"k":1,"k":2}}]}', DUPLICATE, "k", "x[0].y", '"k":2'),
        ('{"schemaVersion":2.0}', NUMBER, "2.0", "schemaVersion", "2.0"),
        ('{"layers":[{"size":9007199254740992}]}', NUMBER, "9007199254740992", "layers[0].size", "9007"),
        ('{"x":18446744073709551616}', NUMBER, "18446744073709551616", "x", "1844"),
        ('{"x":[0,1e999]}', NUMBER, "1e999", "x[1]", "1e999"),
        ('{"a":"\\ud800"}', SURROGATE, '"\\ud800"', "a", '"\\ud800"'),
        ('{"a":["x","\\uDFFF y"]}', SURROGATE, '"\\uDFFF y"', "a[1]", '"\\uDFFF'),
        ('{"\\udc00":1}', SURROGATE, "\\udc00", "", '"\\udc00"'),
    ],
)
def test_a_place_on_which_readers_differ(document: str, kind: KeyKind, key: str, path: str, at: str) -> None:
    assert problems(document) == [(kind, key, path, document.index(at))]


@pytest.mark.parametrize(
    "document",
    [
        '{"x":{"Layers":1}}',
        '{"annotations":{"MediaType":"","mediatype":""}}',
        '{"x":9007199254740992}',
        '{"schemaVersion":[9007199254740992]}',
        '{"layers":[{"size":9007199254740991}]}',
        '{"x":1.5,"y":-2e3}',
        '{"a":"\\ud83d\\ude00"}',
        '{"a":"\\\\ud800"}',
        '{"a":"{\\"size\\":1,\\"size\\":2}"}',
        '{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}',
        '{"":1}',
        "{}",
    ],
)
def test_what_every_reader_reads_alike(document: str) -> None:
    assert problems(document) == []


def test_problems_are_in_the_order_of_the_text() -> None:
    document = '{"é":1,"é":2,"layers":[{"é":"\\ud800","Size":1e999}]}'
    assert problems(document) == [
        (DUPLICATE, "é", "", document.index('"é":2')),
        (SURROGATE, '"\\ud800"', "layers[0].é", document.index('"\\ud800"')),
        (CASE, "Size", "layers[0]", document.index('"Size"')),
        (NUMBER, "1e999", "layers[0].Size", document.index("1e999")),
    ]


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'{"a":"x\\ud800","b":["\\udc00"],"\\udfff":{"c":"\\udbff"}}', {"a": "x�", "b": ["�"], "�": {"c": "�"}}),
        (b'{"a":"\\ud83d\\ude00\\ud83d"}', {"a": "😀�"}),
        (b'{"a":18446744073709551615,"b":18446744073709551616}', {"a": 2**64 - 1, "b": float(2**64)}),
        (b'{"a":true,"b":null,"c":[1,2.5]}', {"a": True, "b": None, "c": [1, 2.5]}),
    ],
)
def test_what_most_readers_read(document: bytes, fields: dict[str, Any]) -> None:
    read, _ = decode_leniently(document, what="manifest", shape=MANIFEST)
    assert read == fields
    assert [type(value) for value in read.values()] == [type(value) for value in fields.values()]


def test_keys_and_numbers_are_shown_with_80_characters() -> None:
    (problem,) = decode_leniently(b'{"%s":1,"%s":2}' % (b"k" * 100, b"k" * 100), what="manifest", shape=MANIFEST)[1]
    assert problem.key == "k" * 80
    (problem,) = decode_leniently(b'{"a":"\\ud800%s"}' % (b"x" * 100), what="manifest", shape=MANIFEST)[1]
    assert problem.key == '"\\ud800' + "x" * 73
    (problem,) = decode_leniently(b'{"a":%s}' % (b"9" * 100), what="manifest", shape=MANIFEST)[1]
    assert problem.key == "9" * 80


def test_parsers_differ_on_all_but_an_unknown_key() -> None:
    assert {kind for kind in KeyKind if not KeyProblem(kind, "k", "", 0).is_ambiguous} == {KeyKind.UNKNOWN}


def test_a_hundred_problems_are_listed() -> None:
    assert MAX_PROBLEMS == 100
    document = b"{" + b",".join([b'"a":1'] * 150) + b"}"
    assert len(decode_leniently(document, what="manifest", shape=MANIFEST)[1]) == 100


def test_keys_of_a_config_are_compared_where_they_are_known() -> None:
    found = decode_leniently(
        b'{"Config":{},"config":{"cmd":[],"Healthcheck":{"interval":1},"Labels":{"cmd":"","user":""}},"size":1}',
        what="config",
        shape=CONFIG,
    )[1]
    assert [(each.key, each.path) for each in found] == [
        ("Config", ""),
        ("cmd", "config"),
        ("interval", "config.Healthcheck"),
        ("size", ""),
    ]


@pytest.mark.parametrize(
    ("raw", "words", "where"),
    [
        (b'"text"', "manifest is a JSON string, not an object", ""),
        (b"true", "manifest is a JSON boolean, not an object", ""),
        (b"1.5", "manifest is a JSON number, not an object", ""),
        (b"null", "manifest is a JSON null, not an object", ""),
        (b'{"a":"\xff"}', "manifest is not UTF-8", "byte 6"),
        (b'{"a":1,}', "manifest is not JSON: ", "character (6|7)"),  # Python 3.13 names the comma, others what follows
        (b'{"a":Infinity}', "manifest: Infinity is not JSON", ""),
    ],
)
def test_a_document_that_is_refused_by_both_readings(raw: bytes, words: str, where: str) -> None:
    for read in (
        lambda: decode_object(raw, what="manifest"),
        lambda: decode_leniently(raw, what="manifest", shape=MANIFEST),
    ):
        with pytest.raises(FormatError) as caught:
            read()
        assert caught.value.what.startswith(words)
        assert re.fullmatch(where, caught.value.where)


def test_a_repeated_key_is_named() -> None:
    with pytest.raises(FormatError) as caught:
        decode_object(b'{"a":1,"b":{"c":1,"d":2,"d":3,"c":4}}', what="index")
    assert caught.value.what == "index: key 'd' occurs twice in one object"


def test_the_size_of_a_document_is_bounded() -> None:
    assert MAX_DOCUMENT == 4 * 1024 * 1024
    for read in (decode_object, lambda raw, what, limit: decode_leniently(raw, what=what, shape=MANIFEST, limit=limit)):
        read(b"{    }", what="index", limit=6)
        with pytest.raises(FormatError, match="index has 7 bytes; the limit is 6"):
            read(b"{     }", what="index", limit=6)


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


def test_the_depth_of_a_document_is_bounded() -> None:
    assert MAX_DEPTH == 64
    assert decode_object(nested(64), what="x")
    with pytest.raises(FormatError, match="x is nested deeper than 64 levels"):
        decode_object(nested(65), what="x")
    with pytest.raises(FormatError, match="nested deeper"):
        decode_object(b'{"a":[' * 40 + b"]}" * 40, what="x")
    with pytest.raises(FormatError, match="nested deeper"):
        decode_object(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", what="x")


def test_brackets_beside_each_other_and_in_texts_are_no_depth() -> None:
    beside = json.dumps({"a": [[], {}] * 100, "b": '\\"[{' * 100, "c": [[]]}).encode()
    assert decode_object(beside, what="x")
    assert decode_object(b'{"a":' + b"[" * 62 + b'"]]]"' + b"]" * 62 + b',"b":' + nested(63) + b"}", what="x")


def test_brackets_that_are_closed_count_no_more() -> None:
    beside = b'{"a":[' + b"[],{}," * 50
    assert decode_object(beside + b"[" * 62 + b"]" * 62 + b"]}", what="x")
    with pytest.raises(FormatError, match="nested deeper"):
        decode_object(beside + b"[" * 63 + b"]" * 63 + b"]}", what="x")


def test_a_document_of_few_brackets_costs_no_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "_STRING_OR_BRACKET", None)
    assert decode_object(b'{"a":[' + b"[]," * 30 + b'{"b":1}]}', what="x")
    assert decode_object(nested(64), what="x")


def test_a_document_is_written_compactly() -> None:
    assert encode({"b": [1, 2.5, None], "a": "é<>&"}) == '{"b":[1,2.5,null],"a":"é<>&"}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        encode({"a": float("nan")})


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("size", None),
        ("Size", "size"),
        ("SIZE", "size"),
        ("\u017fize", "size"),
        ("Mediatype", "mediaType"),
        ("mediatype", "mediaType"),
        ("lin\u212aName", "linkName"),
        ("l\u0130nkname", "linkName"),
        ("l\u0131nkname", "linkName"),
        ("fa\ufb06", "fast"),
        ("sizes", None),
        ("siz\u00e9", None),
        ("", None),
    ],
)
def test_the_key_that_a_reader_without_case_finds(key: str, known: str | None) -> None:
    assert folded_match(key, folded(("size", "mediaType", "linkName", "fast"))) == known

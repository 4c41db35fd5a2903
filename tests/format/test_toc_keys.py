"""Which documents the search for odd keys inspects object by object: those that encoding does not reproduce."""

import re
from collections.abc import Iterator

import msgspec
import pytest

from conformance.format import toc_keys
from conformance.format.json_problems import KeyProblem, Shape, Walk
from conformance.format.toc import Entry, Toc, encode_toc
from conformance.format.toc_keys import key_problems

MANY = [Entry("dir", f"d{number}") for number in range(40_001)]


@pytest.mark.parametrize("count", [0, 1, 2, 20_000, 20_001, 40_001])
@pytest.mark.parametrize("spaced", [False, True])
def test_a_clean_document_is_not_inspected(count: int, spaced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toc_keys, "_Walk", None)
    document = encode_toc(Toc(1, MANY[:count]))
    assert key_problems(document + b" " * spaced) == ()
    assert key_problems(document + b" " * spaced, Toc(1, MANY[:count])) == ()


@pytest.mark.parametrize("at", [0, 1, 19_999, 20_000, 40_000])
def test_one_key_more_is_found_in_any_slice(at: int) -> None:
    entries = [b'{"type":"dir","name":"d"}'] * 40_001
    entries[at] = b'{"type":"dir","name":"d","Name":"e"}'
    document = b'{"version":1,"entries":[' + b",".join(entries) + b"]}"
    (found,) = key_problems(document)
    assert (found.kind, found.key, found.path) == ("case", "Name", f"entries[{at}]")
    assert document[found.offset :].startswith(b'"Name"')


@pytest.mark.parametrize("name", ["a:b", "\\u003a", "\\u003A"])
def test_colons_in_names_hide_no_key(name: str) -> None:
    """An escaped colon is one more in the encoded document, and a key that is dropped is one less."""
    text = f'{{"version":1,"entries":[{{"type":"dir","name":"{name}","NAME":"{name}"}}]}}'
    assert [each.kind for each in key_problems(text.encode())] == ["case"]
    assert key_problems(text.replace(',"NAME"', ',"name"', 1).encode())[0].kind == "duplicate"


def test_an_empty_key_of_an_attribute_is_found_in_any_spelling() -> None:
    for blank in ("", " "):
        text = f'{{"version":1,"entries":[{{"type":"dir","name":"d","xattrs":{{"":{blank}"YQ=="}}}}]}}'
        assert [(each.kind, each.path) for each in key_problems(text.encode())] == [("empty", "entries[0].xattrs")]


def test_only_entries_with_an_odd_key_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million entries would take minutes; what is odd is noticed while they are decoded."""
    full: dict[str, object] = {"type": "reg", "name": "f", "xattrs": {}}
    for field in msgspec.structs.fields(Entry):
        full.setdefault(field.encode_name, 1 if isinstance(field.default, int) else "x")
    entries = [full, {"type": "dir", "name": "d"}, {**full, "Size": 1}]
    document = msgspec.json.encode({"version": 1, "entries": entries}).replace(b"{", b'{"version":1,', 1)
    walked: list[str] = []
    problems = Walk.problems

    def noted(self: Walk, shape: Shape, start: int = 0, end: int | None = None, path: str = "") -> Iterator[KeyProblem]:
        walked.append(path)
        return problems(self, shape, start, end, path)

    monkeypatch.setattr(Walk, "problems", noted)
    found = key_problems(document, Toc(1, [Entry(), Entry(), Entry()]))
    assert [(each.kind, each.key, each.path) for each in found] == [
        ("duplicate", "version", ""),
        ("case", "Size", "entries[2]"),
    ]
    assert [path for path in walked if path.startswith("entries")] == ["entries[2]"]


@pytest.mark.parametrize(
    "entries", [None, msgspec.UNSET, [], MANY[:1], MANY], ids=["null", "absent", "none", "1", "all"]
)
@pytest.mark.parametrize("digest", ["", "sha256:x"])
def test_a_toc_is_encoded_in_pieces_of_20000_entries(entries: list[Entry] | None, digest: str) -> None:
    toc = Toc(1, entries, digest)
    pieces = list(toc_keys._encoded(toc))
    assert b"".join(pieces) == msgspec.json.encode(toc)
    assert max(piece.count(b"{") for piece in pieces) <= 20_000


def test_a_document_that_encoding_reproduces_is_canonical() -> None:
    document = encode_toc(Toc(1, MANY[:2]))
    for text, canonical in (
        (document, True),
        (document + b" ", False),
        (document[:-1], False),
        (b" " + document, False),
    ):
        assert toc_keys._is_canonical(text, Toc(1, MANY[:2])) is canonical


SPACED = """
{ "list" : [ { "Name" : "a" , "x" : [ 1 ] } ] ,
"entries" : [ { "Name" : "a" , "size" : 1 } , { } ] , "Version" : 1 }
"""


@pytest.mark.parametrize("blank", ["", " ", "  ", "\t\r\n"])
def test_blanks_between_all_parts_hide_no_key(blank: str) -> None:
    text = re.sub(r"\s", blank, SPACED)
    found = key_problems(text.encode())
    assert [(each.kind, each.key, each.path, each.offset) for each in found] == [
        ("unknown", "list", "", text.index('"list"')),
        ("case", "Name", "entries[0]", text.rindex('"Name"')),
        ("case", "Version", "", text.index('"Version"')),
    ]


def test_no_entries_are_clean() -> None:
    for entries in (None, msgspec.UNSET):
        assert key_problems(encode_toc(Toc(1, entries))) == ()

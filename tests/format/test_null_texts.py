"""A text of a TOC that is null is an empty one; a number, a time or a name that is null is refused."""

import json

import pytest

from conformance.format.errors import FormatError
from conformance.format.toc import decode_toc, without_null_texts
from conformance.format.toc_slices import SLICE, read_sliced

ENTRY = {"type": "reg", "name": "f", "mode": 420}


def document(*entries: object) -> bytes:
    return json.dumps({"version": 1, "entries": entries}).encode()


@pytest.mark.parametrize("key", ["linkName", "digest", "chunkType", "chunkDigest"])
@pytest.mark.parametrize("blanks", ["", " ", "\n\t"])
def test_a_text_that_is_null_is_empty(key: str, blanks: str) -> None:
    raw = document({**ENTRY, key: None}).replace(f'"{key}": null'.encode(), f'"{key}"{blanks}:{blanks}null'.encode())
    assert decode_toc(raw) == decode_toc(document(ENTRY))
    assert len(without_null_texts(raw)) == len(raw)


@pytest.mark.parametrize("key", ["name", "type", "mode", "size", "uid", "modtime", "offset", "chunkSize"])
def test_nothing_else_may_be_null(key: str) -> None:
    with pytest.raises(FormatError):
        decode_toc(document({**ENTRY, key: None}))


def test_the_words_in_a_text_stay() -> None:
    name = 'a"linkName":null"digest":null\\'
    (entry,) = decode_toc(document({**ENTRY, "name": name, "x": {"digest": None}, "digest": None})).entries
    assert (entry.name, entry.digest) == (name, "")


def test_a_toc_that_is_read_in_slices_has_them_too() -> None:
    count = 3 * SLICE // 60
    raw = document(*({**ENTRY, "name": f"f{number}", "digest": None} for number in range(count)))
    taken: list[bytes] = []
    found = read_sliced(
        [raw[start : start + 2**20] for start in range(0, len(raw), 2**20)], lambda raw, _: taken.append(raw)
    )
    assert found.size == len(raw)
    assert len(taken) > 1
    assert not any(b"null" in piece for piece in taken)

"""A TOC in slices at its limits: where its entries begin, how long it may go without a cut, and what that costs."""

import msgspec
import pytest

from conformance.format import toc_slices
from conformance.format.errors import FormatError
from conformance.format.toc import Entry
from conformance.format.toc_slices import MAX_UNCUT, UncutError, read_sliced

ENTRY = b'{"type":"dir","name":"a"}'
HEAD = b'{"version":1,"entries":['
MANY = b",".join([ENTRY] * 9000)


def slices(document: bytes, step: int = 2**16) -> list[int]:
    """The numbers of entries that are passed on together."""
    counts: list[int] = []

    def accept(raw: bytes, entries: list[Entry]) -> None:
        assert msgspec.json.decode(b"[" + raw + b"]", type=list[Entry]) == entries
        counts.append(len(entries))

    read_sliced((document[start : start + step] for start in range(0, len(document), step)), accept)
    return counts


@pytest.mark.parametrize("step", [10, 1000, 2**16])
def test_the_list_of_entries_begins_within_8_kibibytes(step: int) -> None:
    """Beyond that the document is not cut, but read as a whole."""
    assert len(slices(HEAD + MANY + b"]}", step)) > 1
    blanks = 8192 - len(HEAD)
    assert len(slices(HEAD.replace(b":1", b": " + b" " * (blanks - 1) + b"1") + MANY + b"]}", step)) > 1
    late = HEAD.replace(b":1", b":" + b" " * (blanks + step) + b"1")
    assert slices(late + MANY + b"]}", step) == [9000]


@pytest.mark.parametrize(("more", "refused"), [(-1, False), (0, False), (1, True)])
def test_the_bytes_without_a_cut_are_counted(more: int, refused: bool) -> None:
    start, end = b'{"name":"', b'"}]}'
    document = HEAD + start + b"a" * (MAX_UNCUT - len(start) - len(end) + more) + end
    assert len(document) - len(HEAD) == 4 * 2**20 + more
    if refused:
        with pytest.raises(UncutError, match=f"^{MAX_UNCUT + 1} bytes of the TOC hold no whole entries"):
            slices(document)
    else:
        assert slices(document) == [1]


@pytest.mark.parametrize("before", [b"", MANY + b","], ids=["first", "later"])
def test_the_place_of_an_error_in_text_without_a_cut_is_that_in_the_document(before: bytes) -> None:
    document = HEAD + before + b'{"name":"' + b"a" * 100 + b"\x01" + b"a" * (MAX_UNCUT + 2**17)
    with pytest.raises(FormatError) as caught:
        slices(document)
    assert f"byte {document.index(1)}" in f"{caught.value.what} {caught.value.where}"
    assert not isinstance(caught.value, UncutError)


def test_text_without_a_cut_costs_few_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name may look like the ends of many entries."""
    attempts: list[int] = []
    decoded = toc_slices._Reader._decoded

    def noted(self: toc_slices._Reader, raw: bytes) -> list[Entry] | None:
        attempts.append(len(raw))
        return decoded(self, raw)

    monkeypatch.setattr(toc_slices._Reader, "_decoded", noted)
    assert slices(HEAD + b'{"type":"dir","name":"' + (b"},{" + b"a" * 17) * (MAX_UNCUT // 20 - 10) + b'"}]}') == [1]
    assert 8 < len(attempts) <= 8 * 7

"""The TOC that the reference client reads where keys are ambiguous, and what differs from the strict reading."""

import pytest

from conformance.format.errors import FormatError
from conformance.format.toc import Entry, Toc
from conformance.format.toc_lenient import MAX_LENIENT, first_difference, read_as_containers_storage


@pytest.mark.parametrize(
    ("document", "toc"),
    [
        (b'{"VERSION":1,"Entries":[{"NAME":"a","LinkName":"b"}]}', Toc(1, [Entry(name="a", link_name="b")])),
        (b'{"version":1,"entries":[{"name":"a","name":"b"}]}', Toc(1, [Entry(name="b")])),
        (b'{"version":1,"entries":[{"name":"a","":1,"size":5}]}', Toc(1, [Entry(name="a")])),
        (b'{"version":1,"entries":[],"":0,"version":2}', Toc(1, [])),
        (b'{"version":1,"entries":[{"unknown":{"a":1},"size":5}]}', Toc(1, [Entry(size=5)])),
        (b'{"version":1,"tarsplitdigest":"x","entries":[]}', Toc(1, [], "x")),
        (b'{"entries":null}', Toc(0, None)),
        (b"{}", Toc()),
    ],
)
def test_what_the_reference_reads(document: bytes, toc: Toc) -> None:
    assert read_as_containers_storage(document) == toc


@pytest.mark.parametrize("document", [b"", b"[]", b'{"entries":1}', b'{"a":' + b"[" * 10**5, b'{"a":"\xff"}'])
def test_what_the_reference_refuses(document: bytes) -> None:
    with pytest.raises(FormatError, match=r"^containers-storage cannot read the TOC: .{1,200}$"):
        read_as_containers_storage(document)


def test_a_large_document_is_not_read_a_second_time() -> None:
    assert MAX_LENIENT == 8 * 1024 * 1024
    assert read_as_containers_storage(b"{}".ljust(MAX_LENIENT)) == Toc()
    with pytest.raises(FormatError, match=f"a TOC of {MAX_LENIENT + 1} bytes is not read a second time"):
        read_as_containers_storage(b"{}".ljust(MAX_LENIENT + 1))


A, B = Entry("dir", "a"), Entry("dir", "b")


@pytest.mark.parametrize(
    ("strict", "lenient", "words"),
    [
        (Toc(1, [A]), Toc(1, [A]), ""),
        (Toc(1, [A]), Toc(2, [A]), ""),
        (Toc(1, [], "x"), Toc(1, [], ""), "tarSplitDigest absent instead of x"),
        (Toc(1, []), Toc(1, [], "y"), "tarSplitDigest y instead of absent"),
        (Toc(1, [A]), Toc(1, [A, B]), "2 entries instead of 1"),
        (Toc(1, [A, B]), Toc(1, [A]), "1 entries instead of 2"),
        (Toc(1, [A, A]), Toc(1, [A, B]), "entries[1].name 'b' instead of 'a'"),
        (Toc(1, [B]), Toc(1, [Entry("dir", "b", mode=5)]), "entries[0].mode '5' instead of '0'"),
        (Toc(1, [B]), Toc(1, [Entry("dir", "b", dev_major=5)]), "entries[0].devMajor '5' instead of '0'"),
    ],
)
def test_the_first_difference_is_named(strict: Toc, lenient: Toc, words: str) -> None:
    assert first_difference(strict, lenient) == words

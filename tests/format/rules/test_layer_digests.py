"""Digests of a layer: what they are, and that operations repeat them whatever the sizes of their pieces."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from conformance.format.digest import Digest
from conformance.format.layer_digests import DigestedLayer, LayerDigests, Operations, repeat

LEVEL = 3
Call = tuple[str, bytes]
CALLS = st.lists(
    st.tuples(st.sampled_from(["starts", "more", "segment", "file"]), st.binary(min_size=1, max_size=300)), max_size=40
)


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def at_once(calls: list[Call]) -> DigestedLayer:
    digests = LayerDigests(LEVEL)
    for kind, content in calls:
        if kind == "file":
            digests.end_file(content)
            continue
        digests.tar(content)
        if kind == "segment":
            digests.raw(content)
            digests.end_segment()
        else:
            digests.content(content, kind == "starts")
    return digests.result()


def by_operations(calls: list[Call], room: int) -> DigestedLayer:
    """In slots of this size."""
    digests, operations, slot = LayerDigests(LEVEL), Operations(), bytearray()

    def put(content: bytes, kind: str) -> None:
        while content:
            if len(slot) == room:
                repeat(digests, memoryview(bytes(slot)), *operations.take())
                slot.clear()
            part, content = content[: room - len(slot)], content[room - len(slot) :]
            slot.extend(part)
            if kind == "segment":
                operations.raw(len(part))
            else:
                operations.content(len(part), kind == "starts")
                kind = "more"

    for kind, content in calls:
        if kind == "file":
            operations.end_file(content)
            continue
        put(content, kind)
        if kind == "segment":
            operations.end_segment()
    repeat(digests, memoryview(bytes(slot)), *operations.take())
    return digests.result()


@given(CALLS, st.integers(1, 700))
def test_operations_repeat_the_calls_whatever_the_size_of_a_slot(calls: list[Call], room: int) -> None:
    assert by_operations(calls, room) == at_once(calls)


def test_a_file_has_its_digest_and_one_for_each_of_several_chunks() -> None:
    one = [("starts", b"one"), ("more", b" chunk"), ("file", b"a")]
    none = [("segment", b"header"), ("file", b"directory")]
    three = [("starts", b"1"), ("starts", b"2"), ("more", b"2"), ("starts", b"3"), ("file", b"b")]
    found = at_once([*one, *none, *three])
    assert list(found.each()) == [sha256(b"one chunk"), *map(sha256, (b"1223", b"1", b"22", b"3"))]
    assert found.diff_id == Digest.of(b"one chunkheader1223")

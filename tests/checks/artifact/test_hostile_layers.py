"""Layers that an attacker made: a finding or a one-line problem, bounded memory, never a traceback."""

import json
import random
import tarfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.cases.mutants.layers._frames import frame_checksum_flipped
from conformance.checks.artifact.judge import judge_image
from conformance.format import names
from conformance.format.digest import Digest
from conformance.format.discrepancy import Discrepancies, Kind
from conformance.format.document import MAX_DOCUMENT, encode
from conformance.format.examine import examine
from conformance.format.oci import Descriptor
from conformance.format.packed_entries import PackedEntries
from conformance.format.sentinel import canonical_sentinel
from conformance.format.split_cursor import MAX_SURPLUS, SplitCursor
from conformance.format.tar import TarHeader
from conformance.format.tarsplit import Segment
from conformance.format.toc import Entry, Toc
from conformance.format.unpack import LayerUnpacker
from conformance.images.draft import conforming_draft, finish
from conformance.images.layer_draft import DraftedLayer, Json, conforming_layer, draft_layer, finish_layer
from conformance.images.trees import Node
from conformance.observed.image import ReaderOutcome, Stored
from conformance.results import RequirementResult
from conformance.sources import table_budget
from conformance.sources.image import MAX_ENTRIES, MAX_PANEL, observe_image
from conformance.sources.layers import MAX_LAYERS, LayerReading
from conformance.sources.memory import MemorySource
from conformance.sources.source import Place
from conformance.sources.table_budget import NoRoomError, TableBudget
from tests.checks.artifact.pairs import pair_with

_TREE = (Node("a", content=b"content\n" * 100), Node("b", "symlink", link_name="a"), Node("c", content=bytes(5000)))


def judged(layer: DraftedLayer, blob: bytes, *, deep: bool = True) -> dict[str, RequirementResult]:
    """The verdicts on an image whose last layer has this blob under the descriptor of the conforming one."""
    finished = pair_with(layer, blob)
    seen = observe_image(MemorySource(finished.blobs, finished.root), reading=LayerReading(deep))
    return {result.id: result for result in judge_image(seen)}


def failures(layer: DraftedLayer, blob: bytes, *, deep: bool = True) -> set[str]:
    found = judged(layer, blob, deep=deep)
    return {name for name, result in found.items() if result.verdict in ("fail", "not-run")}


def test_a_blob_cut_at_any_byte_of_its_end_is_found() -> None:
    layer = finish_layer(draft_layer(_TREE))
    for length in range(max(len(layer.blob) - 4096, 0), len(layer.blob)):
        assert "LAYER-003" in failures(layer, layer.blob[:length]), length


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**31), st.integers(1, 8), st.booleans())
def test_bits_flipped_anywhere_are_found(seed: int, flips: int, deep: bool) -> None:
    layer = finish_layer(conforming_layer())
    blob = bytearray(layer.blob)
    chance = random.Random(seed)
    for _ in range(flips):
        blob[chance.randrange(len(blob))] ^= 1 << chance.randrange(8)
    found = failures(layer, bytes(blob), deep=deep)
    assert not deep or bytes(blob) == layer.blob or "LAYER-003" in found


@pytest.mark.parametrize(
    "position",
    [
        "0:0:0:1",
        "1:1:1:1",
        f"{2**63 - 1}:1:1:1",
        f"8:{2**63 - 1}:1:1",
        f"8:10:{10 * 2**30}:1",
        "99999999999999999999999:1:1:1",
        "-8:10:10:1",
        "::::",
        "1" * 100_000,
        "8:10:10:1\n",
        "8:10:10",
    ],
)
@pytest.mark.parametrize("key", [names.MANIFEST_POSITION, names.TARSPLIT_POSITION])
def test_positions_that_point_nowhere_are_findings(position: str, key: str) -> None:
    draft = conforming_layer()
    draft.annotations[key] = position if key == names.MANIFEST_POSITION else position.rpartition(":")[0]
    layer = finish_layer(draft)
    assert failures(layer, layer.blob) & {"ANNOT-002", "ANNOT-003"}


@pytest.mark.parametrize(
    "document",
    [
        b"[" * 100_000,
        b'{"version":1,"entries":[' + b'{"xattrs":{"a":' * 5000,
        b'{"version":1e999,"entries":[]}',
        b'{"version":NaN,"entries":[]}',
        b'{"version":1,"entries":[{"type":"reg","name":"a","size":' + b"9" * 10_000 + b"}]}",
        b'{"version":1,"entries":[{"type":"reg","name":"\xff"}]}',
        b'{"version":1,"entries":[{"type":"reg","name":"\\ud800"}]}',
        b'{"version":1,"entries":[{"type":"reg","name":"a","size":-1,"offset":-5,"endOffset":-9}]}',
        b'{"version":1,"entries":{}}',
        b"null",
        b"",
    ],
    ids=lambda document: repr(document[:40]),
)
def test_odd_documents_are_findings(document: bytes) -> None:
    draft = conforming_layer()
    draft.document = document
    layer = finish_layer(draft)
    for deep in (False, True):
        assert failures(layer, layer.blob, deep=deep)


@pytest.mark.parametrize(
    "document",
    [
        b"{}\n",
        b'{"type":2}\n',
        b'{"type":1,"name":"a","size":-1,"position":0}\n',
        b'{"type":2,"payload":"*"}\n',
        b"x",
    ],
)
def test_odd_tar_splits_are_findings(document: bytes) -> None:
    draft = conforming_layer()
    draft.split_document = document
    layer = finish_layer(draft)
    for deep in (False, True):
        assert "TARSPLIT-004" in failures(layer, layer.blob, deep=deep)


def test_a_tar_split_without_records_is_not_that_of_the_layer() -> None:
    draft = conforming_layer()
    draft.split_document = b"\n"
    layer = finish_layer(draft)
    for deep in (False, True):
        assert "TARSPLIT-003" in failures(layer, layer.blob, deep=deep)


def test_a_bomb_in_a_data_frame_is_stopped_within_bounded_memory() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(bytes(512 * 2**20))
    draft = draft_layer(_TREE)
    draft.frames.append(bomb)
    layer = finish_layer(draft)
    tracemalloc.start()
    found = failures(layer, layer.blob)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "LAYER-002" in found
    assert peak < 128 * 2**20


def test_a_bomb_in_a_table_is_stopped() -> None:
    draft = conforming_layer()
    draft.document = b'{"version":1,"entries":[]' + b" " * (200 * 2**20) + b"}"
    layer = finish_layer(draft)
    assert "TOC-009" in failures(layer, layer.blob, deep=False)


def test_what_lies_behind_a_frame_that_does_not_decompress_is_not_passed() -> None:
    layer = finish_layer(frame_checksum_flipped())
    found = judged(layer, layer.blob)
    assert {name for name, result in found.items() if result.verdict == "fail"} == {"LAYER-002", "LAYER-009"}
    for name in ("LAYER-001", "LAYER-006", "LAYER-007", "TOC-003", "TOC-007", "TARSPLIT-002", "SEC-001", "SEC-011"):
        assert found[name].verdict == "not-run", name
        assert "could not be read to its end" in found[name].findings[0].message


class _NoRanges(MemorySource):
    """A source whose blobs cannot be read in parts."""

    def parts(self, descriptor: Descriptor, places: Sequence[Place]) -> tuple[Stored, ...]:
        detail = f"the connection was lost while {descriptor.digest} was read"
        return tuple(Stored(problem="unreadable", detail=detail) for _ in places)


def test_tables_that_could_not_be_fetched_are_not_run() -> None:
    finished = finish(conforming_draft())
    seen = observe_image(_NoRanges(finished.blobs, finished.root))
    found = {result.id: result for result in judge_image(seen)}
    for name in ("ANNOT-001", "ANNOT-002", "ANNOT-003", "TOC-001", "FOOTER-001"):
        assert found[name].verdict == "not-run", (name, found[name].findings)
    failed = [name for name, result in found.items() if result.verdict == "fail" and name.startswith("ANNOT")]
    assert failed == []


def test_a_tar_split_with_far_too_many_bytes_before_an_entry_is_read_no_further() -> None:
    taken: list[int] = []

    def records() -> Iterator[Segment]:
        for number in range(4096):
            taken.append(number)
            yield Segment(number, bytes(2**16))

    found = Discrepancies()
    cursor = SplitCursor(records(), found)
    cursor.member(bytes(512), TarHeader("0", b"a"), b"", 512)
    cursor.end()
    assert found.count(Kind.SPLIT_RECORDS) == 1
    assert len(taken) * 2**16 <= 512 + MAX_SURPLUS + 2**16


def test_a_frame_of_many_blocks_is_unpacked_in_steps_of_any_size() -> None:
    content = random.Random(1).randbytes(3 * 2**20) + bytes(40 * 2**20)
    blob = zstandard.ZstdCompressor().compress(content) + zstandard.compress(b"end")
    for size in (7919, 2**17, len(blob)):
        unpacker = LayerUnpacker(limit=2**30)
        pieces = [batch for start in range(0, len(blob), size) for batch in unpacker.feed(blob[start : start + size])]
        pieces += unpacker.finish()
        assert b"".join(pieces) == content + b"end"
        assert max(len(piece) for piece in pieces) <= 9 * 2**20
        assert list(unpacker.table.tar_offsets) == [0, len(content), len(content) + 3]


@pytest.mark.parametrize("said", [0, 2**33, 2**62])
def test_a_frame_that_lies_about_its_content_size_is_a_finding(said: int) -> None:
    """Neither is so much allocated, nor is a frame treated as empty because its header states so."""
    frame = b"\x28\xb5\x2f\xfd\xc0\x50" + said.to_bytes(8, "little") + (1 | 5 << 3).to_bytes(3, "little") + b"hello"
    draft = draft_layer(_TREE)
    draft.frames.append(frame)
    layer = finish_layer(draft)
    assert "LAYER-002" in failures(layer, layer.blob)


def test_a_file_of_many_chunks_that_comes_many_times_takes_no_square_of_time() -> None:
    """Seconds for 20,000 chunks and 20,000 headers of one name; each of them against all took minutes."""
    count = 20_000
    file = Entry("reg", "f", size=count, offset=8, end_offset=2**40, chunk_size=1)
    chunks = [Entry("chunk", "f", offset=9 + at, chunk_size=1, chunk_offset=at) for at in range(1, count)]
    header = tarfile.TarInfo("f")
    header.size = 1
    member = header.tobuf(tarfile.USTAR_FORMAT) + b"x".ljust(512, b"\0")
    start = time.process_time()
    examined = examine((member for _ in range(count)), Toc(1, [file, *chunks]), None)
    assert examined.discrepancies.count(Kind.TWICE) == count - 1
    assert time.process_time() - start < 20


def test_objects_too_short_for_entries_are_not_decoded() -> None:
    draft = conforming_layer()
    draft.document = b'{"version":1,"entries":[' + b"{}," * 2**20 + b"{}]}"
    layer = finish_layer(draft)
    found = judged(layer, layer.blob, deep=False)["TOC-001"]
    assert found.verdict == "fail"
    assert any("braces" in item.found for item in found.findings)


def test_tocs_that_would_fill_memory_together_are_not_run_and_never_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = b",".join(b'{"type":"dir","name":"%d"}' % number for number in range(20_000))
    payload = zstandard.compress(b'{"version":1,"entries":[' + entries + b"]}")
    monkeypatch.setattr(table_budget, "MAX_DECODED", 2**24)
    room = TableBudget()
    tocs = [room.read(payload).toc for _ in range(3)]
    assert [type(toc.entries) for toc in tocs] == [list, PackedEntries, PackedEntries]
    assert list(tocs[0].entries) == list(tocs[1].entries) == list(tocs[2].entries)
    packed = tocs[1].entries
    assert isinstance(packed, PackedEntries)
    held = packed.held
    monkeypatch.setattr(table_budget, "MAX_DECODED", 0)
    monkeypatch.setattr(table_budget, "MAX_PACKED", held + held // 2)
    room = TableBudget()
    room.read(payload)
    with pytest.raises(NoRoomError, match="more memory than one image may fill") as raised:
        room.read(payload)
    assert raised.value.size == len(zstandard.decompress(payload))
    with pytest.raises(NoRoomError, match="hold no whole entries"):
        TableBudget().read(zstandard.compress(b'{"version":1,"entries":[' + b" " * (151 * 2**20) + b"]}"))


def test_of_more_layers_than_any_image_has_the_rest_is_not_run() -> None:
    image = conforming_draft()
    layer = image.plain["layers"][-1]
    for number in range(MAX_LAYERS + 3):
        image.plain["layers"].append({**layer, "annotations": {**layer["annotations"], "number": str(number)}})
    finished = finish(image)
    seen = observe_image(MemorySource(finished.blobs, finished.root))
    assert seen.layers is not None
    assert len(seen.layers.layers) == MAX_LAYERS + 1
    verdicts = {result.id: result.verdict for result in judge_image(seen)}
    assert {verdicts[name] for name in ("TOC-001", "TOC-005", "FOOTER-001")} == {"not-run"}


def _index_of(*entries: Json, blobs: dict[str, bytes]) -> dict[str, str]:
    index = encode({"schemaVersion": 2, "mediaType": names.INDEX_TYPE, "manifests": list(entries)})
    seen = observe_image(MemorySource(blobs, index))
    return {result.id: result.verdict for result in judge_image(seen)}


@pytest.mark.parametrize("content", [None, b"not JSON", b"{}", b'{"manifests":[]}'])
def test_a_manifest_that_cannot_be_read_passes_nothing_about_its_layers(content: bytes | None) -> None:
    finished = finish(conforming_draft())
    blobs = dict(finished.blobs)
    entries = json.loads(finished.root)["manifests"]
    digest = str(Digest.of(content or b""))
    blobs |= {} if content is None else {digest: content}
    sound = entries[:1]
    assert _index_of(*sound, blobs=blobs)["TOC-001"] == "pass"
    spoilt = {"mediaType": names.MANIFEST_TYPE, "digest": digest, "size": len(content or b"")}
    assert _index_of(*sound, spoilt, blobs=blobs)["TOC-001"] == "not-run"


def test_one_manifest_named_by_every_entry_is_read_once() -> None:
    finished = finish(conforming_draft())
    entry = json.loads(finished.root)["manifests"][0]
    asked: list[str] = []

    class Counting(MemorySource):
        def blob(self, descriptor: Descriptor, limit: int) -> Stored:
            asked.append(descriptor.digest)
            return super().blob(descriptor, limit)

    index = encode({"schemaVersion": 2, "mediaType": names.INDEX_TYPE, "manifests": [entry] * MAX_ENTRIES})
    seen = observe_image(Counting(finished.blobs, index))
    assert len(seen.manifests) == MAX_ENTRIES
    assert asked.count(entry["digest"]) == 1


def test_metadata_that_would_fill_memory_together_is_not_run() -> None:
    blobs: dict[str, bytes] = {}
    entries = []
    sound = finish(conforming_draft())
    template = json.loads(sound.blobs[json.loads(sound.root)["manifests"][0]["digest"]])
    for number in range(10):
        raw = encode({**template, "annotations": {"number": str(number)}, "junk": "j" * (MAX_DOCUMENT - 2**16)})
        blobs[str(Digest.of(raw))] = raw
        entries.append({"mediaType": names.MANIFEST_TYPE, "digest": str(Digest.of(raw)), "size": len(raw)})
    found = _index_of(*entries, blobs=blobs | dict(sound.blobs))
    assert found["TOC-001"] == "not-run"


def test_a_manifest_of_a_hundred_thousand_layers_is_not_run() -> None:
    sound = finish(conforming_draft())
    first = json.loads(sound.root)["manifests"][0]
    template = json.loads(sound.blobs[first["digest"]])
    raw = encode({**template, "layers": [{"mediaType": "", "digest": "", "size": 0}] * 50_000})
    entry = {"mediaType": names.MANIFEST_TYPE, "digest": str(Digest.of(raw)), "size": len(raw)}
    found = _index_of(first, entry, blobs={**sound.blobs, str(Digest.of(raw)): raw})
    assert found["TOC-001"] == "not-run"


def test_an_image_of_many_sentinels_does_not_run_the_readers_on_each() -> None:
    asked: list[bytes] = []

    def panel(content: bytes) -> tuple[ReaderOutcome, ...]:
        asked.append(content)
        return ()

    image = conforming_draft()
    for number in range(MAX_PANEL + 4):
        sentinel = canonical_sentinel() + bytes([number])
        layer = {"mediaType": names.SENTINEL_TYPE, "digest": image.add_blob(sentinel), "size": len(sentinel)}
        image.extra[f"extra{number}"] = ({**image.sentinel, "layers": [layer]}, image.sentinel_config)
        image.entries.append({"of": f"extra{number}"})
    finished = finish(image)
    observe_image(MemorySource(finished.blobs, finished.root), panel=panel, reading=None)
    assert len(asked) == len(set(asked)) == MAX_PANEL

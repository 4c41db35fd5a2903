"""The writer: what it writes is read back right by this project, by zstd and by other tar readers."""

import io
import shutil
import subprocess
import tarfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.format import names, tarsplit
from conformance.format.decompress import decompress
from conformance.format.digest import Digest
from conformance.format.entries import entry_of
from conformance.format.errors import FormatError
from conformance.format.footer import Footer
from conformance.format.frames import map_frames
from conformance.format.positions import ChunkedAnnotations
from conformance.format.tar import TarReader
from conformance.format.times import YEAR_ONE, format_time, parse_time
from conformance.format.toc import Entry, read_toc
from conformance.format.writer import WriterOptions, WrittenLayer, layer_from_tar, write_layer
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.strategies.trees import layers, options, trees
from tests.format.layer import golden

# A failure that shows a large file is still a separate failure.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")


def judge(blob: bytes, tar: bytes, written: WrittenLayer, *, has_tar_split: bool = True) -> None:
    """What must hold of every layer, stated plainly and apart from the checks."""
    assert decompress(blob, limit=len(tar)) == tar
    assert (written.digest, written.size, written.diff_id) == (Digest.of(blob), len(blob), Digest.of(tar))
    frames = map_frames(blob)
    tail = frames.skippable
    assert frames.frames[-len(tail) :] == tail
    assert len(tail) == (3 if has_tar_split else 2)
    assert tail[0].offset == written.data_size
    footer = Footer.parse(blob[tail[-1].payload_offset :])
    annotations = ChunkedAnnotations.of(written.annotations)
    assert footer.positions == annotations.positions() == written.positions
    at = written.positions.toc
    assert annotations.toc_digest().matches(blob[at.offset : at.end])
    assert read_toc(blob[at.offset : at.end], declared_size=at.uncompressed) == written.toc
    files: dict[bytes, bytes] = {}
    for entry in written.toc.entries:
        if entry.type == "reg" and entry.size:
            frames.between(entry.offset, entry.end_offset)
            content = decompress(blob[entry.offset : entry.end_offset], limit=entry.size)
            assert str(Digest.of(content)) == entry.digest
            files[entry.name.encode()] = content
    judge_chunks(written.toc.entries, files)
    if has_tar_split:
        split = written.positions.tar_split
        assert split is not None
        payload = blob[split.offset : split.end]
        assert str(Digest.of(payload)) == written.toc.tar_split_digest
        records = list(tarsplit.parse(decompress(payload, limit=split.uncompressed)))
        assert b"".join(tarsplit.rebuild(records, lambda record: [files[record.name]])) == tar


def judge_chunks(entries: Sequence[Entry], files: dict[bytes, bytes]) -> None:
    position = 0
    for entry in entries:
        if entry.chunk_size:
            position = position if entry.is_chunk else 0
            content = files[entry.name.encode()][position : position + entry.chunk_size]
            assert (entry.chunk_offset, entry.chunk_digest) == (position, str(Digest.of(content)))
            assert (entry.chunk_type == "zeros") <= (not any(content))
            position += entry.chunk_size


@given(trees(), st.sampled_from(["pax", "gnu"]), st.sampled_from([1, 20]), options())
def test_layers_of_any_tree_are_valid(tree: Tree, form: str, blocks: int, chosen: WriterOptions) -> None:
    tar = tar_of(tree, "pax" if form == "pax" else "gnu", blocks=blocks)
    blob, written = layer_from_tar(tar, chosen)
    judge(blob, tar, written)
    assert layer_from_tar(tar, chosen)[0] == blob, "the writer must be deterministic"
    found = [entry for entry in written.toc.entries if not entry.is_chunk]
    assert [(entry.type, entry.name.rstrip("/")) for entry in found] == [(node.kind, node.name) for node in tree]
    for entry, node in zip(found, tree, strict=True):
        assert (entry.mode, entry.uid, entry.gid, entry.size) == (node.mode, node.uid, node.gid, len(node.content))
        assert entry.link_name == node.link_name
        assert parse_time(entry.modtime) == node.mtime * 10**9
        assert (entry.dev_major, entry.dev_minor) == node.device
        assert set(entry.xattrs or ()) == (set(node.xattrs) if form == "pax" else set())


@given(trees())
def test_our_tar_reader_agrees_with_python(tree: Tree) -> None:
    tar = tar_of(tree)
    ours = []
    reader = TarReader(io.BytesIO(tar))
    while (header := reader.header()) is not None:
        ours.append(
            (header.name.decode().rstrip("/"), header.typeflag.encode(), header.size, b"".join(reader.content()))
        )
    with tarfile.open(fileobj=io.BytesIO(tar)) as theirs:
        expected = []
        for info in theirs:
            stream = theirs.extractfile(info) if info.isreg() else None
            expected.append((info.name.rstrip("/"), info.type, info.size, stream.read() if stream else b""))
    assert ours == expected


@given(layers(max_nodes=3))
@settings(max_examples=10)
def test_layers_can_be_drawn(layer: tuple[bytes, WrittenLayer]) -> None:
    blob, written = layer
    assert Digest.of(blob) == written.digest
    assert written.descriptor.media_type == names.LAYER_ZSTD_TYPE


@pytest.mark.parametrize("index", [0, 1])
def test_golden_tars_give_the_golden_toc_and_tar_split(index: int) -> None:
    layer = golden.layers(golden.CURRENT)[index]
    blob, written = layer_from_tar(layer.tar)
    judge(blob, layer.tar, written)
    place = {"offset": 0, "end_offset": 0}
    ours = [msgspec.structs.replace(entry, **place) for entry in written.toc.entries]
    theirs = [msgspec.structs.replace(entry, **place) for entry in layer.toc.entries]
    assert ours == theirs, "our TOC differs from the reference's in more than offsets"
    assert written.tar_split is not None
    assert decompress(written.tar_split.payload, limit=golden.BIG) == layer.tar_split


@pytest.mark.parametrize("index", [0, 1])
def test_the_legacy_toc_differs_only_in_year_one_times(index: int) -> None:
    layer = golden.layers(golden.LEGACY)[index]
    _, written = layer_from_tar(layer.tar)

    def described(entry: Entry) -> Entry:
        times = {key: "" for key in ("accesstime", "changetime", "modtime") if getattr(entry, key).startswith("0001-")}
        return msgspec.structs.replace(entry, offset=0, end_offset=0, **times)

    assert [described(entry) for entry in layer.toc.entries] == [described(entry) for entry in written.toc.entries]


def test_a_layer_without_a_tar_split_has_two_metadata_frames() -> None:
    tar = tar_of((Node("a", content=b"x"),))
    blob, written = layer_from_tar(tar, WriterOptions(tar_split=False))
    judge(blob, tar, written, has_tar_split=False)
    assert names.TARSPLIT_POSITION not in written.annotations
    assert not written.toc.tar_split_digest


@pytest.mark.parametrize(
    "tar", [b"", bytes(512), bytes(1024), bytes(10240), bytes(1024) + b"any trailing bytes" * 99999]
)
def test_tars_without_entries_are_written(tar: bytes) -> None:
    blob, written = layer_from_tar(tar)
    judge(blob, tar, written)


def test_an_empty_input_gives_a_layer_without_data_frames() -> None:
    blob, written = layer_from_tar(b"")
    assert (map_frames(blob).data, written.diff_id) == ((), Digest.of(b""))


def raw_tar(*entries: tuple[bytes, bytes, dict[str, str]], pax: bool = True) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT if pax else tarfile.GNU_FORMAT) as writer:
        for name, typeflag, records in entries:
            info = tarfile.TarInfo(name.decode(errors="surrogateescape"))
            info.type, info.pax_headers = typeflag, records
            writer.addfile(info)
    return archive.getvalue()


def global_header() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", pax_headers={"comment": "x"}, format=tarfile.PAX_FORMAT) as writer:
        writer.addfile(tarfile.TarInfo("a"))
    return archive.getvalue()


def link_with_size() -> bytes:
    info = tarfile.TarInfo("a")
    info.type, info.linkname, info.size = tarfile.LNKTYPE, "b", 5
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(1024)


GOOD = tar_of((Node("a", content=b"x" * 600), Node("b")))
SENTINEL = "1ca86838d2e4c36907ef90fc2a01dcd9ac34301f21c5412927894c34f1bf79cc"
REFUSED = {
    "a PAX global header": (global_header(), "PAX global header"),
    "an old GNU sparse file": (raw_tar((b"a", b"S", {}), pax=False), "sparse file"),
    "a PAX sparse file": (raw_tar((b"a", b"0", {"GNU.sparse.major": "1"})), "sparse file"),
    "a contiguous file": (raw_tar((b"a", b"7", {})), "contiguous file"),
    "a vendor type": (raw_tar((b"a", b"V", {})), "type 'V'"),
    "a name that is not UTF-8": (raw_tar((b"a\xff", b"0", {}), pax=False), "not UTF-8"),
    "a name twice": (raw_tar((b"a", b"0", {}), (b"a", b"0", {})), "occurs twice"),
    "a name twice after cleaning": (raw_tar((b"a", b"0", {}), (b"./a", b"0", {})), "occurs twice"),
    "a hard link with a size": (link_with_size(), "has a size of 5"),
    "a cut header": (GOOD[:100], "ends within a header"),
    "a cut file": (GOOD[:700], "before the end of a file"),
    "a cut padding": (GOOD[:1200], "ends within a padding"),
    "a wrong checksum": (b"b" + GOOD[1:], "checksum is wrong"),
    "a malformed PAX record": (
        raw_tar((b"a", b"0", {"k": "v"})).replace(b"6 k=v\n", b"9 k=v\n"),
        "malformed record",
    ),
    "no tar at all": (b"x" * 10240, "octal"),
    "one block of zeros between entries": (bytes(512) + GOOD, "zeros is between"),
    "the reference sentinel": (
        (golden.ROOT / golden.CURRENT / "blobs" / "sha256" / SENTINEL).read_bytes(),
        "octal",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_toc_cannot_represent_is_refused(name: str) -> None:
    tar, message = REFUSED[name]
    with pytest.raises(FormatError, match=message):
        layer_from_tar(tar)


@given(st.binary(max_size=2000), st.integers(0, 600))
def test_no_damage_crashes_the_writer(garbage: bytes, place: int) -> None:
    damaged = GOOD[:place] + garbage + GOOD[place + len(garbage) :]
    try:
        blob, written = layer_from_tar(damaged)
    except FormatError:
        return
    judge(blob, damaged, written)


def test_old_regular_files_and_long_names_are_read() -> None:
    tar = raw_tar((b"old", b"\x00", {}), (b"old/", b"\x00", {}), (b"l" * 300, b"0", {}), pax=False)
    reader, found = TarReader(io.BytesIO(tar)), []
    while (header := reader.header()) is not None:
        entry = entry_of(header)
        found.append((entry.type, entry.name))
    assert found[0] == ("reg", "old")
    assert found[2] == ("reg", "l" * 300)


def test_whiteouts_are_ordinary_files() -> None:
    _, written = layer_from_tar(tar_of((Node(".wh.gone"), Node("d/.wh..wh..opq"))))
    assert [(entry.type, entry.name) for entry in written.toc.entries] == [
        ("reg", ".wh.gone"),
        ("reg", "d/.wh..wh..opq"),
    ]


def test_times_are_instants() -> None:
    assert format_time(0) == "1970-01-01T00:00:00Z"
    assert format_time(1_500_000_000) == "1970-01-01T00:00:01.5Z"
    assert format_time(-1) == "1969-12-31T23:59:59.999999999Z"
    assert format_time(YEAR_ONE) == ""
    assert parse_time("0001-01-01T00:00:00Z") == YEAR_ONE
    assert parse_time("1970-01-01T02:00:00+02:00") == 0
    for text in ("", "1970-01-01", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00", "1970-01-01T00:00:00.0000000000Z"):
        with pytest.raises(FormatError):
            parse_time(text)
    with pytest.raises(FormatError):
        format_time(10**30)


@given(st.integers(YEAR_ONE + 1, 253_402_300_799 * 10**9))
def test_times_survive_their_text(moment: int) -> None:
    assert parse_time(format_time(moment)) == moment


@pytest.mark.parametrize("command", [["zstd", "-dc"], ["unzstd", "-c"]])
def test_the_zstd_tool_reads_our_layer(command: list[str], tmp_path: Path) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    tar = tar_of((Node("a", content=noise(1, 3_000_000)), Node("hole", content=bytes(50_000))))
    path = tmp_path / "layer.zst"
    with path.open("wb") as blob:
        write_layer(io.BytesIO(tar), blob)
    response = subprocess.run([*command, str(path)], capture_output=True, timeout=60, check=False)
    assert (response.returncode, response.stdout == tar) == (0, True), response.stderr.decode(errors="replace")


@pytest.mark.parametrize("command", [["bsdtar", "-tf"], ["tar", "--zstd", "-tf"]])
def test_other_tar_readers_list_our_layer(command: list[str], tmp_path: Path) -> None:
    if shutil.which(command[0]) is None or shutil.which("zstd") is None:
        pytest.skip(f"{command[0]} or zstd is not installed")
    blob, _ = layer_from_tar(
        tar_of((Node("dir", "dir"), Node("dir/a", content=b"x"), Node("dir/b", content=bytes(9000))))
    )
    path = tmp_path / "layer.tar.zst"
    path.write_bytes(blob)
    response = subprocess.run([*command, str(path)], capture_output=True, timeout=60, check=False, text=True)
    assert (response.returncode, response.stdout.split()) == (0, ["dir/", "dir/a", "dir/b"]), response.stderr

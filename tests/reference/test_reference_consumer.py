"""The reference as aware consumer: the right tree, and a refusal for everything else."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings

from conformance.format.digest import Digest
from conformance.format.names import (
    ESTARGZ_TOC,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    SENTINEL_ANNOTATION,
    TARSPLIT_POSITION,
)
from conformance.format.seal import CompressedTarSplit, seal
from conformance.format.sentinel import build_sentinel, canonical_sentinel
from conformance.format.toc import Entry, Toc, encode_toc
from conformance.format.writer import WrittenLayer, layer_from_tar
from conformance.images.golden import golden_directory
from conformance.images.trees import Node, Tree, noise, tar_of
from conformance.observed.evidence import Exchange
from conformance.registry.server import defects
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.serving import Call, Reply
from conformance.strategies.trees import trees
from tests.implementations.images import expected_tree, plain_layout, tree_on_disk
from tests.reference.reference_bench import ReferenceBench, bench, entry

Layer = tuple[bytes, str, Mapping[str, str]]
TREE: Tree = (
    Node("dir", "dir", mode=0o755),
    Node("dir/file", content=noise(1, 3000)),
    Node("dir/long", content=noise(2, 300_000) + bytes(5000) + b"end"),
    Node("dir/link", "symlink", link_name="file"),
)


def a_layer(tree: Tree = TREE) -> tuple[bytes, WrittenLayer]:
    return layer_from_tar(tar_of(tree))


def as_layer(blob: bytes, written: WrittenLayer) -> Layer:
    return blob, str(written.diff_id), written.annotations


def resealed(blob: bytes, written: WrittenLayer, toc: Toc | bytes, split: CompressedTarSplit | None = None) -> Layer:
    """The layer with another TOC (and tar-split) over the same data frames, consistently annotated."""
    tail = seal(written.data_size, toc, split or written.tar_split)
    return blob[: written.data_size] + tail.content, str(written.diff_id), tail.annotations


def changed_toc(written: WrittenLayer, change: Callable[[list[Entry]], None]) -> Toc:
    entries = list(written.toc.entries)
    change(entries)
    return Toc(1, entries, written.toc.tar_split_digest)


def sees_ranges(seen: list[Exchange], blob: bytes) -> list[str | None]:
    digest = str(Digest.of(blob))
    return [exchange.request_header("range") for exchange in seen if f"/blobs/{digest}" in exchange.url]


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceBench]:
    """The golden pair in its own registry, for tests that only read."""
    with bench(tmp_path_factory.mktemp("golden")) as here:
        here.push(golden_directory("sentinel-single"), "golden:1")
        yield here


def test_the_golden_pair_gives_one_tree_by_both_ways(golden: ReferenceBench) -> None:
    by_toc, first = golden.unpack("golden:1")
    whole, second = golden.unpack("golden:1", "--no-partial")
    plain = json.loads(golden.raw("golden:1"))["manifests"][0]["digest"]
    partial, third = golden.unpack(f"golden@{plain}")
    assert [ended.status for ended in (by_toc, whole, partial)] == [0, 0, 0]
    assert [ended.report["sentinel"] for ended in (by_toc, whole, partial)] == [True, False, False]
    assert listing(first) == listing(second) == listing(third)
    assert len(listing(first)) == 708


def test_golden_identities_are_those_of_the_formula(golden: ReferenceBench) -> None:
    store = golden.new("store")
    cold, _ = golden.unpack("golden:1", store=store)
    warm, _ = golden.unpack("golden:1", store=store)
    assert cold.report == warm.report
    # docs/format.md section 18.
    assert cold.report["image_id"] == "361ad4cc789b66bfb576d174a431a523a5e527de64191fcd9bc5523b7cdc4dd1"
    assert cold.report["layer_ids"] == [
        "046c7f820fa52c9a21aa213f8487eae99ec29e95872875ab5626e2b470ab675e",
        "762b866b79740d819aa1d65c43b850d79f19fa68d1774c81d022f1f30fa1ae27",
    ]


def test_partial_pulls_are_economical(golden: ReferenceBench) -> None:
    store = golden.new("store")
    layers = golden.fields(f"golden@{golden.fields('golden:1')['manifests'][1]['digest']}")["layers"]
    with golden.registry.watching() as cold:
        golden.unpack("golden:1", store=store)
    with golden.registry.watching() as warm:
        golden.unpack("golden:1", store=store)
    assert not [exchange for exchange in cold if layers[0]["digest"] in exchange.url]  # the sentinel
    for layer in layers[1:]:
        requests = [exchange for exchange in cold if layer["digest"] in exchange.url]
        assert all(exchange.status == 206 for exchange in requests)
        assert sum(exchange.response_size for exchange in requests) <= layer["size"] * 1.05
        (only,) = (exchange for exchange in warm if layer["digest"] in exchange.url)
        toc, split = (layer["annotations"][key].split(":") for key in (MANIFEST_POSITION, TARSPLIT_POSITION))
        assert only.response_size <= (int(toc[1]) + int(split[1])) * 1.05 + 512


def listing(directory: Path) -> dict[str, object]:
    """Everything that a full pull and a TOC pull must agree on."""
    found: dict[str, object] = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        link = str(path.readlink()) if path.is_symlink() else ""
        owner = (status.st_uid, status.st_gid, status.st_rdev, status.st_nlink)
        found[str(path.relative_to(directory))] = (
            status.st_mode,
            owner,
            status.st_mtime_ns,
            content,
            link,
            attributes(path),
        )
    return found


def attributes(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name, follow_symlinks=False) for name in os.listxattr(path, follow_symlinks=False)}


def is_unpackable(tree: Tree) -> bool:
    """No node lies below one that is not a directory, none is a whiteout of nothing, no name is too long."""
    kinds = {node.name: node.kind for node in tree}
    for node in tree:
        parts = node.name.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        if any(kinds.get(name, "dir") != "dir" for name in above):
            return False
        if any(len(part.encode()) > 200 for part in parts):
            return False
        if node.kind == "hardlink" and ("/.wh." in f"/{node.link_name}" or "/.wh." in f"/{node.name}"):
            return False
    return True


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=trees(max_nodes=10, max_size=100_000))
def test_what_is_pushed_is_what_is_unpacked(tree: Tree, golden: ReferenceBench) -> None:
    assume(is_unpackable(tree))
    tar = golden.new("input") / "layer.tar"
    tar.write_bytes(tar_of(tree))
    pushed = golden.reference("push", "--tar", tar, "--reference", golden.name("any:1"), "--platform", "linux/amd64")
    assert pushed.status == 0, pushed.err
    by_toc, first = golden.unpack("any:1")
    whole, second = golden.unpack("any:1", "--no-partial")
    assert (by_toc.status, whole.status) == (0, 0), by_toc.err + whole.err
    assert by_toc.report["sentinel"]
    assert listing(first) == listing(second)
    names = {part for node in tree if "/.wh." not in f"/{node.name}" for part in [node.name]}
    skipped = {item["name"] for item in by_toc.report["skipped"] if "device" in item["what"]}
    assert names - skipped <= set(listing(first))


def test_layers_are_applied_in_order_with_whiteouts(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.push(plain_layout(tmp_path / "layout"), "a:1")
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        assert tree_on_disk(output) == expected_tree()
        assert (output / "bin" / "same").stat().st_nlink == 2


def test_an_opaque_directory_hides_only_what_is_below(tmp_path: Path) -> None:
    lower: Tree = (Node("d", "dir", mode=0o755), Node("d/old", content=b"1"), Node("kept", content=b"2"))
    upper: Tree = (Node("d/new", content=b"3"), Node("d/.wh..wh..opq"), Node(".wh.absent"))
    with bench(tmp_path / "w") as here:
        here.put_pair("a", [as_layer(*a_layer(tree)) for tree in (lower, upper)])
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        assert set(tree_on_disk(output)) == {"d", "d/new", "kept"}


# Every case: what is wrong with the layer of a sentinel image. The twin is the layer as it was.
def _wrong_toc_digest() -> Layer:
    blob, written = a_layer()
    return blob, str(written.diff_id), {**written.annotations, MANIFEST_CHECKSUM: str(Digest.of(b"another"))}


def _tampered_toc() -> Layer:
    blob, written = a_layer()
    at = written.positions.toc.offset + 10
    return blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :], str(written.diff_id), written.annotations


def _tampered_chunk() -> Layer:
    blob, written = a_layer((Node("dir/file", content=bytes(range(256)) * 4),))
    other, _ = a_layer((Node("dir/file", content=bytes(reversed(range(256))) * 4),))
    data = other[: written.data_size].ljust(written.data_size, b"\0")
    assert len(data) == written.data_size
    return data + blob[written.data_size :], str(written.diff_id), written.annotations


def _wrong_chunk_digest() -> Layer:
    blob, written = a_layer()

    def change(entries: list[Entry]) -> None:
        place = next(index for index, item in enumerate(entries) if item.is_chunk)
        entries[place] = msgspec.structs.replace(entries[place], chunk_digest=str(Digest.of(b"x")))

    return resealed(blob, written, changed_toc(written, change))


def _file(**changes: object) -> Callable[[], Layer]:
    """The TOC entry of dir/file states something else, and is authenticated."""

    def build() -> Layer:
        blob, written = a_layer()

        def change(entries: list[Entry]) -> None:
            place = next(index for index, item in enumerate(entries) if item.name == "dir/file")
            entries[place] = msgspec.structs.replace(entries[place], **changes)

        return resealed(blob, written, changed_toc(written, change))

    return build


def _document(change: Callable[[bytes], bytes]) -> Callable[[], Layer]:
    def build() -> Layer:
        blob, written = a_layer()
        return resealed(blob, written, change(encode_toc(written.toc)))

    return build


def _annotation(key: str, value: str | None) -> Callable[[], Layer]:
    def build() -> Layer:
        blob, written = a_layer()
        annotations = {name: text for name, text in written.annotations.items() if name != key}
        return blob, str(written.diff_id), annotations | ({} if value is None else {key: value})

    return build


def _named(name: str, kind: str = "reg", link: str = "") -> Callable[[], Layer]:
    """A layer that states in both readings what leads outside."""

    def build() -> Layer:
        node = Node(name, kind, link_name=link, content=b"x" if kind == "reg" else b"")  # type: ignore[arg-type]
        return as_layer(*a_layer((Node("inside", content=b"y"), node)))

    return build


def _duplicate_names() -> Layer:
    blob, written = a_layer((Node("a", content=b"1"), Node("b", content=b"2")))

    def change(entries: list[Entry]) -> None:
        entries[1] = msgspec.structs.replace(entries[1], name="./a")

    return resealed(blob, written, changed_toc(written, change))


BROKEN: dict[str, tuple[Callable[[], Layer], str]] = {
    "wrong TOC digest": (_wrong_toc_digest, "the TOC has the digest"),
    "tampered TOC": (_tampered_toc, "the TOC has the digest"),
    "tampered chunk": (_tampered_chunk, "1024 bytes with the digest"),
    "wrong chunk digest": (_wrong_chunk_digest, "does not have its digest"),
    "wrong file digest": (_file(digest=str(Digest.of(b"x"))), "3000 bytes with the digest"),
    "no file digest": (_file(digest=""), "is not a sha256"),
    "wrong size": (_file(size=2999), "size is 2999"),
    "frames beyond the data": (_file(end_offset=2**40), "no place for a chunk"),
    "no end": (_file(end_offset=0), "no place for a chunk"),
    "negative offset": (_file(offset=-1), "no place for a chunk"),
    "another mode than the tar-split": (_file(mode=0o777), "mode is 511"),
    "another time than the tar-split": (_file(modtime="2001-01-01T00:00:00Z"), "modtime is"),
    "extended attribute that the tar-split lacks": (_file(xattrs={"user.a": "eA=="}), "xattrs is"),
    "unknown type": (_file(type="door"), "type is 'door'"),
    "version 2": (_document(lambda raw: raw.replace(b'"version":1', b'"version":2')), "the version 2"),
    "key twice": (_document(lambda raw: raw.replace(b'"version":1', b'"version":1,"version":1')), "duplicate"),
    "key in other case": (_document(lambda raw: raw.replace(b'"mode":', b'"Mode":', 1)), "'Mode'"),
    "text after the document": (_document(lambda raw: raw + b"{}"), "trailing"),
    "deep nesting": (
        _document(lambda raw: raw[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
        "nested too deeply",
    ),
    "huge integer": (_document(lambda raw: raw.replace(b'"version":1', b'"version":1' + b"0" * 5000)), "out of range"),
    "not UTF-8": (_document(lambda raw: raw.replace(b"dir/file", b"dir/fi\xffe")), "not UTF-8"),
    "lone surrogate": (_document(lambda raw: raw.replace(b"dir/file", rb"dir/\ud800")), "surrogate"),
    "no tar-split digest": (
        _document(lambda raw: raw.partition(b',"tarSplitDigest"')[0] + b"}"),
        "does not name its tar-split",
    ),
    "duplicate name": (_duplicate_names, "occurs twice"),
    "no TOC": (_annotation(MANIFEST_CHECKSUM, None), "cannot be read by TOC"),
    "no tar-split position": (_annotation(TARSPLIT_POSITION, None), "cannot be read by TOC"),
    "no TOC position": (_annotation(MANIFEST_POSITION, None), "the annotation is absent"),
    "two TOCs": (_annotation(ESTARGZ_TOC, str(Digest.of(b"x"))), "two TOCs"),
    "signed position": (_annotation(MANIFEST_POSITION, "+10:20:30:1"), "digits only"),
    "position past the end": (_annotation(MANIFEST_POSITION, "999999:20:30:1"), "999999:20:30:1"),
    "position with a tail": (_annotation(MANIFEST_POSITION, "10:20:30:1 "), "digits only"),
    "position of type 2": (_annotation(MANIFEST_POSITION, "10:20:30:2"), "type 2 is not 1"),
    "position of 2^64": (_annotation(TARSPLIT_POSITION, f"{2**64}:20:30"), "does not fit 63 bits"),
    "tar-split of 2^40 bytes": (_annotation(TARSPLIT_POSITION, f"10:{2**40}:30"), "the tar-split"),
    "TOC of 2^40 bytes": (_annotation(MANIFEST_POSITION, f"10:20:{2**40}:1"), "is larger than"),
    "name that climbs": (_named("../outside"), "climbs with '..'"),
    "name that climbs in the middle": (_named("a/../../outside"), "climbs with '..'"),
    "hard link that climbs": (_named("link", "hardlink", "../../etc/passwd"), "climbs with '..'"),
    "hard link to nothing": (_named("link", "hardlink", "/etc/passwd"), "not a file of the image"),
    "file through a file": (_named("inside/file"), "is not a directory"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_layer_of_a_sentinel_image_is_refused(case: str, tmp_path: Path) -> None:
    build, named = BROKEN[case]
    layer = build()
    with bench(tmp_path / "w") as here:
        here.put_pair("twin", [as_layer(*a_layer())])
        twin, _ = here.unpack("twin:1")
        assert twin.status == 0, twin.err
        here.put_pair("a", [layer])
        with here.registry.watching() as seen:
            ended, output = here.unpack("a:1")
    assert ended.status == 3, ended.err
    assert named in ended.err
    assert ended.err.count("\n") == 1
    assert not list(output.iterdir())
    assert None not in sees_ranges(seen, layer[0]), "a data layer was fetched whole"
    assert not list(tmp_path.rglob("outside*"))


def test_a_plain_image_whose_readings_differ_is_refused(tmp_path: Path) -> None:
    blob, written = a_layer((Node("a", content=b"0123456789" * 20), Node("b", content=b"9876543210" * 20)))

    def exchange(entries: list[Entry]) -> None:  # the TOC gives a the content of b, and the other way round
        first, second = entries
        moved = {name: getattr(second, name) for name in ("digest", "offset", "end_offset")}
        back = {name: getattr(first, name) for name in ("digest", "offset", "end_offset")}
        entries[:] = [msgspec.structs.replace(first, **moved), msgspec.structs.replace(second, **back)]

    layer = resealed(blob, written, changed_toc(written, exchange))
    with bench(tmp_path / "w") as here:
        plain = here.put_image("a", [layer], tag="plain")
        ended, output = here.unpack("a:plain")
        assert ended.status == 3
        assert not list(output.iterdir())
        # Only a manifest with a sentinel is believed without the full digest, not an annotation.
        here.put_index("a", [entry(plain, sentinel=True)], "lying")
        assert here.unpack("a:lying")[0].status == 3
        here.put_image("a", [layer], sentinel=canonical_sentinel(), tag="sentinel")
        trusted, _ = here.unpack("a:sentinel")
        assert trusted.report["sentinel"]
        assert trusted.status == 0


def test_plain_images_fall_back_to_a_full_download(tmp_path: Path) -> None:
    blob, written = a_layer()
    for annotations in ({}, {key: value for key, value in written.annotations.items() if key != TARSPLIT_POSITION}):
        with bench(tmp_path / f"w{len(annotations)}") as here:
            here.put_image("a", [(blob, str(written.diff_id), annotations)], tag="1")
            with here.registry.watching() as seen:
                ended, output = here.unpack("a:1")
            assert ended.status == 0, ended.err
            assert (output / "dir" / "file").read_bytes() == noise(1, 3000)
            assert sees_ranges(seen, blob) == [None]


def test_a_full_download_is_verified_by_diff_id(tmp_path: Path) -> None:
    blob, written = a_layer()
    with bench(tmp_path / "w") as here:
        here.put_image("a", [(blob, str(Digest.of(b"another")), {})], tag="1")
        ended, _ = here.unpack("a:1")
    assert ended.status == 3
    assert str(written.diff_id) in ended.err


@pytest.mark.parametrize(
    ("positions", "named"), [((1,), "layer 0 alone"), ((0, 1), "layer 0 alone"), ((0, 2), "layer 0 alone")]
)
def test_a_misplaced_sentinel_is_refused(positions: tuple[int, ...], named: str, tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        layers = [as_layer(*a_layer())]
        here.put_image("a", layers, sentinel=canonical_sentinel(), tag="1")
        manifest = here.fields("a:1")
        sentinel, data = manifest["layers"]
        order = [sentinel if place in positions else data for place in range(max(*positions, 1) + 1)]
        here.put_manifest("a", {**manifest, "layers": order}, "2")
        ended, _ = here.unpack("a:2")
    assert ended.status == 3
    assert named in ended.err


@pytest.mark.parametrize("count", [0, 1])
def test_a_config_that_commits_to_too_little_is_refused(count: int, tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        layers = [as_layer(*a_layer())]
        config = {"rootfs": {"type": "layers", "diff_ids": [layers[0][1]][:count]}}
        here.put_image("a", layers, sentinel=canonical_sentinel(), config=config, tag="1")
        ended, _ = here.unpack("a:1")
    assert ended.status == 3
    assert "DiffIDs" in ended.err


def test_another_sentinel_content_is_recognised(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.put_image("a", [as_layer(*a_layer())], sentinel=build_sentinel(message=b"TOC NEVER tar"), tag="1")
        ended, _ = here.unpack("a:1")
    assert ended.status == 0, ended.err
    assert ended.report["sentinel"]


class Selection(msgspec.Struct, frozen=True):
    """Entries in order (g gzip, z zstd, s sentinel), and which is pulled."""

    entries: tuple[dict[str, object], ...]
    chosen: int
    options: tuple[str, ...] = ()


ARM = {"architecture": "arm64", "os": "linux"}
SELECTIONS = {
    "sentinel over plain": Selection(({}, {"sentinel": True}), 1),
    "sentinel first": Selection(({"sentinel": True}, {}), 0),
    "platform before sentinel": Selection(({}, {"sentinel": True, "platform": ARM}), 0),
    "no platform comes last": Selection(({}, {"sentinel": True, "platform": None}), 0),
    "gzip preferred": Selection(({"zstd": False}, {}, {"sentinel": True}), 0, ("--prefer-gzip",)),
    "gzip preferred, zstd only": Selection(({}, {"sentinel": True}), 1, ("--prefer-gzip",)),
    "no TOC pulls": Selection(({}, {"sentinel": True}), 0, ("--no-partial",)),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_right_entry_is_chosen(name: str, tmp_path: Path) -> None:
    case = SELECTIONS[name]
    with bench(tmp_path / "w") as here:
        entries = []
        for position, fields in enumerate(case.entries):
            layers = [as_layer(*a_layer((Node("number", content=str(position).encode()),)))]
            sentinel = canonical_sentinel() if fields.get("sentinel") else None
            made = entry(here.put_image("a", layers, sentinel=sentinel), **fields)  # type: ignore[arg-type]
            entries.append({key: value for key, value in made.items() if value is not None})
        here.put_index("a", entries)
        ended, output = here.unpack("a:1", *case.options)
    assert ended.status == 0, ended.err
    assert (output / "number").read_text() == str(case.chosen)


@pytest.mark.parametrize("value", ["false", "TRUE", "1", ""])
def test_other_annotation_values_are_ignored(value: str, tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        layers = [as_layer(*a_layer())]
        plain = entry(here.put_image("a", layers))
        sentinel = entry(here.put_image("a", layers, sentinel=canonical_sentinel()))
        sentinel["annotations"][SENTINEL_ANNOTATION] = value
        here.put_index("a", [plain, sentinel])
        assert here.unpack("a:1")[0].report["sentinel"] is False


class RefusesRanges(Defect):
    """Responds with this status to requests for more than so many ranges."""

    def __init__(self, status: int, most: int = 0) -> None:
        self._status, self._most = status, most

    def before(self, call: Call, core: RegistryCore) -> Reply | None:
        del core
        ranges = call.header("range")
        return Reply(self._status) if ranges and ranges.count(",") >= self._most else None


@pytest.mark.parametrize("status", [400, 405, 416, 501])
def test_without_ranges_the_plain_variant_is_pulled(status: int, tmp_path: Path) -> None:
    with bench(tmp_path / "w", RefusesRanges(status)) as here:
        here.put_pair("a", [as_layer(*a_layer())])
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        assert ended.report["sentinel"] is False
        assert (output / "dir" / "file").is_file()
        sentinel = here.fields("a:1")["manifests"][1]["digest"]
        alone, nothing = here.unpack(f"a@{sentinel}")
        assert alone.status == 3
        assert "no TOC pull is possible" in alone.err
        assert not list(nothing.iterdir())


@pytest.mark.parametrize(
    "defect",
    [
        lambda: RefusesRanges(400, 1),
        lambda: RefusesRanges(400, 7),
        defects.ignores_range,
        defects.ignores_multi_range,
        defects.first_range_only,
        defects.reorders_parts,
    ],
    ids=["one range at a time", "seven ranges", "ignores-range", "ignores-multi-range", "first-only", "reorders-parts"],
)
def test_registries_with_odd_ranges_still_give_the_right_tree(defect: Callable[[], Defect], tmp_path: Path) -> None:
    # Every second file is here already, so that many separate ranges are wanted.
    files = [Node(f"f{number:03}", content=noise(number, 2000)) for number in range(60)]
    with bench(tmp_path / "w", defect()) as here:
        here.put_pair("half", [as_layer(*a_layer(tuple(files[::2])))])
        here.put_pair("a", [as_layer(*a_layer(tuple(files)))])
        store = here.new("store")
        assert here.unpack("half:1", store=store)[0].status == 0
        ended, output = here.unpack("a:1", store=store)
    assert ended.status == 0, ended.err
    assert ended.report["sentinel"]
    assert {path.name: path.read_bytes() for path in output.iterdir()} == {node.name: node.content for node in files}


def test_wrong_content_ranges_are_refused(tmp_path: Path) -> None:
    with bench(tmp_path / "w", defects.wrong_content_range()) as here:
        here.put_pair("a", [as_layer(*a_layer())])
        ended, _ = here.unpack("a:1")
    assert ended.status == 3
    assert ended.err.count("\n") == 1


def test_chunks_of_other_files_are_used_again(tmp_path: Path) -> None:
    content = noise(3, 400_000)
    old: Tree = (Node("old", content=content),)
    new: Tree = (Node("new", content=content + b"and more"),)
    with bench(tmp_path / "w") as here:
        for name, tree in (("old", old), ("new", new)):
            here.put_pair(name, [as_layer(*a_layer(tree))])
        store = here.new("store")
        assert here.unpack("old:1", store=store)[0].status == 0
        with here.registry.watching() as seen:
            ended, output = here.unpack("new:1", store=store)
        assert ended.status == 0, ended.err
        assert (output / "new").read_bytes() == content + b"and more"
        blob, _ = a_layer(new)
        fetched = sum(exchange.response_size for exchange in seen if str(Digest.of(blob)) in exchange.url)
        assert fetched < len(content) / 2


def test_a_damaged_store_is_not_trusted(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        here.put_pair("a", [as_layer(*a_layer())])
        store = here.new("store")
        assert here.unpack("a:1", store=store)[0].status == 0
        for path in store.rglob("*"):
            if path.is_file():
                path.write_bytes(b"damaged")
        ended, output = here.unpack("a:1", store=store)
    assert ended.status == 0, ended.err
    assert (output / "dir" / "file").read_bytes() == noise(1, 3000)


def test_symbolic_links_stay_inside(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    up = "/".join([".."] * 20)
    lower: Tree = (
        Node("absolute", "symlink", link_name=str(outside)),
        Node("relative", "symlink", link_name=f"{up}{outside}"),
        Node("loop", "symlink", link_name="loop"),
    )
    upper: Tree = (Node("absolute/file", content=b"1"), Node("relative/other", content=b"2"))
    with bench(tmp_path / "w") as here:
        here.put_pair("a", [as_layer(*a_layer(tree)) for tree in (lower, upper)])
        ended, output = here.unpack("a:1")
        assert ended.status == 0, ended.err
        inside = output / str(outside).lstrip("/")
        assert {path.name for path in inside.iterdir()} == {"file", "other"}
        assert not list(outside.iterdir())
        here.put_pair("b", [as_layer(*a_layer(tree)) for tree in (lower, (Node("loop/file"),))])
        assert here.unpack("b:1")[0].status == 3


def test_a_layout_gives_the_plain_variant_or_nothing(tmp_path: Path) -> None:
    with bench(tmp_path / "w") as here:
        output = here.new("tree")
        arguments = ("--output", output, "--store", here.new("store"), "--platform", "linux/amd64")
        ended = here.reference("unpack", "--layout", golden_directory("sentinel-single"), *arguments)
        assert ended.status == 0, ended.err
        assert ended.report["sentinel"] is False
        here.put_image("a", [as_layer(*a_layer())], sentinel=canonical_sentinel(), tag="1")
        alone = tmp_path / "alone"
        assert here.reference("pull", "--reference", here.name("a:1"), "--layout", alone).status == 0
        refused = here.reference(
            "unpack", "--layout", alone, "--output", here.new("tree"), "--store", here.new("store")
        )
        assert refused.status == 3
        assert "no TOC pull is possible" in refused.err

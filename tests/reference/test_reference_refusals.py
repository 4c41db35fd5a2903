"""The reference as aware consumer: what it refuses, each case one edit from what it accepts."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from conformance.format.digest import Digest
from conformance.format.names import (
    ESTARGZ_TOC,
    MANIFEST_CHECKSUM,
    MANIFEST_POSITION,
    TARSPLIT_POSITION,
)
from conformance.format.sentinel import canonical_sentinel
from conformance.format.toc import Entry, encode_toc
from conformance.images.trees import Node
from tests.reference.made_layers import Layer, a_layer, as_layer, changed_toc, resealed, sees_ranges
from tests.reference.reference_bench import bench, entry


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

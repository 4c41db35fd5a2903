"""Other frames, footers and annotations of a layer, permitted by RFC 8878 and docs/format.md sections 1 and 9."""

from collections.abc import Callable
from typing import Final

import zstandard

from conformance.format import names
from conformance.format.frames import SKIPPABLE_MAGIC, skippable
from conformance.images.draft import Drafted
from conformance.images.drafted import image_with
from conformance.images.free_layer import Choices, compress, free_layer
from conformance.images.layer_draft import conforming_layer, finish_layer, legacy_toc_keys
from conformance.images.trees import Node, noise, tar_of
from conformance.requirements import variant

_TAR: Final = tar_of(
    (
        Node("etc", "dir", mode=0o755),
        Node("etc/noise", content=noise(1, 30_000)),
        Node("etc/holes", content=b"x" * 3000 + bytes(9000) + b"y" * 200),
        Node("etc/empty"),
        Node("etc/link", "symlink", link_name="noise", mode=0o777),
        Node("etc/hard", "hardlink", link_name="etc/noise"),
    )
)


def _free(choices: Choices | None = None) -> Drafted:
    return image_with(free_layer(_TAR, choices))


def _stream(**parameters: int | bool) -> Callable[[bytes], bytes]:
    """A streaming compressor with these parameters."""
    made = zstandard.ZstdCompressionParameters(**parameters)

    def stream(content: bytes) -> bytes:
        compressor = zstandard.ZstdCompressor(compression_params=made).compressobj()
        return compressor.compress(content) + compressor.flush()

    return stream


def _streamed(**parameters: int | bool) -> Drafted:
    """Frames by such a compressor."""
    return _free(Choices(compress=_stream(**parameters)))


@variant("TOC-007", "CHUNK-001")
def one_frame_a_file() -> Drafted:
    """No chunks: splitting a file is the writer's choice (docs/format.md section 9.3)."""
    return _free()


@variant("CHUNK-002", "CHUNK-008")
def chunks_of_4096_bytes() -> Drafted:
    """Chunks of fixed size: where a chunk ends is the writer's choice (docs/format.md section 9.5)."""
    return _free(Choices(chunk=4096))


@variant("CHUNK-004", "CHUNK-005")
def chunks_of_1000_bytes_with_zeros() -> Drafted:
    """Chunks of zeros of any length (docs/format.md section 11.2)."""
    return _free(Choices(chunk=1000, zeros=True))


@variant("CHUNK-004")
def zeros_as_data_chunks() -> Drafted:
    """Zeros without the chunk type ``zeros``, which is an option of the writer (docs/format.md section 11.2)."""
    return _free(Choices(chunk=1000))


@variant("CHUNK-002")
def chunks_of_seven_bytes() -> Drafted:
    """Some thousand tiny chunks: no source states a minimum size."""
    return _free(Choices(chunk=7))


@variant("CHUNK-008", "TOC-008")
def three_frames_a_chunk() -> Drafted:
    """Several frames in a chunk (RFC 8878 section 3: frames are concatenated)."""
    return _free(Choices(chunk=5000, frames=3))


@variant("TOC-007", "TOC-008")
def four_frames_a_file() -> Drafted:
    """Several frames in a file of one chunk (RFC 8878 section 3)."""
    return _free(Choices(frames=4))


@variant("CHUNK-009", "CHUNK-002")
def chunk_fields_on_every_file() -> Drafted:
    """A single chunk that repeats the fields of the file (docs/format.md section 11.2); every reader accepts it."""
    return _free(Choices(chunk_fields=True))


@variant("TOC-007", "LAYER-001")
def empty_frames_before_each_frame() -> Drafted:
    """Frames without content anywhere (RFC 8878 section 3.1.1: an empty frame is a frame)."""
    return _free(Choices(before=compress(b"")))


@variant("LAYER-001", "TOC-007")
def skippable_frames_behind_each_file() -> Drafted:
    """Skippable frames between data frames (RFC 8878 section 3.1.2)."""
    return _free(Choices(behind=skippable(b"anything")))


@variant("LAYER-007")
def all_skippable_frames_of_another_magic() -> Drafted:
    """RFC 8878 section 3.1.2 defines sixteen equivalent magic numbers."""
    draft = conforming_layer()
    draft.magic = SKIPPABLE_MAGIC + 14
    return image_with(draft)


@variant("LAYER-007")
def skippable_frames_of_several_magics() -> Drafted:
    """A frame of another magic number between the data frames only (RFC 8878 section 3.1.2)."""
    return _free(Choices(behind=skippable(b"mine", magic=SKIPPABLE_MAGIC + 5)))


@variant("LAYER-009")
def no_frame_checksum() -> Drafted:
    """The content checksum is optional (RFC 8878 section 3.1.1)."""
    return _free(Choices(compress=lambda content: zstandard.compress(content, 1)))


@variant("LAYER-017", "LAYER-006")
def matches_up_to_a_small_window() -> Drafted:
    """A window of 1 KiB below larger contents (RFC 8878 section 3.1.1.1.2: the greatest distance of a match)."""
    tar = tar_of((Node("near", content=noise(7, 1000) * 5),))
    return image_with(free_layer(tar, Choices(compress=_stream(window_log=10, write_content_size=False))))


@variant("LAYER-006")
def level_nineteen() -> Drafted:
    """The level is the writer's choice (RFC 8878 section 3.1.1.1.2: any window up to what readers take)."""
    return _free(Choices(compress=lambda content: zstandard.compress(content, 19)))


@variant("LAYER-001")
def stored_blocks() -> Drafted:
    """Raw blocks (RFC 8878 section 3.1.1.2): content that does not compress, and content that could."""
    return _free(Choices(compress=_stored))


@variant("LAYER-001", "LAYER-006")
def no_content_size() -> Drafted:
    """The content size in the frame header is optional (RFC 8878 section 3.1.1.1)."""
    return _streamed(compression_level=3, write_content_size=False)


@variant("LAYER-006")
def window_of_128_mib() -> Drafted:
    """2^27 bytes, the maximum of libzstd without an option (RFC 8878 section 3.1.1.1.2 recommends 8 MiB)."""
    return _streamed(window_log=27, write_content_size=False)


@variant("LAYER-006", "TOC-001", "TARSPLIT-004")
def tables_with_a_window_of_128_mib() -> Drafted:
    """Level 22 of a streaming compressor declares 2^27 bytes (RFC 8878 section 3.1.1.1.2), whatever the content."""
    draft = conforming_layer()
    draft.compress_toc = draft.compress_split = _stream(compression_level=22, window_log=27, write_content_size=False)
    return image_with(draft)


@variant("TOC-001", "ANNOT-002")
def toc_in_two_frames() -> Drafted:
    """The TOC's payload as two frames (RFC 8878 section 3: concatenated frames decompress to the whole)."""
    draft = conforming_layer()
    draft.compress_toc = lambda document: zstandard.compress(document[:50]) + zstandard.compress(document[50:])
    return image_with(draft)


@variant("TOC-001", "TOC-009")
def toc_without_content_size_and_with_a_skippable_frame() -> Drafted:
    """A streamed payload, and a skippable frame inside it (RFC 8878 sections 3.1.1.1 and 3.1.2)."""
    draft = conforming_layer()
    draft.compress_toc = lambda document: _streaming(document) + skippable(b"inside")
    return image_with(draft)


@variant("TARSPLIT-002", "TARSPLIT-007")
def tar_split_in_two_frames() -> Drafted:
    """The tar-split's payload as two frames without content size (RFC 8878 section 3)."""
    draft = conforming_layer()
    draft.compress_split = lambda document: _streaming(document[:70]) + _streaming(document[70:])
    return image_with(draft)


@variant("ANNOT-001", "ANNOT-008")
def annotations_of_other_tools() -> Drafted:
    """Annotations in addition to the chunk keys (image-spec v1.1.1 annotations.md)."""
    return _annotated("org.opencontainers.image.title", "layer.tar.zst")


@variant("ANNOT-008")
def unknown_key_of_the_chunk_prefix() -> Drafted:
    """An unknown key with the prefix: consumers MUST NOT fail on it (image-spec v1.1.1 annotations.md)."""
    return _annotated(names.CHUNKED_PREFIX + "writer", "mine")


@variant("ANNOT-008", "ANNOT-022", "FOOTER-005")
def legacy_keys_beside_the_current() -> Drafted:
    """The same values under the first prefix, for the oldest clients; current ones do not know it (docs/format.md
    section 10).
    """
    draft = conforming_layer()
    draft.annotations = {**legacy_toc_keys(finish_layer(draft).descriptor["annotations"])}
    return image_with(draft)


@variant(warns=("ANNOT-006",))
def deprecated_checksum_for_old_clients() -> Drafted:
    """The digest of the tar-split for clients of 2023: deprecated, not forbidden (docs/format.md section 10)."""
    return _annotated(names.TARSPLIT_CHECKSUM, "sha256:" + "0" * 64)


@variant("LAYER-015")
def nondistributable_zstd() -> Drafted:
    """image-spec v1.1.1 layer.md names the type, deprecated, for zstd layers too."""
    draft = conforming_layer()
    draft.media_type = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
    return image_with(draft)


def _annotated(key: str, value: str) -> Drafted:
    draft = conforming_layer()
    draft.annotations[key] = value
    return image_with(draft)


def _streaming(content: bytes) -> bytes:
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(content) + compressor.flush()


def _stored(content: bytes) -> bytes:
    """A frame of raw blocks of at most 128 KiB (RFC 8878 section 3.1.1.2)."""
    size = 2**17
    blocks = [content[start : start + size] for start in range(0, len(content), size)] or [b""]
    last = len(blocks) - 1
    body = b"".join(
        (len(block) << 3 | (number == last)).to_bytes(3, "little") + block for number, block in enumerate(blocks)
    )
    header = (0xFD2FB528).to_bytes(4, "little") + bytes([0, 10 << 3])  # a window of 1 MiB, no content size
    return header + body

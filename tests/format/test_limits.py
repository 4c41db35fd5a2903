"""The limits of the readers, in bytes and counts: what a stranger's document may cost, and what is refused."""

from types import ModuleType

import pytest

from conformance.format import (
    chunker,
    decompress,
    digest,
    discrepancy,
    document,
    entry_comparison,
    examine,
    footer,
    foreign_archives,
    frame_writer,
    frames,
    json_problems,
    layer_streams,
    pax_rules,
    positions,
    posix_acl,
    sentinel,
    split_cursor,
    splits,
    tar,
    tar_faults,
    tar_header_rules,
    tar_watch,
    tarheader,
    tarsplit,
    times,
    toc,
    toc_keys,
    toc_lenient,
    toc_names,
    toc_outline,
    toc_slices,
    unpack,
)

KIB, MIB = 1024, 1024 * 1024


@pytest.mark.parametrize(
    ("module", "name", "due"),
    [
        # docs/format.md section 1: maxTocSize of the reference.
        (toc, "MAX_TOC", 157_286_400),
        # OCI distribution-spec 1.1, "Pushing Manifests".
        (document, "MAX_DOCUMENT", 4 * MIB),
        (document, "MAX_DEPTH", 64),
        (document, "MAX_PROBLEMS", 100),
        # RFC 8878 section 3.1.1.2.3, and docs/format.md section 14.
        (frames, "MAX_BLOCK", 131_072),
        (decompress, "MAX_WINDOW", 134_217_728),
        (frames, "MAX_FRAMES", 8_388_608),
        (frames, "CUT_BLOCKS", 32),
        (unpack, "MAX_KEPT", 64),
        (unpack, "_BATCH", 4 * MIB),
        # A step of 1024 bytes has 256 blocks of 128 KiB at most.
        (decompress, "_STEP", KIB),
        (frames, "_READ", MIB),
        (frame_writer, "_ONE_SHOT", MIB),
        (layer_streams, "_GZIP_PIECE", MIB),
        (tar, "_COPY", 4 * MIB),
        # A tar-split line has a segment of 8 MiB at most, in base64.
        (tarsplit, "MAX_LINE", 16 * MIB),
        (split_cursor, "MAX_SURPLUS", MIB),
        (tar, "MAX_HEADERS", 8 * MIB),
        (tar, "MAX_EXTENSION", MIB),
        (toc_slices, "SLICE", 64 * KIB),
        (toc_slices, "MAX_UNCUT", 4 * MIB),
        (toc_slices, "_MAX_TRIES", 8),
        (toc_slices, "_MAX_HEAD", 8 * KIB),
        (toc_lenient, "MAX_LENIENT", 8 * MIB),
        (toc_keys, "MAX_PROBLEMS", 100),
        (toc_keys, "_SLICE", 20_000),
        (toc_names, "_MAX_CLIMBED", 64 * MIB),
        (toc_outline, "MAX_PROBLEMS", 10),
        (toc_outline, "MAX_ODD_TIMES", 10_000),
        (toc_outline, "_MAX_TIMES", 65_536),
        (toc_outline, "_LONG_TIME", 256),
        (entry_comparison, "_MAX_TIMES", 65_536),
        (discrepancy, "MAX_KEPT", 10),
        (pax_rules, "_MAX_FLAWS", 100),
        (tar_header_rules, "_MAX_CACHED", 1024),
        # Characters and bytes that a report shows.
        (tar_faults, "_SHOWN", 40),
        (digest, "_MAX_SHOWN", 80),
        (json_problems, "MAX_SHOWN", 80),
        (tarsplit, "_MAX_SHOWN", 80),
        (examine, "_MAX_SHOWN", 120),
        (positions, "_MAX_TEXT", 200),
        # Numbers that every language holds, and the fields of a tar header.
        (positions, "MAX_NUMBER", 9_223_372_036_854_775_807),
        (pax_rules, "_MAX_SIZE", 9_223_372_036_854_775_807),
        (tar_header_rules, "MAX_ID", 4_294_967_295),
        (tar_header_rules, "MAX_OCTAL_SIZE", 8_589_934_591),
        (tar_header_rules, "_PERMISSIONS", 4095),
        (tar_header_rules, "_ID_DIGITS", 20),
        (tar_watch, "_DIGITS", 20),
        (json_problems, "_INT_DIGITS", 20),
        (positions, "_MAX_U64", 18_446_744_073_709_551_615),
        (posix_acl, "_MAX", 65_536),
        (times, "NANOSECONDS", 1_000_000_000),
        (times, "YEAR_ONE", -62_135_596_800_000_000_000),
        (tarheader, "BLOCK", 512),
        (footer, "CURRENT_SIZE", 64),
        (sentinel, "MIN_SIZE", 512),
        (sentinel, "MAX_SIZE", 4096),
        (sentinel, "NEAR_START", 16),
        # APPNOTE 4.3.16: 22 bytes and a comment of 65,535.
        (foreign_archives, "_ZIP_TAIL", 65_557),
        # The chunker of the reference.
        (splits, "WINDOW", 64),
        (chunker, "HOLE", 1024),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_limit(module: ModuleType, name: str, due: int) -> None:
    assert getattr(module, name) == due


def test_a_step_of_many_blocks_has_four_mebibytes_at_most() -> None:
    assert frames.CUT_BLOCKS * frames.MAX_BLOCK == 4 * MIB


def test_an_octal_size_has_eleven_digits() -> None:
    assert len(f"{tar_header_rules.MAX_OCTAL_SIZE:o}") == 11
    assert len(f"{tar_header_rules.MAX_OCTAL_SIZE + 1:o}") == 12

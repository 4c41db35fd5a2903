"""The limits of the readers, in bytes and counts: what a stranger's document may cost, and what is refused."""

from types import ModuleType

import pytest

from conformance.format import (
    chunker,
    decompress,
    document,
    frames,
    pax_rules,
    positions,
    posix_acl,
    split_cursor,
    splits,
    tar,
    tar_header_rules,
    tarsplit,
    times,
    toc,
    toc_lenient,
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
        # A tar-split line has a segment of 8 MiB at most, in base64.
        (tarsplit, "MAX_LINE", 16 * MIB),
        (split_cursor, "MAX_SURPLUS", MIB),
        (tar, "MAX_HEADERS", 8 * MIB),
        (tar, "MAX_EXTENSION", MIB),
        (toc_slices, "SLICE", 64 * KIB),
        (toc_slices, "MAX_UNCUT", 4 * MIB),
        (toc_lenient, "MAX_LENIENT", 8 * MIB),
        # Numbers that every language holds, and the fields of a tar header.
        (positions, "MAX_NUMBER", 9_223_372_036_854_775_807),
        (pax_rules, "_MAX_SIZE", 9_223_372_036_854_775_807),
        (tar_header_rules, "MAX_ID", 4_294_967_295),
        (tar_header_rules, "MAX_OCTAL_SIZE", 8_589_934_591),
        (posix_acl, "_MAX", 65_536),
        (times, "NANOSECONDS", 1_000_000_000),
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

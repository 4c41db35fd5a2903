"""The vectors: their bytes come again, the suite judges each as it states, and no null runner passes a requirement."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard

from conformance.cases.vectors.build import build_vectors
from conformance.cases.vectors.model import Case, VectorError, Vectors
from conformance.cases.vectors.results import CaseResult, read_results
from conformance.cases.vectors.small import TREE
from conformance.cases.vectors.stages import stages_of
from conformance.cases.vectors.store import (
    export_cases,
    index_document,
    read_index,
    read_vectors,
    vectors_directory,
    write_vectors,
)
from conformance.cases.vectors.stored import gzip_member, zstd_frame
from conformance.format.chunker import chunks
from conformance.requirements import load_catalogue
from conformance.trials.vector_results import judge_results
from tests.cases.vectors.judging import failed_of, judge_case
from tests.commands.test_cli import zcc

COMMITTED = vectors_directory()
CASES = read_index(COMMITTED).cases
# Every eighth, and all of them by `nox -s vectors`: the ids of mutants of one requirement are neighbours.
ARTIFACTS = [case for case in CASES if case.kind != "http"]
MAY = {each.id for each in load_catalogue().requirements if each.level == "MAY"}


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return read_vectors(COMMITTED)


def test_the_committed_vectors_are_what_is_built(vectors: Vectors) -> None:
    made = build_vectors()
    assert index_document(made.index) == (COMMITTED / "index.json").read_bytes(), "zcc vectors build fixtures/vectors"
    assert made.blobs == vectors.blobs
    stored = {path.name for path in (COMMITTED / "blobs" / "sha256").iterdir()}
    assert stored == {digest.removeprefix("sha256:") for digest in made.blobs}


def test_no_block_of_a_vector_was_compressed_by_a_library(vectors: Vectors) -> None:
    """Compressed blocks differ by version of libzstd and zlib; raw, RLE and stored ones do not."""
    for digest, content in vectors.blobs.items():
        for start in (match.end() for match in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), content)):
            assert 2 not in set(block_types(content, start)), digest
        if content.startswith(b"\x1f\x8b\x08"):
            assert content[10] >> 1 & 3 == 0, digest


def block_types(content: bytes, start: int) -> Iterator[int]:
    """Of the frame whose descriptor is at ``start``, as far as it goes (RFC 8878 section 3.1.1)."""
    if start >= len(content):
        return
    descriptor = content[start]
    single = descriptor >> 5 & 1
    place = start + 1 + (not single) + (0, 1, 2, 4)[descriptor & 3] + ((single, 2, 4, 8)[descriptor >> 6])
    while place + 3 <= len(content):
        header = int.from_bytes(content[place : place + 3], "little")
        kind, size = header >> 1 & 3, header >> 3
        yield kind
        if header & 1 or kind == 3:
            return
        place += 3 + (1 if kind == 1 else size)


def test_a_real_compressor_is_distinguished_from_stored_blocks() -> None:
    assert 2 in set(block_types(zstandard.compress(b"ab" * 500), 4))
    assert set(block_types(zstd_frame(b"ab" * 500 + bytes(500), checksum=True), 4)) == {0, 1}


@pytest.mark.parametrize(
    "content", [b"", b"a", bytes(255), bytes(256), b"ab" * 40_000, bytes(300_000), b"0123456789abcdef" * 3]
)
def test_stored_frames_are_what_libzstd_reads_with_the_same_checksum(content: bytes) -> None:
    frame = zstd_frame(content, checksum=True)
    assert zstandard.ZstdDecompressor().decompressobj().decompress(frame) == content
    assert frame[-4:] == zstandard.ZstdCompressor(write_checksum=True).compress(content)[-4:]
    assert gzip.decompress(gzip_member(content)) == content


def test_the_bounds_that_the_page_promises(vectors: Vectors) -> None:
    assert len(CASES) >= 400
    assert sum(map(len, vectors.blobs.values())) + len(index_document(vectors.index)) < 6_000_000
    assert [case.id for case in CASES] == sorted({case.id for case in CASES})


def test_the_tool_of_the_small_layer_has_several_chunks() -> None:
    tool = next(node for node in TREE if node.name == "usr/bin/tool")
    assert len(chunks(tool.content)) == 3


def test_a_case_that_conforms_says_its_tree_and_every_case_how_much_it_matters() -> None:
    trees = [case for case in ARTIFACTS if case.expect == "accept" and case.kind != "blob"]
    assert len([case for case in trees if case.tree_sha256]) >= 0.95 * len(trees)
    assert not [case.id for case in CASES if case.expect == "refuse" and case.tree_sha256]
    for case in CASES:
        assert case.importance is not None
        assert (case.importance == "low") is (case.level != "MUST")
        assert ("http" in case.features) is (case.kind == "http")
    named = {name for case in CASES for name in case.advisories}
    assert {"CVE-2021-41190", "CVE-2025-62518", "CVE-2026-53655", "GHSA-77vh-xpmg-72qh"} <= named


def test_what_is_larger_than_four_kibibytes_is_compressed_or_a_document_of_an_image(vectors: Vectors) -> None:
    for digest, content in vectors.blobs.items():
        is_layer = content[:4] in (b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18") or content[:2] == b"\x1f\x8b"
        is_sentinel_too_large = content[:13] == b"\x00ZSTD-CHUNKED"
        assert len(content) <= 4096 or is_layer or is_sentinel_too_large or content.lstrip()[:1] == b"{", digest


def test_every_negative_case_has_a_positive_control_of_its_kind_and_a_stage() -> None:
    by_id = {case.id: case for case in CASES}
    for case in CASES:
        if case.expect == "tree-or-refuse":
            assert by_id[case.twin].expect == "accept"
            assert case.tree_sha256 == by_id[case.twin].tree_sha256
            assert case.input.script
        elif case.expect != "accept":
            assert by_id[case.twin].expect == "accept"
            assert by_id[case.twin].kind == case.kind
            assert case.stages
            assert case.breaks[0] == case.requirement


@pytest.mark.parametrize("case", ARTIFACTS, ids=lambda case: case.id)
def test_the_suite_judges_each_case_as_it_says(case: Case, vectors: Vectors) -> None:
    failed = failed_of(judge_case(vectors, case))
    ignored = MAY if case.expect == "accept" else set()
    assert failed - ignored == set(case.breaks) - ignored


def response_of(vectors: Vectors, case: Case) -> CaseResult:
    """Of a case with a script what tests/cases/vectors/test_http_cases.py shows of the reference: the right tree."""
    if case.kind == "http":
        return right(case)
    results = judge_case(vectors, case)
    failed = [result.id for result in results if result.verdict == "fail" and result.level == "MUST"]
    if not failed:
        return CaseResult(case.id, "accepted")
    return CaseResult(case.id, "refused", stages_of(failed)[0])


@pytest.mark.skipif("not os.environ.get('ZCC_ALL_VECTORS')", reason="nox -s vectors: all cases")
def test_the_suite_as_a_runner_is_right_on_every_case(vectors: Vectors) -> None:
    results, tally = judge_results(CASES, {case.id: response_of(vectors, case) for case in CASES})
    assert not [result for result in results if result.verdict in ("fail", "not-run")]
    assert tally.wrong == tally.undecided == 0


NULLS: dict[str, Callable[[Case], CaseResult]] = {
    "accepts everything": lambda case: CaseResult(case.id, "accepted"),
    "refuses everything where it should": lambda case: CaseResult(case.id, "refused", (case.stages or ("index",))[0]),
    "refuses everything at the index": lambda case: CaseResult(case.id, "refused", "index"),
    "crashes": lambda case: CaseResult(case.id, "crashed"),
    "skips": lambda case: CaseResult(case.id, "skipped"),
}


@pytest.mark.parametrize("null", NULLS.values(), ids=NULLS)
def test_no_null_runner_passes_a_requirement(null: Callable[[Case], CaseResult]) -> None:
    results, _ = judge_results(CASES, {case.id: null(case) for case in CASES})
    assert not [result.id for result in results if result.verdict == "pass"]
    assert [result.id for result in results if result.breaks_conformance]


def right(case: Case) -> CaseResult:
    if case.expect == "refuse":
        return CaseResult(case.id, "refused", case.stages[0])
    return CaseResult(case.id, "accepted", tree_sha256=case.tree_sha256)


def verdict_of(requirement_id: str, **changed: CaseResult) -> str:
    case_results = {case.id: right(case) for case in CASES} | {
        case_result.id: case_result for case_result in changed.values()
    }
    results, _ = judge_results(CASES, case_results)
    return next(result.verdict for result in results if result.id == requirement_id)


def test_a_right_runner_passes_and_one_wrong_result_fails() -> None:
    case = next(case for case in CASES if case.requirement == "FOOTER-003" and case.expect == "refuse")
    assert verdict_of("FOOTER-003") == "pass"
    assert verdict_of("FOOTER-003", wrong=CaseResult(case.id, "accepted")) == "fail"
    assert verdict_of("FOOTER-003", wrong=CaseResult(case.id, "crashed")) == "fail"
    assert verdict_of("FOOTER-003", wrong=CaseResult(case.id, "refused", "tar")) == "fail"
    assert verdict_of("FOOTER-003", skipped=CaseResult(case.id, "skipped", reason="no footer")) == "not-run"
    assert verdict_of("FOOTER-003", twin=CaseResult(case.twin, "refused", "footer")) == "not-run"


def test_another_tree_than_the_one_of_the_case_is_wrong() -> None:
    case = next(case for case in CASES if "TOC-001" in case.touches and case.tree_sha256)
    assert verdict_of("TOC-001") == "pass"
    assert verdict_of("TOC-001", other=CaseResult(case.id, "accepted", tree_sha256=f"sha256:{'0' * 64}")) == "fail"
    assert verdict_of("TOC-001", unsaid=CaseResult(case.id, "accepted")) == "pass"


def test_a_pull_from_a_registry_that_lies_ends_with_the_right_tree_or_is_refused() -> None:
    case = next(case for case in CASES if case.requirement == "SEC-005")
    assert verdict_of("SEC-005") == "pass"
    assert verdict_of("SEC-005", refused=CaseResult(case.id, "refused", "transfer")) == "pass"
    assert verdict_of("SEC-005", other=CaseResult(case.id, "accepted", tree_sha256=f"sha256:{'0' * 64}")) == "fail"
    assert verdict_of("SEC-005", unsaid=CaseResult(case.id, "accepted")) == "not-run"
    refused, twin = CaseResult(case.id, "refused", "chunk"), CaseResult(case.twin, "refused", "transfer")
    assert verdict_of("SEC-005", refused=refused, twin=twin) == "not-run"


def test_a_permitted_choice_that_is_refused_fails_its_requirement() -> None:
    case = next(case for case in CASES if "TOC-001" in case.touches)
    assert verdict_of("TOC-001", wrong=CaseResult(case.id, "refused", "toc")) == "fail"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1"),
        ('{"id":"no-such-case","outcome":"accepted"}', "no case"),
        ('{"id":"layer-conforming","outcome":"maybe"}', "Invalid enum value"),
        ('{"id":"layer-conforming","outcome":"refused"}', "without a stage"),
        ('{"id":"layer-conforming","outcome":"refused","stage":"somewhere"}', "Invalid enum value"),
        (
            '{"id":"layer-conforming","outcome":"accepted"}\n{"id":"layer-conforming","outcome":"accepted"}',
            "a second line",
        ),
        ("[" * 60_000, "line 1"),
        (" " * 70_000 + "1", "longer than"),
        ('{"id":"\udcff"}', "line 1"),
    ],
)
def test_results_that_cannot_be_read_are_named(line: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(line.encode(errors="surrogateescape"))
    with pytest.raises(VectorError, match=said):
        read_results(path, [case.id for case in CASES])


def test_written_vectors_are_read_again_and_what_is_left_over_is_removed(tmp_path: Path, vectors: Vectors) -> None:
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    (tmp_path / "blobs" / "sha256" / ("0" * 64)).write_bytes(b"of another version")
    write_vectors(vectors, tmp_path)
    assert read_vectors(tmp_path) == vectors


def test_a_changed_blob_is_refused(tmp_path: Path, vectors: Vectors) -> None:
    write_vectors(vectors, tmp_path)
    next((tmp_path / "blobs" / "sha256").iterdir()).write_bytes(b"changed")
    with pytest.raises(VectorError, match="not the content"):
        read_vectors(tmp_path)


def test_an_index_that_names_a_path_is_refused(tmp_path: Path, vectors: Vectors) -> None:
    case = CASES[0]
    given = msgspec.structs.replace(case.input, blobs=("sha256:../../../../etc/passwd",))
    index = msgspec.structs.replace(vectors.index, cases=(msgspec.structs.replace(case, input=given),))
    (tmp_path / "index.json").write_bytes(index_document(index))
    with pytest.raises(VectorError, match="is not a sha256 digest"):
        read_vectors(tmp_path)


def test_an_exported_image_is_a_layout_that_the_suite_reads(tmp_path: Path, vectors: Vectors) -> None:
    export_cases(vectors, tmp_path)
    assert len(list((tmp_path / "cases").iterdir())) == len(CASES)
    folder = tmp_path / "cases" / "image-conforming"
    assert json.loads((folder / "case.json").read_text())["expect"] == "accept"
    assert zcc("check", "--deep", "--no-panel", f"oci:{folder / 'layout'}").returncode == 0
    assert (tmp_path / "cases" / "layer-conforming" / "layer.zst").is_file()
    with pytest.raises(VectorError, match="not empty"):
        export_cases(vectors, tmp_path)


def test_the_command_judges_a_runner(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(right(case)) + b"\n" for case in CASES))
    run = zcc("vectors", "judge", str(path), "--junit", str(tmp_path / "junit.xml"))
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 0 wrong, 0 not decided" in run.stdout
    assert (tmp_path / "junit.xml").read_bytes().startswith(b"<?xml")
    html = tmp_path / "report.html"
    assert zcc("vectors", "judge", str(path), "--format", "html", "-o", str(html)).returncode == 0
    assert b"LAYER-001" in html.read_bytes()
    as_json = zcc("vectors", "judge", str(path), "--format", "json")
    assert {each["id"]: each["verdict"] for each in json.loads(as_json.stdout)["subjects"][0]["verdicts"]}[
        "TOC-004"
    ] == "pass"
    path.write_bytes(b"".join(msgspec.json.encode(CaseResult(case.id, "accepted")) + b"\n" for case in CASES))
    assert zcc("vectors", "judge", str(path)).returncode == 1
    path.write_bytes(b"nonsense")
    run = zcc("vectors", "judge", str(path))
    assert run.returncode == 2
    assert len(run.stderr.splitlines()) == 1


def test_the_command_builds_what_is_committed(tmp_path: Path) -> None:
    assert zcc("vectors", "build", str(tmp_path)).returncode == 0
    assert (tmp_path / "index.json").read_bytes() == (COMMITTED / "index.json").read_bytes()

"""The panel of real tar readers: who accepts what, as measured (the table in docs/format.md section 2)."""

import gzip
import io
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from conformance.cases.mutants import blob as mutants
from conformance.checks.artifact.sentinel_blob import rejected_by_strict_readers
from conformance.format.sentinel import canonical_sentinel
from conformance.format.tarheader import write_checksum
from conformance.observed.image import SentinelBlob
from conformance.readers import places
from conformance.readers import sentinel_tools as reader_tools
from conformance.readers.process import MAX_OUTPUT, run_on
from conformance.readers.sentinel_panel import read_with_panel, reader_names
from conformance.sources.errors import SourceError
from conformance.strategies.blobs import sentinel_blobs

PYTHON, PYTHON_LENIENT = "Python tarfile", "Python tarfile (ignore_zeros)"
GNU, BSD, BUSYBOX, CPIO, SEVEN_ZIP = "GNU tar", "bsdtar", "busybox tar", "cpio", "7-Zip"
PERL, NODE, NODE_LENIENT = "Perl Archive::Tar", "node tar (strict)", "node tar"
NODE_STREAM, GO = "node tar-stream", "Go archive/tar"
LENIENT = {PYTHON_LENIENT, NODE_LENIENT}


def tar(name: str = "evil") -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    return target.getvalue()


CANONICAL = canonical_sentinel()
ALL = set(reader_names())
# Who accepts what, strict and lenient. Seen with GNU tar 1.34, libarchive 3.6.2, busybox 1.35, cpio 2.13 (-H ustar),
# 7-Zip 26.02 (-ttar), Archive::Tar 2.40, tar 7.5, tar-stream 3.2, Go 1.26, Python 3.11.
TABLE = {
    "the reference sentinel": (CANONICAL, LENIENT),
    "zero-length": (b"", {BSD, PERL, NODE_STREAM, GO, NODE_LENIENT}),
    "512 zeros": (bytes(512), ALL - {SEVEN_ZIP, NODE}),
    "1024 zeros": (bytes(1024), ALL - {SEVEN_ZIP, NODE}),
    "bytes 0 and 345 NUL": (mutants.no_name_and_no_prefix(), {BUSYBOX} | LENIENT),
    "right checksum": (mutants.right_checksum(), {GNU, GO, PERL} | LENIENT),
    "right checksum after NUL": (mutants.right_checksum_after_nul(), {GNU, GO} | LENIENT),
    "right signed checksum": (mutants.right_signed_checksum(), {GNU, GO} | LENIENT),
    "right checksum in base-256": (mutants.right_checksum_in_base_256(), LENIENT),
    "sentinel followed by a tar": (CANONICAL + tar(), {CPIO, SEVEN_ZIP, PERL} | LENIENT),
    "sentinel, 5 bytes, a tar": (CANONICAL + b"12345" + tar(), {CPIO, SEVEN_ZIP, PERL} | LENIENT),
    "typed as directory": (mutants.typed_as_directory(), {PERL} | LENIENT),
    "typed as volume label": (mutants.typed_as_volume_label(), {PERL} | LENIENT),
    "named as directory": (mutants.named_as_directory(), {PERL} | LENIENT),
    "511 bytes": (CANONICAL[:511], {NODE_LENIENT}),
    "text of 12 bytes": (b"zstd:chunked", {NODE_LENIENT}),
    "ustar magic with bad checksum": (mutants.posix_magic(), LENIENT),
    "sentinel and a zero block": (mutants.ended_by_zero_block(), LENIENT),
    "zero block, then sentinel": (bytes(512) + CANONICAL, {GNU, BSD, CPIO, PYTHON} | LENIENT),
    "a tar": (tar(), ALL),
    "a tar with its checksum in base-256": (
        write_checksum(tar()[:512], "base-256") + tar()[512:],
        {BUSYBOX, NODE_STREAM, PYTHON} | LENIENT,
    ),
    "a tar in gzip": (gzip.compress(tar(), mtime=0), {GNU, BSD, PERL, NODE, NODE_LENIENT}),
}


def require_present(absent: set[str]) -> None:
    """Skip when readers are absent; in CI (ZCC_REQUIRE_TOOLS) an absent one is a failure."""
    if absent:
        reason = f"not on this machine: {', '.join(sorted(absent))}"
        assert not os.environ.get("ZCC_REQUIRE_TOOLS"), reason
        pytest.skip(reason)


@pytest.mark.parametrize("row", TABLE)
def test_which_readers_accept_a_blob(row: str) -> None:
    content, expected = TABLE[row]
    outcomes = read_with_panel(content)
    present = {outcome.reader for outcome in outcomes if not outcome.absent}
    accepted = {outcome.reader for outcome in outcomes if outcome.accepted}
    assert accepted == expected & present, f"{row}: other readers accept it than docs/format.md states"


@pytest.mark.parametrize("reader", sorted(ALL))
def test_reader_lists_a_valid_archive(reader: str) -> None:
    (outcome,) = read_with_panel(tar(), readers=[reader])
    require_present({reader} if outcome.absent else set())
    assert outcome.accepted
    assert outcome.entries == ("evil",)
    assert outcome.version
    assert outcome.lenient == (reader in LENIENT)
    assert outcome.evidence[0].exit_status == 0


@pytest.mark.parametrize("reader", sorted(ALL - LENIENT))
def test_strict_reader_rejects_the_canonical_sentinel_with_evidence(reader: str) -> None:
    (outcome,) = read_with_panel(CANONICAL, readers=[reader])
    require_present({reader} if outcome.absent else set())
    assert not outcome.accepted
    assert outcome.entries == ()
    assert outcome.evidence[0].exit_status not in (0, None)
    assert "blob" in " ".join(outcome.evidence[0].argv)


def test_no_strict_reader_of_the_panel_fails_the_canonical_sentinel() -> None:
    blob = SentinelBlob("blob", CANONICAL, read_with_panel(CANONICAL))
    assert {judgement.outcome for judgement in rejected_by_strict_readers(blob)} <= {"pass", "info"}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sentinel_blobs())
def test_conforming_blobs_are_rejected_by_every_strict_reader(content: bytes) -> None:
    accepting = [each.reader for each in read_with_panel(content) if each.accepted and not each.lenient]
    assert accepting == [], "the rules let through what a real reader accepts"


def test_unknown_reader_is_refused() -> None:
    with pytest.raises(ValueError, match="no such reader: tartar; known: Python tarfile"):
        read_with_panel(b"", readers=["tartar"])


def test_readers_that_are_not_here_are_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = {outcome.reader for outcome in read_with_panel(CANONICAL) if outcome.absent}
    assert absent == ALL - {PYTHON, PYTHON_LENIENT}


def test_reader_that_rejects_everything_counts_as_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "bsdtar"
    broken.write_text('#!/bin/sh\ntest "$1" = --version && echo bsdtar 9.9.9\n', "ascii")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    (outcome,) = read_with_panel(CANONICAL, readers=[BSD])
    assert outcome.absent, "a reader that cannot list a valid archive proves nothing by rejecting"
    assert outcome.evidence


def test_archive_that_points_back_into_itself_ends() -> None:
    block = bytearray(tar()[:512])
    block[124:136] = (-512 % 2**96).to_bytes(12, "big")  # size -512 in base-256
    read_with_panel(write_checksum(bytes(block)) * 2, readers=[PYTHON, PYTHON_LENIENT])


def test_program_is_stopped_at_its_time_out() -> None:
    begun = time.monotonic()
    ended = run_on(b"", (sys.executable, "-c", "while True: pass"), timeout=0.5)
    assert ended.status is None
    assert time.monotonic() - begun < 10


def test_children_that_keep_the_output_open_are_stopped_too() -> None:
    script = "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'while True: pass']).pid)"
    begun = time.monotonic()
    ended = run_on(b"", (sys.executable, "-c", script), timeout=2)
    assert time.monotonic() - begun < 10
    child = Path(f"/proc/{int(ended.stdout)}/stat")
    while _runs(child):
        assert time.monotonic() - begun < 30, "the child runs on"


def _runs(stat: Path) -> bool:
    """Whether a process is there and is not a zombie."""
    try:
        return ") Z " not in stat.read_text()
    except OSError:
        return False


def test_output_is_bounded() -> None:
    ended = run_on(b"", (sys.executable, "-c", "print('x' * 1000000)"), timeout=20)
    assert ended.status == 0
    assert len(ended.stdout) == MAX_OUTPUT


def test_program_sees_the_blob_and_a_home_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAR_OPTIONS", "--to-command=evil")
    script = "import os, sys; print(open(sys.argv[1]).read(), os.environ['HOME'] == os.getcwd(), *os.environ)"
    ended = run_on(b"content", (sys.executable, "-c", script, "{blob}"), timeout=20)
    content, own_home, *variables = ended.stdout.split()
    assert (content, own_home) == ("content", "True")
    assert "TAR_OPTIONS" not in variables


def test_program_that_cannot_be_started_states_this() -> None:
    ended = run_on(b"", ("/nonexistent/tar",), timeout=1)
    assert ended.status is None
    assert "could not be started" in ended.stderr


def test_node_readers_go_into_a_node_modules_only(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="a directory named node_modules, not 'elsewhere'"):
        reader_tools.install_node_readers(tmp_path / "elsewhere")


def test_node_modules_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ZCC_NODE_MODULES", str(tmp_path / "node_modules"))
    assert places.node_modules() == tmp_path / "node_modules"
    monkeypatch.delenv("ZCC_NODE_MODULES")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert places.node_modules() == tmp_path / "zcc" / "node_modules"


def test_module_lists_the_panel() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "conformance.readers"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode in (0, 1), ended.stderr
    names = [line.strip().partition(": ")[0] for line in ended.stdout.splitlines()]
    assert names[names.index("readers of sentinel blobs:") + 1 :] == list(reader_names())

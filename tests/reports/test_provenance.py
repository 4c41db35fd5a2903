"""A result states by content what was judged and by what, and a run of the suite what it was pointed at."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import msgspec

from conformance.audit.checking import CheckOptions, check_image, target_of
from conformance.reports.model import read_report
from conformance.reports.provenance import Identity, Provenance, Target, catalogue_digest, program_identity
from conformance.reports.publishing.results import trimmed
from tests.reports.samples import report

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "fixtures" / "golden" / "sentinel-single"


def test_the_digest_of_an_image_is_that_of_its_root_document() -> None:
    (entry,) = json.loads((GOLDEN / "index.json").read_bytes())["manifests"]
    subject = check_image(f"oci:{GOLDEN}", CheckOptions(use_panel=False))
    assert subject.identity == Identity("image", f"oci:{GOLDEN}", entry["digest"])


def test_the_digest_of_the_catalogue_is_that_of_its_file() -> None:
    raw = (ROOT / "conformance" / "requirements" / "requirements.toml").read_bytes()
    assert catalogue_digest() == f"sha256:{hashlib.sha256(raw).hexdigest()}"


def test_a_check_names_the_options_that_change_what_is_judged() -> None:
    target = target_of("oci:x", CheckOptions(deep=True, use_panel=False))
    assert target == Target("image", ("oci:x",), ("deep", "no-panel"))


def test_a_program_that_cannot_be_read_has_no_digest(tmp_path: Path) -> None:
    assert program_identity(tmp_path / "absent") is None
    (tmp_path / "tool").write_bytes(b"x")
    assert program_identity(tmp_path / "tool") == Identity(
        "program", "tool", f"sha256:{hashlib.sha256(b'x').hexdigest()}"
    )


def test_a_run_of_the_suite_says_what_it_was_pointed_at(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--report-dir", str(tmp_path)]
    image = f"golden image {GOLDEN.name}"
    subprocess.run(
        [*command, "--golden", "--pyargs", "conformance.suite", "-k", GOLDEN.name],
        check=False,
        capture_output=True,
        cwd=ROOT,
    )
    written = read_report((tmp_path / "results.json").read_bytes())
    assert written.provenance is not None
    assert written.provenance.catalogue == catalogue_digest()
    assert written.provenance.target == Target("registry", ("",), ("golden",), effort="quick")
    found = {subject.subject: subject.identity for subject in written.subjects}
    assert found[image] is not None
    assert found[image].digest.startswith("sha256:d52eea64")  # type: ignore[union-attr]


def test_published_results_name_no_place_of_this_machine() -> None:
    provenance = Provenance(catalogue_digest(), Target("image", ("oci:/home/me/layout",)))
    short = trimmed(msgspec.structs.replace(report(), provenance=provenance))
    assert short.provenance is not None
    assert short.provenance.target.names == ("oci:…/layout",)

"""The action, the template, the hooks and the container file: their form, and what they run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from conformance.cli import app
from conformance.images.golden import golden_directory
from tests.tools import need

ROOT = Path(__file__).parents[2]
GOLDEN = f"oci:{golden_directory('sentinel-single')}"
FILES = ("results.json", "report.html", "junit.xml", "results.sarif", "codequality.json", "summary.md")


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return found


def pipeline(directory: Path, mode: str, target: str, *options: str) -> "subprocess.CompletedProcess[str]":
    programs = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    settings = {"ZCC_MODE": mode, "ZCC_TARGET": target, "ZCC_OPTIONS": "\n".join(options), "ZCC_REPORTS": "out"}
    return subprocess.run(
        ["bash", str(ROOT / "tools/pipeline.sh")],
        cwd=directory,
        env={"PATH": programs, "HOME": str(directory), "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_pipeline_judges_an_image_and_writes_every_report(tmp_path: Path) -> None:
    run = pipeline(tmp_path, "image", GOLDEN, "--no-panel", "--require-sentinel")
    assert run.returncode == 0, run.stdout + run.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(FILES)
    issues = json.loads((tmp_path / "out/codequality.json").read_bytes())
    assert {issue["severity"] for issue in issues} == {"minor"}
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(issues[0])
    assert "conforms" in (tmp_path / "out/summary.md").read_text()


def test_a_pipeline_has_the_exit_status_of_the_verdict(tmp_path: Path) -> None:
    legacy = f"oci:{golden_directory('skopeo-1.9.3-plain')}"
    assert pipeline(tmp_path, "image", legacy, "--no-panel", "--require-sentinel").returncode == 1
    (tmp_path / "x").mkdir()
    gone = pipeline(tmp_path / "x", "image", "oci:/does/not/exist")
    assert gone.returncode == 2
    assert "exit status 2" in (tmp_path / "x/out/summary.md").read_text()
    assert pipeline(tmp_path, "other", "x").returncode == 2


def test_a_pipeline_judges_a_registry(tmp_path: Path) -> None:
    run = pipeline(tmp_path, "registry", "embedded", "-q", "-k", "REG-001 or REG-002")
    assert run.returncode == 0, run.stdout + run.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file()) == sorted(FILES)


def test_the_action_is_one() -> None:
    action = document("action.yml")
    assert {"name", "description", "inputs", "runs"} <= set(action)
    assert action["runs"]["using"] == "composite"
    named = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text()))
    assert named == set(action["inputs"])
    for step in action["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        assert "run" not in step or step["shell"] == "bash"
        # What a caller gives is never part of a script: it comes by the environment.
        assert "inputs." not in step.get("run", "") or "report-dir" in step["run"]


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ("github-actions", "action.yml"),
        ("github-workflows", "examples/pipelines/github.yml"),
        ("github-workflows", ".github/workflows/conformance.yml"),
        ("github-workflows", ".github/workflows/release.yml"),
        ("gitlab-ci", "examples/pipelines/gitlab.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/wrong-verdict.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/add-my-tool.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
    ],
)
def test_files_follow_the_published_schemas(schema: str, name: str, tmp_path: Path) -> None:
    """By the schemas of SchemaStore and GitLab that check-jsonschema has; an empty document is refused by each."""
    (tmp_path / "broken.yml").write_text("[]")
    for path, status in ((ROOT / name, 0), (tmp_path / "broken.yml", 1)):
        argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == status, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["examples/pipelines/github.yml", ".github/workflows/conformance.yml"])
def test_workflows_use_the_inputs_that_there_are(name: str) -> None:
    known = document("action.yml")["inputs"]
    used = 0
    for job in document(name)["jobs"].values():
        for step in job["steps"]:
            if step.get("uses") == "./":
                used += 1
                assert set(step["with"]) <= set(known)
                assert {key for key, value in known.items() if value.get("required")} <= set(step["with"])
    assert used


def test_the_release_publishes_by_trust_and_with_attestations() -> None:
    jobs = document(".github/workflows/release.yml")["jobs"]
    publish = jobs["publish"]
    assert publish["permissions"]["id-token"] == "write"
    uses = [step["uses"].partition("@")[0] for step in publish["steps"]]
    assert uses[-2:] == ["actions/attest-build-provenance", "pypa/gh-action-pypi-publish"]
    assert "secrets." not in (ROOT / ".github/workflows/release.yml").read_text()
    for step in jobs["build"]["steps"]:
        for script in re.findall(r"tools/\w+\.py", step.get("run", "")):
            assert (ROOT / script).is_file()


def test_the_template_of_gitlab() -> None:
    jobs = document("examples/pipelines/gitlab.yml")
    base = jobs[".zcc"]
    assert base["artifacts"]["reports"] == {
        "junit": "zcc-report/junit.xml",
        "codequality": "zcc-report/codequality.json",
    }
    assert base["script"] == ["bash tools/pipeline.sh"]
    assert {job["variables"]["ZCC_MODE"] for job in jobs.values() if "extends" in job} == {"image", "registry", "tool"}


@pytest.mark.parametrize("name", ["wrong-verdict.yml", "add-my-tool.yml"])
def test_the_forms_of_issues(name: str) -> None:
    form = document(f".github/ISSUE_TEMPLATE/{name}")
    assert {"name", "description", "body"} <= set(form)
    ids = [part["id"] for part in form["body"] if part["type"] != "markdown"]
    assert len(ids) == len(set(ids)) > 3


def test_the_hooks_run_commands_that_there_are() -> None:
    hooks: list[dict[str, str]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"] for hook in hooks} == {"zcc-layout", "zcc-adapter"}
    for hook in hooks:
        assert re.compile(hook["files"]).search("a/index.json") or re.compile(hook["files"]).search("a.adapter.toml")
        program, *words = hook["entry"].split()
        assert program == "zcc"
        assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_the_hook_judges_layouts(tmp_path: Path) -> None:
    shutil.copytree(golden_directory("sentinel-single"), tmp_path / "good")
    shutil.copytree(golden_directory("sentinel-single"), tmp_path / "bad")
    other = tmp_path / "index.json"
    other.write_text("{}")
    (tmp_path / "x.txt").touch()
    run = CliRunner().invoke(app, ["layouts", str(tmp_path / "good/index.json"), str(other), str(tmp_path / "x.txt")])
    assert run.exit_code == 0, run.output
    assert f"oci:{tmp_path / 'good'}: conforms" in run.output
    blobs = sorted((tmp_path / "bad/blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)
    blobs[-1].write_bytes(blobs[-1].read_bytes()[:-1] + b"y")
    run = CliRunner().invoke(app, ["layouts", str(tmp_path / "good/index.json"), str(tmp_path / "bad/index.json")])
    assert run.exit_code == 1, run.output
    absent = CliRunner().invoke(app, ["layouts", str(tmp_path / "absent/index.json")])
    assert absent.exit_code == 2
    assert "no such file" in absent.output
    (tmp_path / "bad/index.json").write_text("[]")
    assert CliRunner().invoke(app, ["layouts", str(tmp_path / "bad/index.json")]).exit_code == 2


@pytest.mark.large_tool
def test_the_container_image_is_built() -> None:
    """Where buildah runs and a base image is given (ZCC_BASE_IMAGE): it downloads half of Debian."""
    base = os.environ.get("ZCC_BASE_IMAGE", "")
    need(shutil.which("buildah") is not None and bool(base), "buildah with a base image (ZCC_BASE_IMAGE)")
    argv = ("buildah", "build", "--isolation=chroot", "--build-arg", f"BASE={base}", "-t", "zcc-test")
    done = subprocess.run(
        [*argv, "-f", "Containerfile", "."], cwd=ROOT, capture_output=True, text=True, timeout=3000, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_container_file_names_what_ci_installs() -> None:
    """The readers of .ci/run and those of the image are the same packages, of two releases of Debian."""
    text = (ROOT / "Containerfile").read_text()
    for package in ("libarchive-tools", "busybox-static", "cpio", "7zip", "perl", "golang-go", "cargo", "maven"):
        assert package in text
        assert package.replace("7zip", "p7zip-full") in (ROOT / ".ci/run").read_text()

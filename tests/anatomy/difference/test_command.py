"""``zcc diff`` as a user types it: exit status as of diff, one line for what cannot be compared."""

import json
from pathlib import Path

import pytest

from conformance.images.golden import golden_directory
from tests.building.trees import make_tree
from tests.commands.test_cli import GOLDEN, zcc

LEGACY = f"oci:{golden_directory('skopeo-1.9.3-plain')}"


def test_the_readings_of_a_conforming_image_agree() -> None:
    run = zcc("diff", GOLDEN)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("--- the TOC\n+++ the tar\n")
    assert run.stdout.endswith("85 entries the same\nno difference\n")


def test_two_images() -> None:
    run = zcc("diff", GOLDEN, LEGACY)
    assert run.returncode == 1, run.stderr
    assert "linux/amd64: config: the same" in run.stdout
    assert "linux/amd64: files: 704 entries the same" in run.stdout
    assert "      size 1504449 → 1504500" in run.stdout
    assert zcc("diff", "--files", GOLDEN, LEGACY).returncode == 0


def test_two_builds_of_a_tree_that_changed(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    tree = make_tree(tmp_path / "tree")
    layout = tmp_path / "layout"
    assert zcc("build", str(tree), "-o", f"oci:{layout}:a").returncode == 0
    assert zcc("build", str(tree), "-o", f"oci:{layout}:c", "--compression", "gzip").returncode == 0
    (tree / "etc/os-release").chmod(0o4755)
    (tree / "etc/new").touch()
    assert zcc("build", str(tree), "-o", f"oci:{layout}:b").returncode == 0
    run = zcc("diff", "--files", f"oci:{layout}:a", f"oci:{layout}:b")
    assert run.returncode == 1
    assert "  M etc/os-release  mode 0644 → 4755" in run.stdout
    assert "  A etc/new  reg 0644" in run.stdout
    assert zcc("diff", "--files", f"oci:{layout}:a", f"oci:{layout}:c").returncode == 0
    document = json.loads(zcc("diff", "--json", f"oci:{layout}:a", f"oci:{layout}:b").stdout)
    assert (document["schema"], document["same"]) == ("zcc-diff/1", False)
    files = document["sections"][-1]["changes"]
    assert {
        "mark": "M",
        "name": "etc/os-release",
        "about": "",
        "fields": [{"field": "mode", "first": "0644", "second": "4755"}],
    } in files


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["oci:/does/not/exist"], "no such directory"),
        ([GOLDEN, "oci:/does/not/exist"], "no such directory"),
        ([GOLDEN, "--files"], "are for two images"),
        ([GOLDEN, LEGACY, "--platform", "x"], "is not os/architecture"),
        ([GOLDEN, LEGACY, "--platform", "linux/s390x"], "no manifest for linux/s390x"),
        ([GOLDEN, "127.0.0.1:1/app:1"], "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_exit_2(arguments: list[str], message: str) -> None:
    run = zcc("diff", *arguments)
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert not run.stdout

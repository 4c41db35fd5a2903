"""``zcc inspect`` as a user types it."""

import json
from pathlib import Path

import pytest

from tests.commands.test_cli import GOLDEN, zcc


def test_the_tree() -> None:
    run = zcc("inspect", GOLDEN)
    assert run.returncode == 0, run.stderr
    for line in (
        "linux/amd64: clients that know the sentinel pull [1], those that prefer zstd [0]",
        "1209 frames, windows of 1024 bytes to 8.0 MiB (8388608 bytes), 1206 with checksum",
        "version 1, 85 entries: 69 reg, 11 dir, 3 symlink, 1 hardlink, 1 fifo",
        "footer  at 1276494, current form, 64 bytes",
        "footer and annotations agree",
        '"NOTTAR"',
        "the same as manifests[0] layer 1",
    ):
        assert line in run.stdout


def test_json_says_the_same_as_the_tree() -> None:
    document = json.loads(zcc("inspect", "--json", GOLDEN).stdout)
    layer = document["manifests"][0]["layers"][1]
    assert document["schema"] == "zcc-anatomy/1"
    assert layer["footer"] == {
        "form": "current",
        "offset": 1276494,
        "toc": {"offset": 1266514, "compressed": 5612, "uncompressed": 22648, "type": 1},
        "tar_split": {"offset": 1272134, "compressed": 4360, "uncompressed": 117344},
    }
    assert layer["frames"]["listed"] == {"first": [], "more": 171}


def test_a_picture_is_written(tmp_path: Path) -> None:
    target = tmp_path / "anatomy.svg"
    run = zcc("inspect", "--svg", str(target), GOLDEN)
    assert (run.returncode, run.stdout) == (0, "")
    assert target.read_text("utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["oci:/does/not/exist"], "no such directory"),
        ([GOLDEN, "--platform", "linux"], "is not os/architecture[/variant]"),
        ([GOLDEN, "--platform", "linux/s390x"], "no manifest for linux/s390x"),
        ([GOLDEN, "--layer", "7"], "no manifest has a layer 7"),
        ([GOLDEN, "--svg", "/does/not/exist/a.svg"], "No such file or directory"),
        (["127.0.0.1:1/app:1"], "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_shown_is_one_line_and_exit_2(arguments: list[str], message: str) -> None:
    run = zcc("inspect", *arguments)
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert not run.stdout

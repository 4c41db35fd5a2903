"""The state file, and what is derived from it."""

import csv
import io
import json
from contextlib import chdir
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from conformance.audit.export import COLUMNS
from conformance.audit.state import State, StateError
from conformance.cli import app
from conformance.images.golden import golden_directory

GOLDEN = f"oci:{golden_directory('sentinel-single')}"


def zcc(*arguments: str, directory: Path) -> Result:
    with chdir(directory):
        return CliRunner().invoke(app, ["audit", *arguments])


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the state of an audit of three images, one of which is missing."""
    place = tmp_path_factory.mktemp("audit")
    (place / "images.txt").write_text(f"# images\n{GOLDEN}\n\noci:/nowhere\n=SUM(1)\n")
    run = zcc("--from", "images.txt", "--no-panel", "--state", "audit.sqlite", directory=place)
    assert run.exit_code == 8, run.stderr
    assert "3 images, 1 judged (1 different), 2 could not be judged" in run.stdout
    return place


def show(place: Path, *arguments: str) -> str:
    run = zcc("show", "--state", "audit.sqlite", *arguments, directory=place)
    assert run.exit_code == 0, run.stderr
    return run.stdout


def test_csv_has_a_row_for_each_image(place: Path) -> None:
    rows = list(csv.reader(io.StringIO(show(place, "--format", "csv"))))
    assert tuple(rows[0]) == COLUMNS
    assert [row[0] for row in rows[1:]] == [GOLDEN, "oci:/nowhere", "'=SUM(1)"]
    assert rows[1][2] == "conforms"
    assert "no such directory" in rows[2][-1]


def test_json_lines_have_the_findings(place: Path) -> None:
    first, second, _ = (json.loads(line) for line in show(place, "--format", "jsonl").splitlines())
    found = {finding["requirement"] for finding in first["verdict"]["findings"]}
    assert {"SENT-CONFIG-004", "SENT-MANIFEST-006"} <= found
    assert second["verdict"] is None


def test_queries(place: Path) -> None:
    assert "SENT-CONFIG-004" in show(place, "--image", GOLDEN)
    assert GOLDEN in show(place, "--requirement", "SENT-CONFIG-004")
    digest = json.loads(show(place, "--format", "jsonl").splitlines()[0])["verdict"]["layers"][0]["digest"]
    assert show(place, "--layer", digest).strip() == f"{GOLDEN}: conforms"
    assert zcc("show", "--state", "audit.sqlite", "--image", "other", directory=place).exit_code == 2


def test_a_summary_in_every_form(place: Path) -> None:
    assert json.loads(show(place, "--format", "json"))["judged"] == 1
    assert show(place, "--format", "markdown").startswith("# Audit of ")
    assert "2 could not be judged" in show(place)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Usage"),
        (("run",), "name a registry"),
        (("--from", "absent.txt"), "absent.txt: No such file"),
        (("show", "--state", "absent.sqlite"), "no such file"),
        (("oci:x", "--state", "no/such/directory/x.sqlite"), "No such file"),
        (("show", "--image", "a", "--layer", "b"), "choose one of"),
    ],
)
def test_wrong_use_is_exit_2(arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    run = zcc(*arguments, directory=tmp_path)
    assert run.exit_code == 2
    assert words in run.stdout + run.stderr
    assert run.exception is None or isinstance(run.exception, SystemExit)


def test_a_file_that_is_no_state_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("hello " * 1000)
    with pytest.raises(StateError, match="not a database"), State.open(text):
        pass
    newer = tmp_path / "newer"
    with State.open(newer) as state:
        state.rows("PRAGMA user_version = 99")
    with pytest.raises(StateError, match="version 99"), State.open(newer):
        pass


def test_one_audit_writes_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "state"
    with State.open(path), pytest.raises(StateError, match="another audit"), State.open(path):
        pass

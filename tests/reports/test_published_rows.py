"""The rows of docs/results.md, printed from published results."""

from pathlib import Path

import pytest

from conformance.reports.publishing.rows import main

ROOT = Path(__file__).parents[2]


def test_rows_are_printed_as_the_page_has_them(capsys: pytest.CaptureFixture[str]) -> None:
    directory = next((ROOT / "reports" / "published").glob("stargz-*"))
    assert main([str(directory)]) == 0
    printed = capsys.readouterr().out.splitlines()
    page = (ROOT / "docs" / "results.md").read_text("utf-8").splitlines()
    assert len(printed) == 2
    assert set(printed) <= set(page)


def test_a_directory_without_results_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "No such file" in capsys.readouterr().err

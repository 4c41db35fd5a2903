"""Figures of pages that change with the catalogue: judged again, and compared."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from conformance.audit.checking import CheckOptions, check_image
from conformance.reports.model import SubjectReport
from conformance.reports.verdict_line import verdict_line

ROOT: Final = Path(__file__).parents[2]
GOLDEN: Final = "fixtures/golden/sentinel-single"


@pytest.fixture(scope="module", params=[False, True], ids=["shallow", "deep"])
def judged(request: pytest.FixtureRequest) -> tuple[bool, SubjectReport]:
    deep: bool = request.param
    return deep, check_image(f"oci:{ROOT / GOLDEN}", CheckOptions(deep=deep))


def test_the_lines_of_a_profile_in_the_pages_have_the_counts(judged: tuple[bool, SubjectReport]) -> None:
    deep, report = judged
    line = verdict_line(report)
    counts = re.search(r"conforms to profile pair: .* MUST decided(, \d+ need --deep)?", line)
    assert counts is not None, line
    pages = ["docs/verdicts.md", *(["README.md"] if deep else [])]
    assert [page for page in pages if counts[0] not in (ROOT / page).read_text("utf-8")] == []


def test_the_row_of_the_golden_image_has_the_counts(judged: tuple[bool, SubjectReport]) -> None:
    deep, report = judged
    if not deep:
        pytest.skip("the row is of a deep check")
    counted = Counter((result.level, result.verdict) for result in report.verdicts)
    musts, shoulds = (
        f"{counted[level, 'pass']} of {counted[level, 'pass'] + counted[level, 'fail']}" for level in ("MUST", "SHOULD")
    )
    row = f"| golden `sentinel-single` (skopeo with PR 681), deep | {musts} | {shoulds} |"
    assert row in (ROOT / "README.md").read_text("utf-8")

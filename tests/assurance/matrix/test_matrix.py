"""The kill matrix: what is published covers every mutant, variant and requirement; a gap or a false row is named."""

import json
from pathlib import Path

import msgspec
import pytest

from conformance.assurance.matrix.judging import failing, judge_drafted, judge_sentinel
from conformance.assurance.matrix.model import Matrix, Row, broken_rows, gaps, problems
from conformance.assurance.matrix.page import page_lines
from conformance.assurance.matrix.run import freedoms, makers, matrix_of, run
from conformance.cases import variants
from conformance.cases.mutants import all_mutants
from conformance.requirements import broken_by, find_variants, freedom_of, load_catalogue, name_of
from tests.commands.test_cli import zcc

ROOT = Path(__file__).parents[3]
PUBLISHED = msgspec.json.decode((ROOT / "reports" / "published" / "mutants.json").read_bytes(), type=Matrix)
AGAIN = "run nox -s mutants"


def test_no_requirement_is_without_a_kill_and_no_freedom_without_a_variant() -> None:
    """By what the mutants and variants state about themselves; their own tests, and the matrix, judge each of them."""
    declared = [
        *(Row(name_of(mutant), "mutant", "artifact", broken_by(mutant), broken_by(mutant)) for mutant in all_mutants()),
        *(
            Row(name_of(choice), "variant", "artifact", freedom_of(choice).warns, touched=freedom_of(choice).ids)
            for choice in find_variants(variants)
        ),
    ]
    assert list(gaps(matrix_of(declared), freedoms())) == []


def test_every_row_of_the_published_matrix_is_as_declared_then() -> None:
    assert problems(PUBLISHED, ()) == ()


def test_the_published_matrix_states_what_it_left_out_and_is_not_of_long_ago() -> None:
    """Of the current mutants and variants nine of ten at least were judged in it, or are counted as left."""
    rows, now = {row.name for row in PUBLISHED.rows}, {name_of(maker) for maker in makers()}
    assert len(now & rows) + sum(PUBLISHED.left.values()) >= 0.9 * len(now), AGAIN
    assert len(rows) > 700


def test_of_a_part_nothing_is_said_of_what_it_lacks() -> None:
    assert problems(Matrix("", ("X-001",), (), left={"registry": 3}), ()) == ()
    assert problems(Matrix("", ("X-001",), ()), ()) == ("X-001: no mutant kills it",)


def test_the_page_is_the_one_of_the_published_matrix() -> None:
    assert (ROOT / "docs" / "mutants.md").read_text("utf-8") == "\n".join(page_lines(PUBLISHED)) + "\n", AGAIN


def test_what_may_be_done_otherwise_grants_a_freedom() -> None:
    granted = set(freedoms())
    assert {each.id for each in load_catalogue().requirements if each.level == "MAY"} - granted == {"FOOTER-006"}
    assert "SENT-MANIFEST-011" in granted


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row("m.a", "mutant", "artifact", ("X-001",), ()), "m.a: expected to fail: X-001; failed: nothing"),
        (Row("m.b", "mutant", "artifact", ("X-001",), ("X-001", "X-002")), "failed: X-001, X-002"),
        (Row("v.c", "variant", "artifact", (), ("X-001",), ("X-001",)), "expected to fail: nothing; failed: X-001"),
        (Row("v.d", "variant", "artifact", (), (), ("X-001",), ("X-003",)), "not decided: X-003"),
    ],
)
def test_a_row_that_does_not_hold_is_named(row: Row, said: str) -> None:
    (found,) = broken_rows(Matrix("", (), (row,)))
    assert said in found


def test_a_requirement_that_only_fails_beside_another_has_no_kill() -> None:
    row = Row("m.a", "mutant", "artifact", ("X-001", "X-002"), ("X-001", "X-002"))
    matrix = Matrix("", ("X-001", "X-002", "X-003"), (row,))
    assert list(gaps(matrix, ("X-002",))) == [
        "X-002: no mutant kills it",
        "X-003: no mutant kills it",
        "X-002: it permits a choice, and no variant makes one",
    ]
    assert [len(matrix.failed_on(name)) for name in matrix.judged] == [1, 1, 0]


def test_a_blob_and_an_image_without_defect_fail_nothing() -> None:
    assert not failing(judge_sentinel())
    maker = next(maker for maker in makers(["artifact"]) if hasattr(maker, "__varies__"))
    assert set(failing(judge_drafted(maker()))) == set(freedom_of(maker).warns)


@pytest.mark.parametrize("requirement_id", ["SENT-PULL-001", "SENT-STRIP-017"])
def test_what_is_judged_now_holds(requirement_id: str) -> None:
    """Of a client and of a copier, a mutant and a variant each; tests/trials/test_variants.py judges all variants."""
    matrix = matrix_of(run(makers(ids=[requirement_id])))
    assert matrix.rows
    assert list(broken_rows(matrix)) == []


def test_the_command_judges_what_is_about_an_id_and_refuses_half_a_page(tmp_path: Path) -> None:
    done = zcc("mutants", "ANNOT-005")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "have the expected verdicts" in done.stdout
    assert zcc("mutants", "ANNOT-005", "-o", str(tmp_path / "matrix.json")).returncode == 2
    assert zcc("mutants", "NONE-001").returncode == 2
    assert zcc("mutants", "--part", "kitchen").returncode == 2


def test_the_file_is_plain_json() -> None:
    document = json.loads((ROOT / "reports" / "published" / "mutants.json").read_bytes())
    assert document["schema"] == "zcc-matrix/1"
    assert [(row["kind"], row["part"], row["name"]) for row in document["rows"]] == sorted(
        (row["kind"], row["part"], row["name"]) for row in document["rows"]
    )

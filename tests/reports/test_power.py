"""The statement of power: examples, shapes, seeds, and the bound on the failure rate that follows from 0 of n."""

import json
from pathlib import Path
from random import Random

import pytest

from conformance.commands.report_forms import render
from conformance.format.digest import Digest
from conformance.images.trees import Node
from conformance.reports.certification import CertificationReport, encode, tool_result
from conformance.reports.certification_page import certification_page
from conformance.reports.power import failure_bound, percent, power_lines, power_texts, tried
from conformance.requirements import load_catalogue
from conformance.strategies.shapes import Tally, shape
from tests.reports.samples import report


@pytest.mark.parametrize(
    ("examples", "bound"),
    # Clopper-Pearson, one-sided, 95 %: scipy.stats.beta.ppf(0.95, 1, n).
    [(1, 0.95), (2, 0.776393), (10, 0.258866), (25, 0.112928), (59, 0.049508), (500, 0.005974), (2000, 0.001497)],
)
def test_the_bound_is_the_exact_one_for_none_of_n(examples: int, bound: float) -> None:
    assert failure_bound(examples) == pytest.approx(bound, abs=2e-6)
    if examples >= 30:
        assert failure_bound(examples) == pytest.approx(3 / examples, rel=0.03)


def test_a_rate_at_the_bound_shows_no_failure_in_one_run_of_twenty() -> None:
    rate, random = failure_bound(25), Random(0)
    clean = sum(all(random.random() >= rate for _ in range(25)) for _ in range(20_000))
    assert clean / 20_000 == pytest.approx(0.05, abs=0.006)


def test_no_bound_without_an_example_or_after_a_failure() -> None:
    with pytest.raises(ValueError, match="0"):
        failure_bound(0)
    assert tried("it holds", 0).bound is None
    assert tried("it holds", 7, failed=True).bound is None


def test_percents_are_rounded_up() -> None:
    assert [percent(rate) for rate in (0.95, 0.112928, 0.0495, 0.00597)] == ["95 %", "12 %", "5 %", "0.6 %"]


def test_lines_name_subjects_first_and_say_how_a_bound_is_read() -> None:
    lines = list(
        power_lines(
            [
                tried("a rule", 25, requirement="SENT-BLOB-001"),
                tried("a rule", 24, requirement="SENT-BLOB-002"),
                tried("a failure", 3, failed=True),
                tried("any sequence agrees", 8, requirement="REG-020", subject="a registry", seed="0"),
            ]
        )
    )
    assert "that were tried" in lines[0]
    assert " ".join(lines[1].split()) == "8 examples, fails < 32 %: REG-020 any sequence agrees"
    assert "control" in lines[2]
    assert " ".join(lines[3].split()) == "24 examples for each of 2 requirements, fails < 12 %: a rule"
    assert " ".join(lines[4].split()) == "3 examples, the last one fails: a failure"
    assert "95 %" in lines[5]
    assert lines[6] == "  (seed 0; the shapes of the examples: `power` in results.json, and report.html)"
    assert len(lines) == 7


@pytest.mark.parametrize(
    ("seeds", "words"),
    [
        ((), ""),
        (("",), "  (no seed: the examples are the same in every run; the shapes "),
        (("7", "", "7"), "  (seed 7; the shapes "),
        (("9", "7"), "  (seeds 9, 7; the shapes "),
        (("1", "2", "3", "4"), "  (seeds 1, 2, 3, 4; the shapes "),
        (("1", "2", "3", "4", "5"), "  (5 seeds, in results.json; the shapes "),
    ],
)
def test_the_last_line_has_the_seeds(seeds: tuple[str, ...], words: str) -> None:
    lines = list(power_lines([tried("it holds", 3, seed=seed) for seed in seeds]))
    assert bool(lines) == bool(seeds)
    assert not seeds or lines[-1].startswith(words)


def test_shapes_are_counted() -> None:
    tally = Tally("trees")
    for tree in ((), (Node("a"),), (Node("a"), Node("b", "symlink", link_name="a"))):
        tally.count([tree, str(Digest.of(b""))])
    tally.count_requests(12)
    assert tally.examples == 4
    assert dict(tally.shapes) == {
        "0 nodes": 1,
        "1 node": 1,
        "2 to 3 nodes, with links or others": 1,
        "11 to 30 requests": 1,
    }
    assert [shape(bytes(size)) for size in (0, 512, 513, 10**6)] == [
        "empty",
        "512 bytes at most",
        "4 KiB at most",
        "more than 64 KiB",
    ]


def test_every_published_bound_follows_from_its_examples() -> None:
    for path in (Path(__file__).parents[2] / "reports" / "published").rglob("results.json"):
        for each in json.loads(path.read_bytes()).get("power", []):
            assert each.get("bound") is None or each["bound"] == failure_bound(each["examples"])


def test_every_form_states_examples_shapes_seed_and_bound() -> None:
    for form in ("json", "html", "junit", "sarif", "markdown"):
        text = render(form, report(), load_catalogue()).decode()
        text = text.replace("\\", "")
        for said in ("REG-020", "25", "12 %", "other bytes: 3", "7") if form != "json" else ('"bound": 0.112928',):
            assert said in text, (form, said)


def test_a_line_of_one_property_has_all_of_it() -> None:
    tree = tried(
        "it holds", 40, requirement="REG-020", subject="a registry", shapes={"1 node": 25, "empty": 15}, seed="3"
    )
    control = tried("a rule", 2)
    assert list(power_texts([control, tree])) == [
        "a registry: 40 examples, fails < 7.3 %: REG-020 it holds; shapes: 1 node: 25, empty: 15; seed 3",
        "the suite's own checks: 2 examples, fails < 78 %: a rule",
    ]


def test_a_certification_report_states_what_was_tried_on_each_tool() -> None:
    judged = tool_result("tool", report())
    assert judged.power == report().power
    made = CertificationReport((judged,), (), report().started, 1.0)
    assert json.loads(encode(made))["tools"][0]["power"][0]["examples"] == 25
    page = certification_page(made)
    (section,) = [section for section in page.sections if section.anchor == "power"]
    assert "25 examples, fails < 12 %" in repr(section)
    assert not certification_page(CertificationReport((), (), report().started, 1.0)).sections

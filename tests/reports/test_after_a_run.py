"""Results beside each other, results as one, and results judged again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from conformance import checks
from conformance.reports.comparison import compare
from conformance.reports.comparison_page import comparison_page
from conformance.reports.html import render_page
from conformance.reports.merging import MergeError, merge_reports
from conformance.reports.model import Report, encode, read_report, run_report, subject_report
from conformance.reports.page_forms import render_page_markdown
from conformance.reports.provenance import Identity, Provenance, Target
from conformance.reports.replay import replayed
from conformance.requirements import Profile, Role, find_checks, ids_of, load_catalogue
from conformance.results import Judgement, RequirementResult, conclude, failed, not_run, passed
from tests.reports.samples import HOSTILE, report
from tests.reports.signing import IMAGE, report_on, write_results, zcc

CATALOGUE = load_catalogue()
ONE = Identity("image", "app", f"sha256:{'1' * 64}")
TWO = Identity("image", "app", f"sha256:{'2' * 64}")


def broken(message: str = "It is wrong.") -> Judgement:
    return failed(message, where="here", expected="a", found="b")


def run_of(
    judged: Mapping[str, Judgement | None],
    *,
    subject: str = "app",
    role: Role = "artifact",
    partial: bool = False,
    identity: Identity | None = ONE,
    profiles: tuple[Profile, ...] = (),
    claimed: tuple[Profile, ...] = (),
    catalogue: str = "sha256:0",
) -> Report:
    results = tuple(conclude(CATALOGUE[name], [each] if each else []) for name, each in judged.items())
    one = subject_report(subject, (role,), results, profiles=profiles, identity=identity)
    provenance = Provenance(catalogue, Target("image", ("app",), profiles=claimed))
    return run_report(
        (one,), started=report().started, elapsed=1.0, revision="pr681", partial=partial, provenance=provenance
    )


OK = passed("here")


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (OK, broken(), "new-failure"),
        (None, broken(), "new-failure"),
        (OK, not_run("The tool hung."), "undecided"),
        (broken(), not_run("The tool hung."), "undecided"),
        (broken(), OK, "mended"),
        (broken("It is wrong."), broken("It is wrong otherwise."), "evidence"),
        (OK, None, "verdict"),
    ],
)
def test_a_change_is_of_one_kind(before: Judgement | None, after: Judgement | None, kind: str) -> None:
    old, new = run_of({"TOC-001": before}), run_of({"TOC-001": after})
    (change,) = compare(old, new).changes
    assert change.kind == kind


def test_what_is_the_same_is_no_change() -> None:
    assert compare(report(), report()).changes == ()


def test_requirements_on_one_side_only_are_reported() -> None:
    old, new = run_of({"TOC-001": OK, "TOC-002": OK}), run_of({"TOC-002": OK, "TOC-003": OK})
    assert {change.id: change.kind for change in compare(old, new).changes} == {
        "TOC-001": "removed",
        "TOC-003": "added",
    }
    part = msgspec.structs.replace(new, partial=True)
    assert compare(old, part).changes == (), "what was not selected is not a change"


def test_the_next_version_of_a_tool_is_compared_with_the_last() -> None:
    old = run_of({"TOC-001": OK}, subject="tool 1 (adapter tool)", role="producer")
    new = run_of({"TOC-001": broken()}, subject="tool 2 (adapter tool)", role="producer")
    compared = compare(old, new)
    assert compared.named_otherwise == (("tool 1 (adapter tool)", "tool 2 (adapter tool)"),)
    assert compared.is_worse


def test_missing_targets_are_a_loss_and_another_catalogue_is_reported() -> None:
    old = run_of({"TOC-001": OK})
    gone = msgspec.structs.replace(old, subjects=())
    assert compare(old, gone).lost
    assert not compare(gone, old).lost
    assert compare(old, run_of({"TOC-001": OK}, catalogue="sha256:9")).catalogue


def write(directory: Path, name: str, whole: Report) -> Path:
    path = directory / name
    path.write_bytes(encode(whole))
    return path


@pytest.mark.parametrize(
    ("name", "after", "status"),
    [
        ("TOC-001", OK, 0),
        ("TOC-001", broken(), 1),
        ("TOC-001", not_run("The tool hung."), 8),
        ("SENT-CONFIG-004", broken(), 0),
    ],
)
def test_compare_ends_with_a_status_for_pipelines(tmp_path: Path, name: str, after: Judgement, status: int) -> None:
    old, new = (write(tmp_path, f"{number}.json", run_of({name: each})) for number, each in enumerate((OK, after)))
    run = zcc("report", "compare", old, new)
    assert run.exit_code == status, run.output
    out = zcc("report", "compare", old, new, "--format", "json", "--output", tmp_path / "c.json")
    assert out.exit_code == status
    assert json.loads((tmp_path / "c.json").read_bytes())["compared"] == 1


def test_hostile_text_is_inert_in_pages() -> None:
    old, new = run_of({"TOC-001": OK}), run_of({"TOC-001": broken(HOSTILE)}, subject="app")
    page = comparison_page(compare(old, new), old, new, CATALOGUE)
    html, markdown = render_page(page).decode(), render_page_markdown(page).decode()
    assert "<script" not in html
    assert "<img" not in html
    assert "\x1b" not in html + markdown
    rendered = MarkdownIt("commonmark").enable("table").render(markdown)
    assert "<table>" in rendered
    assert "<img" not in rendered
    assert "<script" not in rendered


def test_a_page_has_a_part_for_each_kind_of_change() -> None:
    old, new = run_of({"TOC-001": OK, "TOC-002": broken()}), run_of({"TOC-001": broken(), "TOC-002": OK})
    page = comparison_page(compare(old, new), old, new, CATALOGUE)
    assert [section.anchor for section in page.sections] == ["new-failure", "mended"]


def test_roles_and_machines_are_one_result() -> None:
    parts = [
        ("a.json", run_of({"TOC-001": OK}, subject="tool", role="producer")),
        ("b.json", run_of({"SENT-STRIP-001": OK}, subject="tool", role="copier")),
        ("c.json", run_of({"SENT-STRIP-001": broken()}, subject="tool", role="copier")),
    ]
    merged = merge_reports(parts)
    by_role = {subject.roles[0]: subject for subject in merged.subjects}
    assert set(by_role) == {"producer", "copier"}
    (result,) = by_role["copier"].verdicts
    assert result.verdict == "fail", "the graver verdict"
    assert by_role["copier"].notes == ("SENT-STRIP-001 has different verdicts: pass in b.json, fail in c.json",)
    assert merged.ending == "does-not-conform"


def test_shards_are_whole_when_nothing_is_missing() -> None:
    bound = find_checks(checks)
    owed = sorted(name for name in ids_of("layer") if name in bound)
    shards: list[tuple[str, Report]] = [
        (f"{number}.json", run_of(dict.fromkeys(owed[number::2], OK), partial=True, claimed=("layer",)))
        for number in range(2)
    ]
    merged = merge_reports(shards)
    assert not merged.partial
    assert [(claim.profile, claim.ending) for claim in merged.subjects[0].claims] == [("layer", "conforms")]
    (name, short), other = shards[0], shards[1]
    less = msgspec.structs.replace(short.subjects[0], verdicts=short.subjects[0].verdicts[1:])
    assert merge_reports([(name, msgspec.structs.replace(short, subjects=(less,))), other]).partial


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"catalogue": "sha256:9"}, "a and b: another catalogue"),
        ({"identity": TWO}, "a and b: app is not the same: sha256:1"),
    ],
)
def test_what_does_not_belong_together_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MergeError, match=message):
        merge_reports([("a", run_of({"TOC-001": OK})), ("b", run_of({"TOC-002": OK}, **change))])


def test_another_version_and_a_single_result_are_refused(tmp_path: Path) -> None:
    one = run_of({"TOC-001": OK})
    other = msgspec.structs.replace(one, tool=msgspec.structs.replace(one.tool, version="0.0.1"))
    with pytest.raises(MergeError, match="another version"):
        merge_reports([("a", one), ("b", other)])
    run = zcc("report", "merge", write(tmp_path, "a.json", one))
    assert (run.exit_code, "give at least two" in run.output) == (2, True)


def outcomes(before: RequirementResult | Judgement | None, after: Judgement | None) -> tuple[str, int]:
    assert not isinstance(before, RequirementResult)
    replay = replayed(run_of({"TOC-001": before}), run_of({"TOC-001": after}))
    (claim,) = replay.claims
    return claim.outcome, replay.exit_status


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (OK, OK, ("reproduced", 0)),
        (broken(), broken(), ("reproduced", 0)),
        (broken("This."), broken("That."), ("differs", 1)),
        (OK, broken(), ("differs", 1)),
        (broken(), OK, ("differs", 1)),
        (OK, not_run("The tool hung."), ("cannot be run again", 8)),
    ],
)
def test_a_claim_is_reproduced_or_not(before: Judgement, after: Judgement, expected: tuple[str, int]) -> None:
    assert outcomes(before, after) == expected


def test_another_image_under_the_name_is_no_replay() -> None:
    replay = replayed(run_of({"TOC-001": OK}), run_of({"TOC-001": broken()}, identity=TWO))
    (claim,) = replay.claims
    assert claim.outcome == "cannot be run again"
    assert claim.why.startswith("the image has changed: sha256:2")


def test_a_check_is_replayed_and_a_made_up_verdict_is_found(tmp_path: Path) -> None:
    results = write_results(tmp_path)
    run = zcc("report", "replay", results)
    assert run.exit_code == 0, run.output
    assert "verdicts reproduced" in run.output
    whole = read_report(results.read_bytes())
    (subject,) = whole.subjects
    verdicts = tuple(
        msgspec.structs.replace(each, verdict="pass", findings=()) if each.verdict == "fail" else each
        for each in subject.verdicts
    )
    forged = msgspec.structs.replace(whole, subjects=(msgspec.structs.replace(subject, verdicts=verdicts),))
    run = zcc("report", "replay", write_results(tmp_path, forged))
    assert run.exit_code == 1, run.output
    assert "2: differs" in run.output


def test_results_name_no_file_to_run_and_get_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Results may come from another party: an adapter in a file is a program, and a login goes where the user
    states.
    """
    from conformance.commands import suite_run

    asked: list[tuple[list[str], dict[str, str]]] = []

    def judged(arguments: list[str], _: Path, environment: dict[str, str]) -> Report:
        asked.append((arguments, environment))
        return report_on()

    monkeypatch.setattr(suite_run, "judge_by_suite", judged)
    monkeypatch.setenv("OCI_PASSWORD", "a-secret-word")
    monkeypatch.setenv("OCI_REGISTRY", "another.example")
    whole = report_on()

    def pointed_at(target: Target) -> Path:
        provenance = Provenance("sha256:0", target)
        return write_results(tmp_path, msgspec.structs.replace(whole, provenance=provenance))

    tool = pointed_at(Target("implementation", (str(tmp_path / "evil.toml"),)))
    refused = zcc("report", "replay", tool)
    assert (refused.exit_code, "name its file by --target" in refused.output) == (2, True)
    registry = pointed_at(Target("registry", ("http://registry.example",), effort="quick"))
    zcc("report", "replay", registry)
    zcc("report", "replay", registry, "--target", "http://mine.example")
    (first, unnamed), (second, named) = asked
    assert first == ["--registry=http://registry.example", "--effort=quick"]
    assert second[0] == "--registry=http://mine.example"
    assert "OCI_PASSWORD" not in unnamed
    assert "OCI_REGISTRY" not in unnamed
    assert named["OCI_PASSWORD"] == "a-secret-word"


def test_results_without_a_target_are_reported(tmp_path: Path) -> None:
    old = msgspec.structs.replace(report_on(IMAGE), provenance=None)
    run = zcc("report", "replay", write_results(tmp_path, old))
    assert (run.exit_code, "it does not state what was judged" in run.output) == (2, True)

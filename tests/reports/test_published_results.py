"""What lies in reports/published: it follows the schemas, and docs/results.md states what it states."""

import json
import re
from collections import Counter
from pathlib import Path

import jsonschema
import pytest

from conformance.reports import certification
from conformance.reports.model import read_report
from conformance.reports.publishing.rows import beginning
from tests.schemas import results_schema

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "reports" / "published"
TOOLS = sorted(path.parent for path in PUBLISHED.glob("*/results.json"))
REGISTRIES = sorted(path.parent for path in PUBLISHED.glob("registries/*/results.json"))


@pytest.mark.parametrize("directory", TOOLS, ids=lambda directory: directory.name)
def test_results_of_a_tool_follow_the_schema_and_the_table_has_their_counts(directory: Path) -> None:
    raw = (directory / "results.json").read_bytes()
    jsonschema.validate(json.loads(raw), results_schema())
    table = (ROOT / "docs" / "results.md").read_text("utf-8")
    for subject in read_report(raw).subjects:
        name, version = subject.subject.removesuffix(")").split(" (adapter ")[0].split(" ")
        assert subject.subject == f"{name} {version} (adapter {name})"
        assert directory.name == f"{name}-{version}"
        row = beginning(subject, directory.name)
        assert row in table, row


@pytest.mark.parametrize("directory", REGISTRIES, ids=lambda directory: directory.name)
def test_results_of_a_registry_follow_the_schema_and_the_table_has_their_counts(directory: Path) -> None:
    raw = (directory / "results.json").read_bytes()
    jsonschema.validate(json.loads(raw), results_schema())
    table = (ROOT / "docs" / "results.md").read_text("utf-8")
    (subject,) = read_report(raw).subjects
    assert directory.name == subject.subject.replace(" ", "-")
    link = f"[{subject.subject}](../reports/published/registries/{directory.name}/results.json)"
    verdicts = Counter(result.verdict for result in subject.verdicts if result.level == "MUST")
    judged = verdicts["pass"] + verdicts["fail"] + verdicts["not-run"]
    failed = ", ".join(f"{result.id} ({result.level})" for result in subject.verdicts if result.verdict == "fail")
    row = f"| {link} | {verdicts['pass']} of {judged} | {failed or 'none'} |"
    assert row in table, row


def test_at_least_eight_implementations_are_there() -> None:
    assert len([path for path in TOOLS if not path.name.startswith("reference-")]) >= 8


def test_certificates_follow_their_schema_and_it_has_not_drifted() -> None:
    schema = certification.build_schema()
    assert json.loads((ROOT / "conformance" / "reports" / certification.SCHEMA_FILE).read_bytes()) == schema, (
        "certificate.schema.json has drifted: run python tools/write_schemas.py"
    )
    for path in PUBLISHED.glob("certificate-*.json"):
        jsonschema.validate(json.loads(path.read_bytes()), schema)


def test_nothing_published_names_a_port_or_a_directory_of_this_project() -> None:
    for path in PUBLISHED.rglob("*.json"):
        text = path.read_text("utf-8")
        assert not re.search(r"127\.0\.0\.\d+:\d", text), path
        assert not re.search(r"(?<![}\w])/(tmp|work|root|home)/", text), path

"""The cost of pulls of consecutive tags, and the forms of the summary."""

import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.anatomy.difference.pulling import compare_pulls
from conformance.audit import text
from conformance.audit.checking import open_source
from conformance.audit.engine import run_audit
from conformance.audit.model import AuditOptions
from conformance.audit.state import State
from conformance.audit.summary import TagPulls, summarize
from conformance.cli import app
from conformance.images.layer_draft import DraftedLayer, draft_layer, finish_layer
from conformance.images.trees import Node
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.reports.html import render_page
from tests.audit.fleet import load
from tests.tools import need

OPTIONS = AuditOptions(use_panel=False, pulls=True)


def layer_of(*seeds: int) -> DraftedLayer:
    """A layer with one file of 32 KiB for each number."""
    nodes = (Node(f"f{seed}", content=random.Random(seed).randbytes(2**15)) for seed in seeds)
    return finish_layer(draft_layer(tuple(nodes)))


def test_each_tag_is_compared_with_the_one_before(tmp_path: Path) -> None:
    """Expected: v9, v10 and v11 in this order, each as ``zcc diff --pull`` counts it."""
    versions = {"v9": layer_of(1, 2, 3), "v10": layer_of(1, 2, 4), "v11": layer_of(1, 2, 4, 5)}
    with EmbeddedRegistry() as registry, State.open(tmp_path / "audit.sqlite") as state:
        for tag, layer in versions.items():
            load(registry, "app", tag, [layer_of(8), layer])
        load(registry, "app-other", "v1", [layer_of(9)])
        first = run_audit(state, [registry.url], OPTIONS).run
        summary = summarize(state, first)
        pulls = summary.tag_pulls
        assert isinstance(pulls, TagPulls)
        found = {(each.old.rpartition(":")[2], each.new.rpartition(":")[2]): each for each in pulls.largest}
        assert set(found) == {("v9", "v10"), ("v10", "v11")}
        for each in pulls.largest:
            sources = [open_source(name, ConnectionOptions()) for name in (each.old, each.new)]
            counted = compare_pulls(sources[0], sources[1], None).pull
            assert (each.full, each.by_file, each.by_chunk) == (counted.full, counted.by_file, counted.by_chunk)
            assert each.by_file.bytes < each.full.bytes / 2
        # A second run reads no layer again and states the same.
        again = run_audit(state, [registry.url], OPTIONS).run
        assert again.requests < first.requests
        assert summarize(state, again).tag_pulls == pulls
        assert "2 pairs" in "\n".join(text.lines(summary))
        assert b"v11" in render_page(text.page(summary))


def test_a_summary_as_html_and_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Expected: one HTML file without scripts, and a table with a row for each image and lists of what fails."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list").write_text("oci:<b>none</b>\noci:/nowhere\n")
    assert CliRunner().invoke(app, ["audit", "--from", "list", "--no-panel"]).exit_code == 8
    page = CliRunner().invoke(app, ["audit", "show", "--format", "html"]).stdout
    assert page.startswith("<!doctype html>")
    assert "<b>none" not in page
    assert "<script" not in page
    assert "could not be judged" in page
    try:
        from pyarrow import parquet
    except ImportError:
        need(False, "pyarrow")
    run = CliRunner().invoke(app, ["audit", "show", "--format", "parquet"])
    (tmp_path / "audit.parquet").write_bytes(run.stdout_bytes)
    rows = parquet.read_table(tmp_path / "audit.parquet").to_pylist()
    assert [row["reference"] for row in rows] == ["oci:<b>none</b>", "oci:/nowhere"]
    assert "no such directory" in rows[1]["problem"]

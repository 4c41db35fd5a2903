"""Generated images that a producer pushes: a conforming one passes, a defect that shows in some trees only is found."""

from pathlib import Path
from typing import Any

import msgspec

from conformance.format.digest import Digest
from conformance.format.names import MANIFEST_CHECKSUM
from conformance.format.oci import Descriptor
from conformance.reference.convert import Converter
from conformance.reference.producer import Producer
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from conformance.strategies.shapes import Tally
from conformance.trials.in_process import InProcessImplementation
from conformance.trials.producer.pushed_artifacts import GeneratedPushes, judged_artifacts
from conformance.trials.producer.trial import ProducerTrial


class WrongForEmptyTars(Converter):
    """Names another TOC digest where the tar has no entries."""

    def layer(self, fields: dict[str, Any], layer: Descriptor, diff_id: Digest, compression: str) -> dict[str, Any]:
        made = super().layer(fields, layer, diff_id, compression)
        if layer.size > 1024:
            return made
        return {**made, "annotations": {**made["annotations"], MANIFEST_CHECKSUM: str(Digest.of(b"other"))}}


DEFECTIVE = Toolkit(producer=type("Defective", (Producer,), {"converter": WrongForEmptyTars}))


def explored(toolkit: Toolkit, directory: Path) -> tuple[dict[str, str], list[Path], str]:
    """Verdicts, retained layouts, and the evidence of the failures."""
    with ProducerTrial(InProcessImplementation(toolkit, directory)) as trial:
        fixed = judged_artifacts(trial, "single", replay="again")
        assert not [result.id for result in fixed if result.verdict == "fail"]
        tally = Tally("pushes")
        generated = GeneratedPushes(trial, replay="again", keep=directory / "kept", tally=tally)
        results = list(generated.explore(5, 1))
        assert tally.examples >= 1
        assert generated.found is any(result.verdict == "fail" for result in results)
        assert not generated.refused
    failures = [finding for result in results for finding in result.findings if finding.outcome == "fail"]
    evidence = "\n".join(item.as_text() for finding in failures for item in finding.evidence)
    assert all(finding.replay == "again" for finding in failures)
    return {result.id: result.verdict for result in results}, sorted((directory / "kept").glob("*")), evidence


def test_the_reference_writes_conforming_layers_for_any_tree(tmp_path: Path) -> None:
    verdicts, kept, _ = explored(REFERENCE, tmp_path)
    assert verdicts["LAYER-002"] == verdicts["TOC-001"] == "pass"
    assert "fail" not in verdicts.values()
    assert not kept


def test_a_defect_of_some_trees_is_found_shrunk_and_kept(tmp_path: Path) -> None:
    verdicts, (layout,), evidence = explored(DEFECTIVE, tmp_path)
    assert "fail" in verdicts.values()
    assert f"of 0 entries: kept/{layout.name}, seed 1" in evidence
    root = LayoutSource(LayoutReference(layout / "layout")).root().content
    assert root is not None
    assert msgspec.json.decode(root)["layers"][0]["size"] <= 1024

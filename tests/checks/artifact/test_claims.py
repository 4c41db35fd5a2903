"""What an image claims: a profile only where something in it can be judged by that profile."""

from conformance.audit.checking import CheckOptions, judge_source
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import INDEX_TYPE
from conformance.images.draft import conforming_draft, finish
from conformance.reports.verdict_line import verdict_line
from conformance.sources.memory import MemorySource


def test_an_index_without_manifests_passes_nothing() -> None:
    index = encode({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []})
    report = judge_source(MemorySource({str(Digest.of(index)): index}, index), CheckOptions(use_panel=False))
    assert report.claims == ()
    assert report.verdicts == ()
    assert verdict_line(report).endswith("nothing to judge")


def test_a_pair_claims_to_be_one() -> None:
    image = finish(conforming_draft())
    report = judge_source(MemorySource(image.blobs, image.root), CheckOptions(use_panel=False))
    assert [claim.profile for claim in report.claims] == ["pair"]
    assert report.conforms

"""Generated artifacts (Hypothesis): what conforms is found conforming, and each forbidden kind is caught.

This is the suite's own control: a checker that is broken shows here before it judges anybody.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.artifact import judge_blob, judge_image
from conformance.mutants.draft import conforming_draft, finish
from conformance.observation import SentinelBlob
from conformance.strategies.blobs import FORBIDDEN, forbidden_blob, sentinel_blobs
from conformance.subjects.image import observe_image
from conformance.subjects.memory import MemorySource
from conformance.subjects.readers import read_with_python

pytestmark = pytest.mark.role("artifact")
_TEXT = st.text(max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.text(min_size=1, max_size=20).map(lambda text: f"x-{text}")


@given(blob=sentinel_blobs())
def test_conforming_sentinel_blobs_pass(blob: bytes) -> None:
    """Expected: no MUST fails, and no Python tar reader in strict mode accepts the blob."""
    failed = [r.id for r in judge_blob(SentinelBlob("generated", blob)) if r.verdict == "fail" and r.level == "MUST"]
    assert not failed, f"a conforming blob fails {failed}"
    assert not [seen.reader for seen in read_with_python(blob) if seen.accepted and not seen.lenient]


@pytest.mark.parametrize("requirement_id", sorted(FORBIDDEN))
def test_forbidden_sentinel_blobs_are_caught(requirement_id: str) -> None:
    """Expected: a blob that breaks this requirement fails it."""

    @given(blob=forbidden_blob(requirement_id))
    def caught(blob: bytes) -> None:
        verdicts = {result.id: result.verdict for result in judge_blob(SentinelBlob("generated", blob))}
        assert verdicts[requirement_id] == "fail", f"{requirement_id} does not catch this blob"

    caught()


@given(fields=st.dictionaries(_KEYS, _JSON, max_size=4), annotations=st.dictionaries(_KEYS, _TEXT, max_size=4))
def test_unknown_fields_and_annotations_change_no_verdict(
    fields: dict[str, object], annotations: dict[str, str]
) -> None:
    """Expected: a conforming pair stays conforming whatever else both of its documents carry."""
    draft = conforming_draft()
    for document in (draft.plain, draft.sentinel, draft.plain_config, draft.sentinel_config):
        document.update(fields)
    for document in (draft.plain, draft.sentinel):
        document["annotations"] = annotations
    image = finish(draft)
    seen = observe_image(MemorySource(image.blobs, image.root))
    failed = [result.id for result in judge_image(seen) if result.verdict == "fail"]
    assert not failed, f"a conforming image fails {failed}"

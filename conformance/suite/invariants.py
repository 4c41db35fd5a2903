"""Tests over generated artifacts: each has its property as a sentence, and the number of examples."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.artifact.judge import judge_image
from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import CONFIG_TYPE
from conformance.format.writer import WrittenLayer
from conformance.reports.power import tried
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource
from conformance.strategies.shapes import Tally
from conformance.suite.power import attach_tried

_ATTRIBUTE: Final = "__invariant__"
_SEED: Final = "_hypothesis_internal_use_generated_seed"
"""Where Hypothesis keeps the seed that it prints for a failure; no statement is made on the seed where it is
missing.
"""


def invariant(
    statement: str, *, requirement: str = "", **strategies: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Any]:
    """``hypothesis.given``, counting the examples under ``statement``, which may be about one ``requirement``."""

    def decorate(test: Callable[..., None]) -> Any:
        tally = Tally(statement, requirement)

        @wraps(test)
        def counting(**drawn: Any) -> None:
            tally.count(drawn.values())
            test(**drawn)

        generated = given(**strategies)(counting)
        setattr(generated, _ATTRIBUTE, tally)
        return generated

    return decorate


def counted(item: pytest.Item, test: Callable[[], None]) -> None:
    """Run an invariant that was created within the test ``item``, and attach what it tried."""
    is_failed = True
    try:
        test()
        is_failed = False
    finally:
        _attach(item, item, test, failed=is_failed)


def note_tried(item: pytest.Item, report: pytest.TestReport) -> None:
    """Attach to the report of a test how many examples it tried; nothing for other tests."""
    test = getattr(item, "function", None)
    if test is not None and report.when == "call":
        _attach(item, report, test, failed=report.failed)


def _attach(
    item: pytest.Item, holder: pytest.Item | pytest.TestReport, test: Callable[..., None], *, failed: bool
) -> None:
    tally = getattr(test, _ATTRIBUTE, None)
    if not isinstance(tally, Tally):
        return
    given_seed = item.config.getoption("--hypothesis-seed", None)
    seed = given_seed if given_seed is not None else getattr(test, _SEED, None)
    shapes, text = dict(tally.shapes), "" if seed is None else str(seed)
    each = tried(
        tally.statement, tally.examples, requirement=tally.requirement, shapes=shapes, seed=text, failed=failed
    )
    attach_tried(holder, each)


def failing_of_layer(blob: bytes, written: WrittenLayer) -> set[str]:
    """The requirements that fail, or could not be judged, of one layer alone in an image, every byte of it read."""
    config = encode(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [str(written.diff_id)]}}
    )
    layer = written.descriptor
    described = {
        "mediaType": layer.media_type,
        "digest": layer.digest,
        "size": layer.size,
        "annotations": layer.annotations,
    }
    manifest = encode(manifest_of(describe(config, CONFIG_TYPE), [described]))
    blobs = {str(Digest.of(content)): content for content in (config, blob)}
    seen = observe_image(MemorySource(blobs, manifest), reading=LayerReading(deep=True))
    return {result.id for result in judge_image(seen) if result.verdict in ("fail", "not-run")}

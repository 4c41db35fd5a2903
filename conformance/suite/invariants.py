"""Tests over generated artifacts: each has its property as a sentence, and the number of examples."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.artifact.judge import judge_image
from conformance.format.writer import WrittenLayer
from conformance.images.one_layer import one_layer_image
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource
from conformance.strategies.shapes import Tally
from conformance.suite.power import COUNTED


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
        setattr(generated, COUNTED, tally)
        return generated

    return decorate


def failing_of_layer(blob: bytes, written: WrittenLayer) -> set[str]:
    """The requirements that fail, or could not be judged, of one layer alone in an image, every byte of it read."""
    image = one_layer_image(blob, written.descriptor_fields, str(written.diff_id))
    seen = observe_image(MemorySource(*image), reading=LayerReading(deep=True))
    return {result.id for result in judge_image(seen) if result.verdict in ("fail", "not-run")}

"""Tests over generated artifacts: each says in a sentence what always holds, and how many examples were tried."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.artifact.judge import judge_image
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import CONFIG_TYPE, MANIFEST_TYPE
from conformance.format.writer import WrittenLayer
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource

PROPERTY: Final = "conformance.tried"
_ATTRIBUTE: Final = "__invariant__"


class Tried(msgspec.Struct, frozen=True):
    """What held of generated artifacts, as one sentence, and for how many of them it was tried."""

    statement: str
    examples: int


def invariant(statement: str, **strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """``hypothesis.given``, counting the examples under ``statement``."""

    def decorate(test: Callable[..., None]) -> Any:
        count = [0]

        @wraps(test)
        def counted(**drawn: Any) -> None:
            count[0] += 1
            test(**drawn)

        generated = given(**strategies)(counted)
        setattr(generated, _ATTRIBUTE, (statement, count))
        return generated

    return decorate


def note_tried(item: pytest.Item, report: pytest.TestReport) -> None:
    """Attach to the report of a test how many examples it tried; nothing where it is no such test, or failed."""
    mark = getattr(getattr(item, "function", None), _ATTRIBUTE, None)
    if mark is not None and report.when == "call" and report.passed:
        statement, count = mark
        report.user_properties.append((PROPERTY, msgspec.json.encode(Tried(statement, count[0])).decode()))


def tried_of(report: pytest.TestReport) -> list[Tried]:
    """What a report says was tried."""
    return [msgspec.json.decode(str(value), type=Tried) for name, value in report.user_properties if name == PROPERTY]


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
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)},
            "layers": [described],
        }
    )
    blobs = {str(Digest.of(content)): content for content in (config, blob)}
    seen = observe_image(MemorySource(blobs, manifest), reading=LayerReading(deep=True))
    return {result.id for result in judge_image(seen) if result.verdict in ("fail", "not-run")}

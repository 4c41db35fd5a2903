"""Judges a case: writes a layer from a tar with the reference writer, and runs every check on it."""

from collections.abc import Iterable

import msgspec

from conformance.checks.artifact.judge import judge_image
from conformance.format.errors import FormatError
from conformance.format.writer import WriterOptions, layer_from_tar
from conformance.images.one_layer import one_layer_image
from conformance.readers.reading import Reading
from conformance.readers.toc_reading import reading_of
from conformance.results import RequirementResult
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource

_OPTIONS = WriterOptions(level=1)
_DEEP = LayerReading(deep=True)


class Verdict(msgspec.Struct, frozen=True):
    """The result of a deep check of a tar.

    ``unwritten``: why the reference writer cannot write a layer, so that it is not judged. ``must`` and ``should`` are
    the ids that fail, or could not be run; ``layer`` is the blob and its annotations as JSON, ``toc`` the TOC as a
    reading.
    """

    unwritten: str = ""
    must: tuple[str, ...] = ()
    should: tuple[str, ...] = ()
    layer: tuple[bytes, bytes] = (b"", b"")
    toc: Reading = Reading()

    @property
    def passes(self) -> bool:
        return not self.unwritten and not self.must


def failing_musts(results: Iterable[RequirementResult]) -> tuple[str, ...]:
    """The ids of MUSTs that fail or could not be run."""
    return tuple(result.id for result in results if result.level == "MUST" and result.verdict in ("fail", "not-run"))


def judge_tar(tar: bytes) -> Verdict:
    """Write a layer from the tar, read every byte of it, and judge it."""
    try:
        blob, written = layer_from_tar(tar, _OPTIONS)
    except FormatError as error:
        return Verdict(unwritten=error.what)
    seen = observe_image(
        MemorySource(*one_layer_image(blob, written.descriptor_fields, str(written.diff_id))), reading=_DEEP
    )
    failing = [result for result in judge_image(seen) if result.verdict in ("fail", "not-run")]
    return Verdict(
        must=tuple(result.id for result in failing if result.level == "MUST"),
        should=tuple(result.id for result in failing if result.level == "SHOULD"),
        layer=(blob, msgspec.json.encode(written.annotations)),
        toc=reading_of(written.toc),
    )

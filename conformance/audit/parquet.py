"""The images of a run as a Parquet file (extra ``parquet``), written in batches to bound the memory."""

import shutil
import tempfile
from collections.abc import Iterator
from importlib import import_module
from itertools import islice
from typing import Any, BinaryIO, Final

from conformance.audit.export import ImageRow, image_rows
from conformance.audit.state import Run, State

_BATCH: Final = 5000


class NoParquetError(Exception):
    """The library for Parquet is not installed; one line for the user."""


def write_parquet(state: State, run: Run, sink: BinaryIO) -> None:
    """One row an image, with the columns of the CSV form and lists where that has words. Raises NoParquetError."""
    try:
        arrow: Any = import_module("pyarrow")  # an extra without type annotations
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise NoParquetError("--format parquet needs pyarrow; in a checkout: pip install '.[parquet]'") from None
    schema = _schema(arrow)
    rows = image_rows(state, run)
    with tempfile.TemporaryFile(prefix="zcc-") as file:  # a pipe has no offsets, which the format requires
        with parquet.ParquetWriter(file, schema) as writer:
            for batch in _batches(rows):
                writer.write_table(arrow.Table.from_pylist([_record(row) for row in batch], schema=schema))
        file.seek(0)
        shutil.copyfileobj(file, sink)


def _batches(rows: Iterator[ImageRow]) -> Iterator[list[ImageRow]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _schema(arrow: Any) -> Any:
    texts, flags, counts = arrow.string(), arrow.bool_(), arrow.int64()
    columns = {
        **dict.fromkeys(("reference", "digest", "ending", "profile"), texts),
        **dict.fromkeys(("sentinel", "mixed"), flags),
        **dict.fromkeys(("layers", "layers_in_parts", "bytes", "bytes_in_parts"), counts),
        **dict.fromkeys(("failed_must", "failed_should"), arrow.list_(texts)),
        "problem": texts,
    }
    return arrow.schema(list(columns.items()))


def _record(row: ImageRow) -> dict[str, object]:
    verdict = row.verdict
    if verdict is None:
        return {"reference": row.reference, "digest": row.digest, "problem": row.problem}
    in_parts = [layer for layer in verdict.layers if layer.kind == "in-parts"]
    return {
        "reference": row.reference,
        "digest": row.digest,
        "ending": verdict.ending,
        "profile": verdict.profile,
        "sentinel": verdict.has_sentinel,
        "mixed": verdict.is_mixed,
        "layers": len(verdict.layers),
        "layers_in_parts": len(in_parts),
        "bytes": sum(layer.size for layer in verdict.layers),
        "bytes_in_parts": sum(layer.size for layer in in_parts),
        "failed_must": [name for name, level in verdict.failing if level == "MUST"],
        "failed_should": [name for name, level in verdict.failing if level == "SHOULD"],
        "problem": None,
    }

"""Writes the JSON Schemas after a change of their models: python tools/write_schemas.py."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.implementations import adapter_document
from conformance.reports import certification, model

_PACKAGE = Path(__file__).parents[1] / "conformance"


def schemas() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every published schema, and its file."""
    yield _PACKAGE / "reports" / model.SCHEMA_FILE, model.build_schema()
    yield _PACKAGE / "reports" / certification.SCHEMA_FILE, certification.build_schema()
    yield _PACKAGE / "implementations" / adapter_document.SCHEMA_FILE, adapter_document.build_schema()


def main() -> None:
    """Write all of them."""
    for path, schema in schemas():
        path.write_text(json.dumps(schema, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()

"""``python -m conformance.implementations.schema``: write the JSON Schema of adapters again after a model changed."""

import json
from pathlib import Path

from conformance.implementations.adapter_document import SCHEMA_FILE, build_schema


def main() -> None:
    """Write the schema file beside this module."""
    Path(__file__).with_name(SCHEMA_FILE).write_text(json.dumps(build_schema(), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()

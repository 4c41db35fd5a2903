"""The JSON Schemas that the package contains."""

import json
from importlib.resources import files
from typing import Any

from conformance.implementations import adapter_document
from conformance.reports import model


def results_schema() -> Any:
    """The schema of results."""
    return json.loads((files("conformance.reports") / model.SCHEMA_FILE).read_bytes())


def adapter_schema() -> Any:
    """The schema of adapter files."""
    return json.loads((files("conformance.implementations") / adapter_document.SCHEMA_FILE).read_bytes())

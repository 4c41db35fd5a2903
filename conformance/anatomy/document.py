"""The anatomy as JSON."""

import json
from typing import Final

import msgspec

from conformance.anatomy.model import ImageView

SCHEMA_VERSION: Final = 1


def encode(image: ImageView) -> bytes:
    """One JSON document in ASCII, because an image may have invalid Unicode, and the output may be a terminal."""
    fields = {"schema": f"zcc-anatomy/{SCHEMA_VERSION}", **msgspec.to_builtins(image)}
    return json.dumps(fields, indent=1).encode("ascii") + b"\n"

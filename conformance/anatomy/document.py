"""The anatomy as JSON."""

import json
from typing import Final

import msgspec

from conformance.anatomy.model import ImageView

SCHEMA_VERSION: Final = 1


def encode(image: ImageView) -> bytes:
    """One JSON document in ASCII: an image may hold text that is no Unicode, and a terminal may be what reads it."""
    fields = {"schema": f"zcc-anatomy/{SCHEMA_VERSION}", **msgspec.to_builtins(image)}
    return json.dumps(fields, indent=1).encode("ascii") + b"\n"

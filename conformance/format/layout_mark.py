"""The file oci-layout, by which a directory states that it is an OCI image layout (image-layout.md)."""

from typing import Final

from conformance.format.document import decode_object
from conformance.format.errors import FormatError

LAYOUT_MARK: Final = "oci-layout"
LAYOUT_VERSION: Final = "1.0.0"
"""The only version that image-spec defines; it stays until the layout itself changes."""
MAX_MARK: Final = 2**16


def mark_problem(content: bytes) -> str:
    """What is wrong with the content of the file; "" for nothing."""
    try:
        version = decode_object(content, what="oci-layout", limit=MAX_MARK).get("imageLayoutVersion")
    except FormatError as error:
        return str(error)
    return "" if version == LAYOUT_VERSION else f"imageLayoutVersion is {version!r:.60}"

"""``python -m conformance.implementations.dir_layout DIRECTORY LAYOUT``: an image of the form ``dir:`` as a layout.

For tools that write uncompressed layers in the form ``dir:`` of containers/image only (skopeo, podman, buildah): one
manifest as ``manifest.json``, and each blob in a file that is named by its digest in hex digits. All bytes stay.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT
from conformance.format.names import MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.sources.layout import write_layout

_HEX: Final = 64


def layout_of(directory: Path, layout: Path) -> str:
    """Move the image into a new layout, and return the digest of its manifest.

    OSError, or ValueError where manifest.json is not the manifest of one image.
    """
    with (directory / "manifest.json").open("rb") as file:
        raw = file.read(MAX_DOCUMENT + 1)
    if len(raw) > MAX_DOCUMENT:
        raise ValueError(f"the manifest has more than {MAX_DOCUMENT} bytes")
    root = Descriptor(_media_type(raw), str(Digest.of(raw)), len(raw))
    write_layout(layout, {root.digest: raw}, root)
    for blob in sorted(directory.iterdir()):
        if len(blob.name) == _HEX and not blob.is_symlink() and blob.is_file():
            blob.rename(layout / "blobs" / "sha256" / blob.name)
    return root.digest


def _media_type(raw: bytes) -> str:
    document: Any = json.loads(raw)
    if not isinstance(document, dict) or not isinstance(document.get("layers"), list):
        raise ValueError("manifest.json is not the manifest of one image")
    return str(document.get("mediaType") or MANIFEST_TYPE)


def main() -> int:
    """Convert; exit 1 with one line when that does not work."""
    try:
        _, directory, layout = sys.argv
        print(layout_of(Path(directory), Path(layout)))  # noqa: T201
    except (OSError, ValueError, RecursionError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""``python -m conformance.implementations.dir_layout DIRECTORY LAYOUT``: an image of the form ``dir:`` as a layout.

For tools that write uncompressed layers in the form ``dir:`` of containers/image only (skopeo, podman, buildah): one
manifest as ``manifest.json``, and each blob in a file that is named by its digest in hex digits. All bytes stay.
"""

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

_MAX_MANIFEST: Final = 4 * 2**20
_HEX: Final = 64


def layout_of(directory: Path, layout: Path) -> str:
    """Move the image into a new layout, and return the digest of its manifest.

    OSError, or ValueError where manifest.json is not the manifest of one image.
    """
    with (directory / "manifest.json").open("rb") as file:
        raw = file.read(_MAX_MANIFEST + 1)
    if len(raw) > _MAX_MANIFEST:
        raise ValueError(f"the manifest has more than {_MAX_MANIFEST} bytes")
    media_type = _media_type(raw)
    blobs = layout / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for blob in sorted(directory.iterdir()):
        if len(blob.name) == _HEX and not blob.is_symlink() and blob.is_file():
            blob.rename(blobs / blob.name)
    digest = sha256(raw).hexdigest()
    (blobs / digest).write_bytes(raw)
    entry = {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(raw)}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}), "utf-8")
    (layout / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}), "utf-8")
    return f"sha256:{digest}"


def _media_type(raw: bytes) -> str:
    document: Any = json.loads(raw)
    if not isinstance(document, dict) or not isinstance(document.get("layers"), list):
        raise ValueError("manifest.json is not the manifest of one image")
    return str(document.get("mediaType") or "application/vnd.oci.image.manifest.v1+json")


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

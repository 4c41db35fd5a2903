"""``python -m conformance.implementations.storage_tree STORAGE NAME OUTPUT``: copy an image's tree out of storage.

For tools that unpack into containers-storage and cannot show what they unpacked (skopeo). Only the driver vfs, where
the directory of the top layer is the whole tree.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

_MAX_INDEX = 16 * 2**20


def tree_of(storage: Path, name: str) -> Path:
    """The directory with the tree of the image of this name; LookupError when there is none."""
    with (storage / "vfs-images" / "images.json").open("rb") as file:
        images = json.loads(file.read(_MAX_INDEX))
    layer = next((image["layer"] for image in images if name in image.get("names", ())), None)
    directory = storage / "vfs" / "dir" / str(layer)
    if layer is None or Path(layer).name != layer or not directory.is_dir():
        raise LookupError(f"the storage holds no image {name}")
    return directory


def main(arguments: list[str]) -> int:
    """Copy the tree with all its attributes; 1 and a line on stderr when there is none."""
    storage, name, output = arguments
    try:
        directory = tree_of(Path(storage), name)
    except (LookupError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    copier = shutil.which("cp") or "cp"
    return subprocess.run([copier, "-a", f"{directory}/.", output], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

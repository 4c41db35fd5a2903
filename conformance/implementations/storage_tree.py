"""``python -m conformance.implementations.storage_tree STORAGE NAME OUTPUT``: copy an image's tree out of storage.

NAME is a name of the image, or its id. The ids of image and layers are printed as a line of JSON. For tools that unpack
into containers-storage and cannot show the result (skopeo). With the driver vfs the directory of the top layer is the
whole tree; with the driver overlay the layers are mounted, in a mount namespace that ends with this process.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, NamedTuple

from conformance.processes.overlay import (
    MOUNTS,
    OverlayError,
    enter_private_namespace,
    how_to_mount,
    mount_layers,
    unmount,
)

_MAX_INDEX: Final = 16 * 2**20
_OF_A_WHITEOUT: Final = re.compile(r".*cp: cannot stat '.*': No such file or directory")
_MAX_LINES: Final = 20
_MAX_LAYERS: Final = 500  # containers/storage, drivers/overlay: maxDepth


def driver_of(storage: Path) -> str:
    """``overlay`` or ``vfs``."""
    return "overlay" if (storage / "overlay-images").is_dir() else "vfs"


def tree_of(storage: Path, name: str) -> Path:
    """The directory with the tree of an image, driver vfs; LookupError when there is none."""
    directory = storage / "vfs" / "dir" / _find(storage, name).layer
    if not directory.is_dir():
        raise LookupError(f"the storage holds no image {name}")
    return directory


def layers_of(storage: Path, name: str) -> tuple[str, ...]:
    """The layers of an image, driver overlay, the uppermost first, relative to ``STORAGE/overlay``."""
    top = _find(storage, name).layer
    home = storage / "overlay"
    link = _words(home / top / "link")
    below = _words(home / top / "lower") if (home / top / "lower").exists() else []
    layers = [f"l/{link[0]}" if link else "", *below]
    if len(layers) > _MAX_LAYERS or not all(_is_link(layer) for layer in layers):
        raise LookupError(f"the layers of {name} are not as the overlay driver writes them")
    if (home / top / "composefs-data").exists():
        raise LookupError("the layers are composefs images, which are not read here")
    return tuple(layers)


def ids_of(storage: Path, name: str) -> dict[str, object]:
    """The local ids of an image: ``image_id``, and ``layer_ids``, the lowest layer first."""
    image = _find(storage, name)
    driver = driver_of(storage)
    parents = {layer["id"]: str(layer.get("parent", "")) for layer in _list(storage / f"{driver}-layers/layers.json")}
    ids: list[str] = []
    layer = image.layer
    while layer and len(ids) <= _MAX_LAYERS:
        ids.append(layer)
        layer = parents.get(layer, "")
    return {"image_id": image.id, "layer_ids": ids[::-1]}


def main(arguments: list[str]) -> int:
    """Copy the tree with all its attributes, and print the ids; status 1 and a line on stderr without an image."""
    storage, name, output = Path(arguments[0]).resolve(), arguments[1], Path(arguments[2]).resolve()
    try:
        copy = _copy_mounted if driver_of(storage) == "overlay" else _copy_plain
        status = copy(storage, name, output)
        print(json.dumps(ids_of(storage, name)))  # noqa: T201
    except (LookupError, OSError, ValueError, OverlayError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return status


def _copy_plain(storage: Path, name: str, output: Path) -> int:
    return _copy(tree_of(storage, name), output)


def _copy_mounted(storage: Path, name: str, output: Path) -> int:
    layers, found = layers_of(storage, name), how_to_mount()
    how = next((how for how in MOUNTS if how == found), None)
    if how is None:
        raise OverlayError(found)
    with tempfile.TemporaryDirectory(prefix="zcc-tree-") as directory:
        target, empty = Path(directory, "tree"), Path(directory, "empty")
        target.mkdir()
        empty.mkdir()
        enter_private_namespace()
        # Without an upper directory the kernel requires two lower ones.
        lowers = layers if len(layers) > 1 else (*layers, str(empty))
        mount_layers(storage / "overlay", lowers, target, how)
        try:
            return _copy(target, output)
        finally:
            unmount(target)


def _copy(tree: Path, output: Path) -> int:
    """The status of the copy.

    An overlay file system lists the whiteouts of a directory that only one layer has, and finds nothing under such a
    name: that is no fault of the tool, and the name is no part of the tree.
    """
    copier = shutil.which("cp") or "cp"
    done = subprocess.run(
        [copier, "-a", f"{tree}/.", str(output)],
        check=False,
        stderr=subprocess.PIPE,
        env={**os.environ, "LC_ALL": "C"},
    )
    lines = done.stderr.decode(errors="replace").splitlines()
    faults = [line for line in lines if not _OF_A_WHITEOUT.fullmatch(line)]
    for line in faults[:_MAX_LINES]:
        print(line, file=sys.stderr)  # noqa: T201
    return done.returncode if faults or not lines else 0


class _Image(NamedTuple):
    id: str
    layer: str


def _find(storage: Path, name: str) -> _Image:
    """The image of this name or id."""
    for image in _list(storage / f"{driver_of(storage)}-images" / "images.json"):
        if name == image.get("id") or name in (image.get("names") or ()):
            found = _Image(str(image["id"]), str(image.get("layer", "")))
            if not found.layer or Path(found.layer).name != found.layer:
                break
            return found
    raise LookupError(f"the storage holds no image {name}")


def _list(path: Path) -> list[dict[str, Any]]:
    with path.open("rb") as file:
        listed: list[dict[str, Any]] = json.loads(file.read(_MAX_INDEX)) or []
    return listed


def _words(path: Path) -> list[str]:
    return path.read_text("ascii").strip().split(":")


def _is_link(layer: str) -> bool:
    folder, _, name = layer.partition("/")
    return folder == "l" and name.isalnum()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

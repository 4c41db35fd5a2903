"""The golden images shipped with this package (fixtures/golden in the source tree)."""

from importlib.resources import files
from pathlib import Path
from typing import Final

GOLDEN_IMAGES: Final = ("sentinel-single", "skopeo-1.9.3-plain")


def golden_directory(name: str) -> Path:
    """The layout directory of a golden image; FileNotFoundError when the installation lacks it."""
    shipped = Path(str(files("conformance"))) / "fixtures" / "golden" / name
    in_source_tree = Path(str(files("conformance"))).parent / "fixtures" / "golden" / name
    for directory in (shipped, in_source_tree):
        if directory.is_dir():
            return directory
    raise FileNotFoundError(f"golden image {name} is not installed; reinstall zstd-chunked-conformance")

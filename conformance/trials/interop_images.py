"""The images of the interoperability matrix."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Final

from conformance.images.inputs import TREES, Image, image
from conformance.images.trees import Node, Tree, noise
from conformance.observed.interop import ImageName
from conformance.observed.trials import EntrySeen
from conformance.trials.file_trees import expected_tree

_DIRECTORIES: Final = 60
_FILES: Final = 100
_BYTES: Final = 18_000


def large_trees() -> Sequence[Tree]:
    """One layer of 6,000 files and more than 100 MB, which do not compress.

    Its TOC and tar-split, which are behind the tar, are larger than the buffer of a pipe (64 KiB on Linux): a program
    that stops reading where the tar ends leaves its writer waiting, which no small layer shows.
    """
    nodes = []
    for directory in range(_DIRECTORIES):
        name = f"directory{directory:02}"
        nodes.append(Node(name, "dir", mode=0o755, mtime=1_600_000_000))
        for number in range(_FILES):
            seed = directory * _FILES + number
            nodes.append(Node(f"{name}/file{number:02}", content=noise(seed, _BYTES + seed % 97), mtime=1_600_000_000))
    return (tuple(nodes),)


_TREES: Final[Mapping[ImageName, Callable[[], Sequence[Tree]]]] = {"small": lambda: TREES, "large": large_trees}


@cache
def matrix_image(name: ImageName) -> Image:
    """The image, uncompressed, as producers are given it."""
    return image(_TREES[name]())


@cache
def facts_of_image(name: ImageName) -> Mapping[str, tuple[str, int, str]]:
    """What it unpacks to: kind, mode and content of each name."""
    return {path: facts(entry) for path, entry in expected_tree(_TREES[name]()).items()}


def facts(entry: EntrySeen) -> tuple[str, int, str]:
    """What is compared of an unpacked file."""
    return entry.kind, entry.mode, entry.content

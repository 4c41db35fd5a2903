"""The command line that an executable named as ``entry_point`` understands.

    exe --version                                                       prints its name and version
    exe push       --layout DIR --reference REF --compression C         image of a layout -> registry
    exe pull       --reference REF --layout DIR                         image of a registry -> layout
    exe copy       --reference REF --destination REF                    registry -> registry, compression retained
    exe recompress --reference REF --destination REF --compression C    registry -> registry, compression changed
    exe export     --reference REF --destination REF                    registry -> the tool's own storage -> registry
    exe unpack     --reference REF --output DIR                         root file system into an empty directory
    exe scan       --reference REF                                      inspects the image, prints what it found
    exe store      --layout DIR --target PATH --compression C           image of a layout -> new OCI layout directory
    exe archive    --layout DIR --target PATH --compression C           image of a layout -> new OCI archive (tar)
    exe build      --reference REF --destination REF                    an image FROM the one of REF, one layer more

REF is host:port/name:tag or host:port/name@digest, C one of gzip, zstd, zstd:chunked, uncompressed. A registry on
loopback speaks plain HTTP. After these come the options that the case needs (``OPTIONS``).

Exit status 0: done. 3: refused, the reason on standard error. 4: not supported, the reason on standard error.
Anything else is a failure of the tool, never a refusal.
"""

from collections.abc import Mapping
from typing import Final

from conformance.implementations.placeholders import OPTIONS as _HERE
from conformance.implementations.placeholders import Vector

DONE: Final = 0
REFUSED: Final = 3
UNSUPPORTED: Final = 4

VERSION: Final[Vector] = ("--version",)
_SOURCE: Final[Vector] = ("--reference", "{reference}")
_COMPRESSION: Final[Vector] = ("--compression", "{compression}")

OPERATIONS: Final[Mapping[str, Vector]] = {
    "push": ("push", "--layout", "{layout}", *_SOURCE, *_COMPRESSION, _HERE),
    "pull": ("pull", *_SOURCE, "--layout", "{layout}", _HERE),
    "copy": ("copy", *_SOURCE, "--destination", "{destination}", _HERE),
    "recompress": ("recompress", *_SOURCE, "--destination", "{destination}", *_COMPRESSION, _HERE),
    "export": ("export", *_SOURCE, "--destination", "{destination}", _HERE),
    "unpack": ("unpack", *_SOURCE, "--output", "{output}", _HERE),
    "scan": ("scan", *_SOURCE, _HERE),
    "store": ("store", "--layout", "{layout}", "--target", "{target}", *_COMPRESSION, _HERE),
    "archive": ("archive", "--layout", "{layout}", "--target", "{target}", *_COMPRESSION, _HERE),
    "build": ("build", *_SOURCE, "--destination", "{destination}", _HERE),
}
OPTIONS: Final[Mapping[str, Vector]] = {
    "authfile": ("--authfile", "{authfile}"),
    "cafile": ("--cafile", "{cafile}"),
    "platform": ("--platform", "{platform}"),
    "all": ("--all",),
    "preserve-digests": ("--preserve-digests",),
    "to-docker": ("--to-docker",),
    "prefer-gzip": ("--prefer-gzip",),
    "no-partial": ("--no-partial",),
    "no-sentinel": ("--no-sentinel",),
}

"""The format itself, pure: no network, no files, no pytest, no other package of this project."""

__all__ = [
    "digest",
    "document",
    "errors",
    "footer",
    "frames",
    "names",
    "oci",
    "positions",
    "selection",
    "sentinel",
    "tarsplit",
    "toc",
    "variant",
    "writer",
]

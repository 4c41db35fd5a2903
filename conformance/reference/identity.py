"""Local ids of images and layers (docs/format.md section 18), which do not depend on the cache."""

import hashlib
from collections.abc import Sequence

from conformance.format.digest import Digest


def layer_id(parent: str, diff_id: Digest, toc: Digest | None) -> str:
    """The id of a layer above ``parent`` ("" for none), by its TOC where it was not verified by DiffID."""
    if toc is not None:
        return _hex(f"{parent}+@TOC={toc.hex}")
    return _hex(f"{parent}+{diff_id.hex}") if parent else diff_id.hex


def image_id(config: Digest, tocs: Sequence[Digest | None]) -> str:
    """The id of an image: from the config digest, and the TOCs of layers identified by TOC only (SENT-PULL-021)."""
    if not any(tocs):
        return config.hex
    return _hex(f"@With TOC:{config.hex}|" + "".join(f"{toc or ''}|" for toc in tocs))


def _hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

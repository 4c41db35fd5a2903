"""What the checks report of layers that are not zstd:chunked, built by hand, word for word (others_judged.json).

After each stands one with which all is right; what is stated about it is left out where it is as usual.
"""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.format.names import LAYER_GZIP_TYPE, LEGACY_PREFIX
from conformance.format.oci import Descriptor
from conformance.observed.evidence import Note
from conformance.observed.image import ImageSeen
from conformance.observed.layer import LayersSeen, OtherLayerSeen
from tests.told import Told, kept, told

FILE = Path(__file__).parent / "others_judged.json"
LEGACY = {LEGACY_PREFIX + "manifest-checksum": "sha256:toc"}
PADDED: dict[str, Any] = {"diff_ids": ("sha256:padded",), "padded_diff_id": "sha256:padded"}


def other(name: str = "layer", annotations: dict[str, str] | None = None, **facts: Any) -> OtherLayerSeen:
    """A gzip layer of 100 bytes that was read whole."""
    seen: dict[str, Any] = {
        "descriptor": Descriptor(LAYER_GZIP_TYPE, "sha256:mmm", 100, annotations),
        "diff_ids": ("sha256:tar",),
        "compression": "gzip",
        "stored_size": 100,
        "blob_digest": "sha256:mmm",
        "blob_size": 100,
        "diff_id": "sha256:tar",
        "evidence": (Note("how it was read"),),
    }
    return OtherLayerSeen(name, **{**seen, **facts})


def unopened(**facts: Any) -> OtherLayerSeen:
    """The same, of which no byte was read."""
    return other(blob_digest=None, blob_size=None, diff_id=None, **facts)


LAYERS: dict[str, OtherLayerSeen] = {
    "right": other(),
    "foreign, absent": other(is_foreign=True, stored_problem="HTTP 404", diff_id=None, overlay=("a mark",)),
    "absent": unopened(stored_problem="HTTP 404"),
    "unreadable": unopened(stored_problem="HTTP 500", unreadable=True),
    "not opened": unopened(),
    "not opened, longer": unopened(stored_size=101),
    "not opened, shorter": unopened(stored_size=99),
    "not opened, of no known size": unopened(stored_size=None),
    "of another digest": other(blob_digest="sha256:zzz"),
    "of a lesser digest": other(blob_digest="sha256:aaa"),
    "longer than stored": other(blob_size=101),
    "shorter than stored": other(blob_size=99),
    "stored size wrong, read right": other(stored_size=7),
    "damaged": other(damaged=True, diff_id=None, whole_problem="the checksum is wrong"),
    "damaged after its tar": other(damaged=True, whole_problem="bytes after the end"),
    "read in part": other(diff_id=None, whole_problem="HTTP 500", stored_problem="not this"),
    "packed twice": other(packed="gzip"),
    "no config": other(diff_ids=()),
    "of two configs": other(diff_ids=("sha256:tar", "sha256:zzz", "sha256:aaa")),
    "zeros omitted by an old writer": other(annotations=LEGACY, **PADDED),
    "zeros omitted by another writer": other(**PADDED),
    "another DiffID by an old writer": other(annotations=LEGACY, diff_ids=("sha256:zzz",), padded_diff_id="sha256:p"),
    "a whole record of an old writer": other(annotations=LEGACY, padded_diff_id="sha256:tar"),
    "old and two configs": other(
        annotations=LEGACY, diff_ids=("sha256:padded", "sha256:x"), padded_diff_id="sha256:padded"
    ),
    "marks": other(overlay=("a mark", "another mark")),
    "marks, no tar": other(overlay=("a mark",), tar_problem="the tar ends"),
    "no tar": other(tar_problem="the tar ends"),
}


def seen_of(layer: OtherLayerSeen, *, deep: bool) -> Told:
    layers = LayersSeen((), deep, (layer, other("right")))
    return told(ImageSeen("image", layers=layers)) | told(layers)


USUAL = {deep: seen_of(other(), deep=deep) for deep in (False, True)}


def judged(layer: OtherLayerSeen) -> Told:
    """What is stated about it; where it was not read whole (shallow) as well."""
    found = {}
    for deep, mark in ((True, ""), (False, " (shallow)")):
        for name, lines in seen_of(layer, deep=deep).items():
            if layer is LAYERS["right"] or lines != USUAL[deep].get(name):
                found[name + mark] = lines
    return found


DUE = kept(FILE, {name: partial(judged, seen) for name, seen in LAYERS.items()})


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_what_is_said_of_a_layer(name: str) -> None:
    assert judged(LAYERS[name]) == DUE[name]

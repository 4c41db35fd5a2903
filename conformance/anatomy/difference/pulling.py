"""Compares two images by the cost of a pull (``pull``), and prints the result as text or JSON."""

import json
from collections.abc import Iterator
from typing import Final

import msgspec

from conformance.anatomy.difference.pull import Cost, LayerContent, LayerPull, Pull, estimate, layer_content
from conformance.anatomy.words import count_text, short_size
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Platform
from conformance.format.positions import ChunkedAnnotations
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.observed.printable import safe
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading, observe_layers
from conformance.sources.source import ImageSource

SCHEMA: Final = "zcc-pull/1"


class PullDifference(msgspec.Struct, frozen=True):
    """The cost of pulling ``new`` for a client on ``platform`` that has ``old``."""

    old: str
    new: str
    platform: str
    pull: Pull


def compare_pulls(old: ImageSource, new: ImageSource, platform: Platform | None) -> PullDifference:
    """Compare two images by the TOCs of their layers. Raises SourceError."""
    ours, theirs = observe_image(old, reading=None), observe_image(new, reading=None)
    have, want = manifests_by_platform(ours), manifests_by_platform(theirs)
    common = [label for label in want if label in have and platform in (None, label)]
    if not common:
        known = ", ".join(map(str, dict.fromkeys((*have, *want)))) or "none"
        raise SourceError(f"the two have no platform in common{f' like {platform}' * bool(platform)}: {known}")
    chosen = common[0]
    return PullDifference(
        ours.reference, theirs.reference, str(chosen), estimate(_read(old, have[chosen]), _read(new, want[chosen]))
    )


def manifests_by_platform(seen: ImageSeen) -> dict[Platform, ManifestSeen]:
    """For each platform the manifest with the most TOCs; among equals one with a sentinel, then the first."""
    found: dict[Platform, ManifestSeen] = {}
    for manifest in seen.every_manifest:
        if manifest.document is None or manifest.config is None:
            continue
        platform = (manifest.entry.platform if manifest.entry else None) or manifest.config.view.platform
        if platform not in found or _rank(manifest) > _rank(found[platform]):
            found[platform] = manifest
    return found


def _rank(manifest: ManifestSeen) -> tuple[int, bool]:
    layers = manifest.document.view.layers if manifest.document else ()
    return sum(ChunkedAnnotations.of(layer.annotations).is_chunked for layer in layers), bool(manifest.sentinels)


def data_layers(manifest: ManifestSeen) -> list[LayerContent]:
    """The layers of a manifest without the sentinel, with no TOC read yet."""
    layers = manifest.document.view.layers if manifest.document else ()
    return [LayerContent(each.digest, each.size) for each in layers if each.media_type != SENTINEL_TYPE]


def _read(source: ImageSource, manifest: ManifestSeen) -> list[LayerContent]:
    seen = observe_layers(source, (manifest,), LayerReading())
    known = {layer.descriptor.digest: layer_content(layer) for layer in seen.layers if layer.is_current}
    return [known.get(layer.digest, layer) for layer in data_layers(manifest)]


def lines(difference: PullDifference) -> Iterator[str]:
    """The comparison as lines for a terminal."""
    pull = difference.pull
    yield f"pull of {safe(difference.new)}"
    yield f"by a client that has {safe(difference.old)} ({safe(difference.platform)})"
    yield ""
    yield f"  {'':<22}{'size':>11}{'requests':>10}{'ranges':>8}"
    for name, cost in (("whole layers", pull.full), ("in parts, by file", pull.by_file)):
        yield _row(name, cost, pull.full)
    yield _row("in parts, by chunk", pull.by_chunk, pull.full)
    yield ""
    counts = [(held, sum(layer.held == held for layer in pull.layers)) for held in ("present", "in parts", "whole")]
    words = {
        "present": "there already",
        "in parts": "pulled in parts",
        "whole": "without usable TOC, pulled whole",
    }
    yield f"{count_text(len(pull.layers), 'layer')}: {', '.join(f'{count} {words[held]}' for held, count in counts)}"
    for layer in pull.layers:
        if layer.held != "present":
            yield f"  {_layer(layer)}"


def _row(name: str, cost: Cost, full: Cost) -> str:
    share = f"  {100 * cost.bytes / full.bytes:.1f} %" if full.bytes and cost is not full else ""
    return f"  {name:<22}{short_size(cost.bytes):>11}{cost.requests:>10}{cost.ranges:>8}{share}"


def _layer(layer: LayerPull) -> str:
    costs = f"{short_size(layer.by_file.bytes)} by file, {short_size(layer.by_chunk.bytes)} by chunk, " * (
        layer.held == "in parts"
    )
    return f"{safe(layer.digest)}: {costs}{short_size(layer.size)} whole"


def encode(difference: PullDifference) -> bytes:
    """One JSON document in ASCII."""
    fields = {"schema": SCHEMA, **msgspec.to_builtins(difference)}
    return json.dumps(fields, indent=1).encode("ascii") + b"\n"

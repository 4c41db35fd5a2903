"""Compares two images: their documents, their layers, and the trees that they unpack to."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from conformance.anatomy.difference.compare import compare_documents, compare_order, compare_trees
from conformance.anatomy.difference.model import Change, Difference, DiffError, FieldChange, Section
from conformance.anatomy.difference.nodes import Node
from conformance.anatomy.difference.readings import NodeBudget, Reading, has_toc, read_tar, read_toc
from conformance.anatomy.difference.tree import tree_of
from conformance.anatomy.words import count_text
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Descriptor, Platform
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.source import ImageSource

# A tree does not have the form of its entries, and these times are not unpacked.
_NOT_OF_A_TREE: Final = ("name", "accessed", "changed")


class CompareOptions(msgspec.Struct, frozen=True):
    """``by_toc``: read the TOCs of the layers instead of their tars. ``files_only``: leave documents and layers out.

    ``expect`` is called with the number of bytes to read, ``on_bytes`` with the number of bytes read.
    """

    by_toc: bool = False
    files_only: bool = False
    platform: Platform | None = None
    on_bytes: Callable[[int], None] = lambda _: None
    expect: Callable[[int], None] = lambda _: None


class _Side:
    """One of the two images, with its manifests by platform and variant."""

    def __init__(self, source: ImageSource, options: CompareOptions, budget: NodeBudget) -> None:
        self._source, self._options, self._budget = source, options, budget
        self.seen: ImageSeen = observe_image(source, reading=None)
        self.manifests: dict[str, ManifestSeen] = {}
        self._readings: dict[str, Reading] = {}
        self._trees: dict[tuple[str, ...], dict[str, Node]] = {}
        labels: Counter[str] = Counter()
        for manifest in self.seen.manifests:
            if manifest.document is None or manifest.config is None:
                why = manifest.problem or manifest.config_problem or "an index inside the index is not compared"
                raise SourceError(f"{self.seen.reference}: {manifest.name}: {why}")
            platform = (manifest.entry.platform if manifest.entry else None) or manifest.config.view.platform
            if options.platform not in (None, platform):
                continue
            label = f"{platform}, sentinel variant" if manifest.sentinels else str(platform)
            labels[label] += 1
            self.manifests[label if labels[label] == 1 else f"{label} (number {labels[label]})"] = manifest
        if not self.manifests:
            raise SourceError(f"{self.seen.reference}: no manifest for {options.platform}")

    def tree(self, layers: Sequence[Descriptor]) -> dict[str, Node]:
        """The tree of these data layers; a layer is read once."""
        key = tuple(str(layer) for layer in layers)
        if key not in self._trees:
            self._trees[key] = tree_of([self._reading(layer) for layer in layers])
        return self._trees[key]

    def _reading(self, layer: Descriptor) -> Reading:
        if str(layer) not in self._readings:
            if self._options.by_toc and not has_toc(layer):
                raise DiffError(f"layer {layer.digest} has no TOC: leave --toc out")
            read = read_toc(self._source, layer, self._budget) if self._options.by_toc else None
            self._readings[str(layer)] = read or read_tar(self._source, layer, self._options.on_bytes, self._budget)
        return self._readings[str(layer)]


def compare_images(first: ImageSource, second: ImageSource, options: CompareOptions) -> Difference:
    """Compare the manifests for the platforms of both. Raise DiffError or SourceError when that is impossible."""
    budget = NodeBudget()
    ours, theirs = _Side(first, options, budget), _Side(second, options, budget)
    labels = list(dict.fromkeys([*ours.manifests, *theirs.manifests]))
    if not set(ours.manifests) & set(theirs.manifests):
        raise SourceError(
            f"the two have no platform in common: {', '.join(ours.manifests)}; {', '.join(theirs.manifests)}"
        )
    sections = [] if options.files_only else [_index(ours, theirs)]
    for label in labels:
        pair = ours.manifests.get(label), theirs.manifests.get(label)
        if pair[0] is not None and pair[1] is not None:
            sections += _pair(label, ours, theirs, pair[0], pair[1], options)
    return Difference(ours.seen.reference, theirs.seen.reference, tuple(sections))


def _index(ours: _Side, theirs: _Side) -> Section:
    """Compare the indexes: their own members, their manifests, and the order of these."""
    documents = [side.seen.index.fields if side.seen.index else {} for side in (ours, theirs)]
    changes: list[Change] = []
    kinds = ["an index" if side.seen.index else "a single manifest" for side in (ours, theirs)]
    if kinds[0] != kinds[1]:
        changes.append(Change("M", "image", (FieldChange("kind", *kinds),)))
    elif ours.seen.index:
        changes += compare_documents(documents[0], documents[1], ("manifests",))
    for label in [*ours.manifests, *(label for label in theirs.manifests if label not in ours.manifests)]:
        one, other = ours.manifests.get(label), theirs.manifests.get(label)
        if one is None or other is None:
            digest = _digest(one or other)
            changes.append(Change("D" if other is None else "A", f"manifest for {label}", about=digest))
    changes += compare_order("manifests", list(ours.manifests), list(theirs.manifests))
    both = len(set(ours.manifests) & set(theirs.manifests))
    return Section("image", tuple(changes), both, f"{count_text(both, 'manifest')} in both")


def _pair(
    label: str, ours: _Side, theirs: _Side, one: ManifestSeen, other: ManifestSeen, options: CompareOptions
) -> Iterator[Section]:
    layers = [_layers(manifest) for manifest in (one, other)]
    if not options.files_only:
        yield Section(f"{label}: manifest", tuple(_manifest(one, other)))
        yield Section(f"{label}: config", compare_documents(_config(one), _config(other)))
        yield _layer_section(f"{label}: layers", one, other)
    data = [[layer for layer in kept if layer.media_type != SENTINEL_TYPE] for kept in layers]
    if [layer.digest for layer in data[0]] == [layer.digest for layer in data[1]]:
        yield Section(f"{label}: files", remarks=("the data layers are the same blobs",))
        return
    if not options.by_toc:
        options.expect(sum(max(layer.size, 0) for side in data for layer in side))
    trees = ours.tree(data[0]), theirs.tree(data[1])
    changes = tuple(compare_trees(*trees, _NOT_OF_A_TREE))
    same = len(trees[0]) - sum(change.mark != "A" for change in changes)
    yield Section(f"{label}: files", changes, same, f"{count_text(same, 'entry', 'entries')} the same")


def _manifest(one: ManifestSeen, other: ManifestSeen) -> Iterator[Change]:
    """Compare all members except layers; of the config descriptor all but digest and size."""
    entries = [dict(manifest.entry.annotations or {}) if manifest.entry else None for manifest in (one, other)]
    if entries[0] is not None and entries[1] is not None:
        yield from compare_documents({"entry annotations": entries[0]}, {"entry annotations": entries[1]})
    documents = [manifest.document.fields if manifest.document else {} for manifest in (one, other)]
    yield from compare_documents(documents[0], documents[1], ("layers",))


def _config(manifest: ManifestSeen) -> dict[str, Any]:
    return manifest.config.fields if manifest.config else {}


def _layer_section(title: str, one: ManifestSeen, other: ManifestSeen) -> Section:
    """Compare layer by layer: layers with one digest are shared; of the others the differences are listed."""
    pairs = [_described(manifest) for manifest in (one, other)]
    changes: list[Change] = []
    shared = 0
    for position in range(max(len(pairs[0]), len(pairs[1]))):
        ours, theirs = (pair[position] if position < len(pair) else None for pair in pairs)
        name = f"layer {position}"
        if ours is None or theirs is None:
            there = ours or theirs or {}
            changes.append(Change("D" if theirs is None else "A", name, about=str(there.get("digest"))))
            continue
        shared += ours["digest"] == theirs["digest"]
        fields = [
            FieldChange(
                change.name,
                *((change.fields[0].first, change.fields[0].second) if change.fields else _one_sided(change)),
            )
            for change in compare_documents(ours, theirs)
        ]
        if fields:
            changes.append(Change("M", name, tuple(fields)))
    return Section(title, tuple(changes), shared, f"{shared} shared")


def _one_sided(change: Change) -> tuple[str, str]:
    return (change.about, "absent") if change.mark == "D" else ("absent", change.about)


def _described(manifest: ManifestSeen) -> list[dict[str, Any]]:
    """The descriptors of the layers with their DiffIDs."""
    diff_ids = manifest.config.view.rootfs.diff_ids if manifest.config else ()
    raw = manifest.document.fields["layers"] if manifest.document else []
    return [
        {**fields, "DiffID": diff_ids[position] if position < len(diff_ids) else "none"}
        for position, fields in enumerate(raw)
    ]


def _layers(manifest: ManifestSeen) -> tuple[Descriptor, ...]:
    return manifest.document.view.layers if manifest.document else ()


def _digest(manifest: ManifestSeen | None) -> str:
    return str(manifest.stored.actual_digest or "") if manifest else ""

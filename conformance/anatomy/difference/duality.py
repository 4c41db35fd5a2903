"""Compares the TOC of each layer of one image with its tar. Where they differ, two clients see different images."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from conformance.anatomy.difference.compare import compare_trees
from conformance.anatomy.difference.model import Change, Difference, Section
from conformance.anatomy.difference.nodes import Node
from conformance.anatomy.difference.readings import NodeBudget, Reading, has_toc, read_tar, read_toc
from conformance.anatomy.words import count_text
from conformance.format.entries import clean_name
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Descriptor
from conformance.observed.image import ImageSeen
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.source import ImageSource


def compare_readings(
    source: ImageSource, on_bytes: Callable[[int], None], expect: Callable[[int], None] = lambda _: None
) -> Difference:
    """Compare all layers that have a TOC, each once. Raise DiffError or SourceError when there is nothing to compare.

    ``expect`` is called with the number of their bytes, ``on_bytes`` with the number of bytes read.
    """
    seen = observe_image(source, reading=None)
    sections: dict[str, Section] = {}
    expect(_bytes_of(seen))
    for manifest in seen.manifests:
        if manifest.document is None:
            why = manifest.problem or "an index inside the index is not compared"
            raise SourceError(f"{seen.reference}: {manifest.name}: {why}")
        for position, layer in enumerate(manifest.document.view.layers):
            if layer.media_type == SENTINEL_TYPE or str(layer) in sections:
                continue
            title = f"layer {position} of {manifest.name}, {layer.digest}"
            sections[str(layer)] = _section(source, layer, title, on_bytes)
    if not any(section.said for section in sections.values()):
        raise SourceError(f"{seen.reference}: no layer has a TOC; there is only one reading of it")
    return Difference("the TOC", "the tar", tuple(sections.values()))


def _bytes_of(seen: ImageSeen) -> int:
    """The number of bytes of all layers with a TOC, each once."""
    layers = {
        str(layer): layer.size
        for manifest in seen.manifests
        if manifest.document is not None
        for layer in manifest.document.view.layers
        if layer.media_type != SENTINEL_TYPE and has_toc(layer)
    }
    return sum(max(size, 0) for size in layers.values())


def _section(source: ImageSource, layer: Descriptor, title: str, on_bytes: Callable[[int], None]) -> Section:
    if not has_toc(layer):
        return Section(title, remarks=("it has no TOC: there is only one reading",))
    budget = NodeBudget()
    by_toc, by_tar = read_toc(source, layer, budget), read_tar(source, layer, on_bytes, budget)
    changes = tuple(differences(by_toc.nodes, by_tar.nodes))
    same = len(by_toc.nodes) - sum(change.mark != "A" for change in changes)
    said = f"{count_text(same, 'entry', 'entries')} the same"
    return Section(title, (*_readable_twice(by_toc, by_tar), *changes), same, said)


def _readable_twice(by_toc: Reading, by_tar: Reading) -> Iterator[Change]:
    """Remarks on a reading that is ambiguous by itself."""
    for remark in by_toc.remarks:
        yield Change("D", "the TOC itself", about=remark)
    for remark in by_tar.remarks:
        yield Change("A", "the tar itself", about=remark)


def differences(by_toc: Sequence[Node], by_tar: Sequence[Node]) -> Iterator[Change]:
    """Compare entries paired by cleaned name; repeated names are paired in order."""
    return compare_trees(_by_name(by_toc), _by_name(by_tar))


def _by_name(nodes: Sequence[Node]) -> dict[str, Node]:
    seen: Counter[str] = Counter()
    found: dict[str, Node] = {}
    for node in nodes:
        cleaned = clean_name(node.name.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")
        seen[cleaned] += 1
        found[cleaned if seen[cleaned] == 1 else f"{cleaned} (number {seen[cleaned]})"] = node
    return found

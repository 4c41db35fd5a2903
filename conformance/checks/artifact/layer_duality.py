"""SEC-001, SEC-010 to SEC-013: one blob, one reading."""

from collections.abc import Iterable, Iterator

from conformance.checks.artifact.layer_tar import faults_of, where
from conformance.checks.artifact.layers import broken_off, by_discrepancies, by_whole, needs_deep, no_toc, not_compared
from conformance.checks.artifact.tar_words import DIFFERING, HIDING
from conformance.format.discrepancy import Kind
from conformance.format.tar_faults import TarRule
from conformance.observed.layer import LayerSeen, LayersSeen, ReaderSeen, WholeLayer
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, not_run

_TREE_KINDS = (Kind.NOT_IN_TOC, Kind.NOT_IN_TAR, Kind.ATTRIBUTE, Kind.XATTR, Kind.DIGEST, Kind.TWICE)


@decides("SEC-001")
def one_tree(seen: LayersSeen) -> Iterator[Judgement]:
    return by_whole(seen, _one_tree)


def _one_tree(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
    if layer.toc.lenient_problem:
        yield failed(
            "containers-storage and a strict parser read different TOCs from the document.",
            where=layer.name,
            expected="the same reading in every parser",
            found=layer.toc.lenient_problem,
        )
    yield from _by_faults(
        layer, whole, DIFFERING, "Readers of the tar get different trees: at least one differs from the TOC."
    )
    yield from _real_readers(layer)
    if layer.toc.toc is None or not whole.is_complete:
        yield no_toc(layer) if layer.toc.toc is None else broken_off(layer)
        return
    yield from by_discrepancies(
        layer,
        "A client that reads the TOC and one that reads the tar get different file trees.",
        whole.examined.discrepancies,
        *_TREE_KINDS,
        looked_at=f"{whole.examined.members} entries, {whole.examined.files} contents",
    )
    yield from not_compared(layer, whole)


def _real_readers(layer: LayerSeen) -> Iterator[Judgement]:
    """The results of the readers on this machine, where they were run (zcc check --deep --readers)."""
    if layer.readers_problem:
        yield not_run(f"The real readers were not run: {layer.readers_problem}.", where=layer.name)
    for seen in layer.readers:
        reader = f"{seen.reader} {seen.version}".strip()
        for found in seen.differences:
            yield failed(
                f"{reader} reads a tree from the layer that differs from its TOC.",
                where=f"{layer.name}, {found.name}: {found.what}",
                expected=f"{found.expected} (TOC)",
                found=f"{found.found} ({reader})",
            )
        if seen.count > len(seen.differences):
            yield informed(f"{reader}: {seen.count} differences in all", where=layer.name)
        elif seen.refused:
            yield informed(f"{reader} refuses the layer: {seen.refused}", where=layer.name)
        elif seen.limited:
            yield informed(f"{reader} is not compared: it does not know {seen.limited}", where=layer.name)
    if agreeing := [f"{seen.reader} {seen.version}".strip() for seen in layer.readers if _agrees(seen)]:
        yield informed(f"{', '.join(agreeing)}: all read the tree of the TOC", where=layer.name)


def _agrees(seen: ReaderSeen) -> bool:
    return not (seen.refused or seen.limited or seen.count)


@decides("SEC-013")
def one_tree_by_legacy_keys(seen: LayersSeen) -> Iterator[Judgement]:
    for layer in seen.layers:
        if layer.annotations.is_legacy:
            yield from _one_legacy_tree(layer) if seen.deep else (needs_deep(layer),)


def _one_legacy_tree(layer: LayerSeen) -> Iterator[Judgement]:
    by_keys = layer.by_legacy_keys
    toc = None if by_keys is None else by_keys.toc
    if by_keys is None or toc is None or toc.unreadable or by_keys.whole is None:
        yield not_run("The layer could not be read by its legacy keys.", where=layer.name)
    elif toc.toc is None:
        yield failed(
            "Legacy keys name no TOC that can be read: older clients (podman 4) refuse the layer.",
            where=layer.name,
            expected="the TOC of the layer",
            found=toc.problem,
        )
    elif not by_keys.whole.is_complete:
        yield broken_off(layer)
    else:
        examined = by_keys.whole.examined
        yield from by_discrepancies(
            layer,
            "An older client that reads the TOC (podman 4) and one that reads the tar get different file trees.",
            examined.discrepancies,
            *_TREE_KINDS,
            looked_at=f"{examined.members} entries, {examined.files} contents",
        )
        yield from not_compared(layer, by_keys.whole)


@decides("SEC-010")
def nothing_between_the_contents(seen: LayersSeen) -> Iterator[Judgement]:
    def in_headers(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
        return _by_faults(layer, whole, HIDING, "A tar header holds bytes that no reader uses.")

    yield from by_whole(seen, in_headers)
    yield from _hidden(seen, Kind.PADDING, "The padding of a file holds bytes that no reader uses.")


@decides("SEC-011")
def one_archive_only(seen: LayersSeen) -> Iterator[Judgement]:
    return _hidden(
        seen, Kind.SECOND_ARCHIVE, "Another archive follows the end of the archive: some readers continue reading."
    )


@decides("SEC-012")
def nothing_behind_the_archive(seen: LayersSeen) -> Iterator[Judgement]:
    return _hidden(seen, Kind.TRAILING, "Bytes that no reader uses follow the end of the archive.")


def _hidden(seen: LayersSeen, kind: Kind, message: str) -> Iterator[Judgement]:
    def one(layer: LayerSeen, whole: WholeLayer) -> Iterator[Judgement]:
        if not whole.is_complete:
            yield broken_off(layer)
            return
        looked_at = f"{whole.examined.size} bytes of tar"
        yield from by_discrepancies(layer, message, whole.examined.discrepancies, kind, looked_at=looked_at)

    return by_whole(seen, one)


def _by_faults(layer: LayerSeen, whole: WholeLayer, rules: Iterable[TarRule], message: str) -> Iterator[Judgement]:
    """One finding for each of these rules that a header breaks: its own requirement (TAR) shows all."""
    for rule in rules:
        for fault in faults_of(whole, rule)[1][:1]:
            yield failed(message, where=where(layer, fault), expected=fault.expected, found=fault.found)

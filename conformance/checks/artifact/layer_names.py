"""Names of entries: one tree below one root for every reader."""

from collections.abc import Callable, Iterator

from conformance.checks.artifact import name_rules, whiteout_rules
from conformance.checks.artifact.hard_links import differing_hard_links, indirect_targets, targets_below_symlinks
from conformance.checks.artifact.layers import by_rule, by_toc, problems_of
from conformance.checks.artifact.stack_rules import outer_links
from conformance.format.toc_outline import Outline, Problems
from conformance.observed.layer import LayerSeen, LayersSeen
from conformance.requirements import decides
from conformance.results import Judgement, passed


@decides("TOC-018")
def names_below_the_root(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen, name_rules.climbing_names, "A name has the component ..: readers refuse it, or write it to another path."
    )


@decides("TOC-019")
def colliding_names(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(seen, name_rules.names_twice, "Two names are equal after cleaning: the last extracted one remains.")


@decides("TOC-023")
def root_is_a_directory(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen, name_rules.roots_of_other_types, "The root of the layer is not a directory: readers refuse it or go on."
    )


@decides("TAR-035")
def parents_are_directories(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        name_rules.wrong_parents,
        "An entry lies below one that is not a directory: readers follow, replace or refuse it.",
    )


@decides("TAR-050")
def whiteouts_of_a_name(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        whiteout_rules.nameless_whiteouts,
        "A whiteout names no entry: readers remove the directory it is in, or more, or refuse it.",
    )


@decides("TAR-048")
def whiteouts_of_other_layers(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        whiteout_rules.contradicted_whiteouts,
        "A whiteout removes a name that its own layer has: readers keep the entry, remove it, or refuse the layer.",
    )


@decides("TAR-058")
def whiteouts_of_the_root(seen: LayersSeen) -> Iterator[Judgement]:
    message = "An opaque whiteout hides all that lower layers have: some clients ignore it at the root."
    return _by_upper_layer(seen, whiteout_rules.opaque_root, message)


@decides("TAR-059")
def targets_in_the_layer(seen: LayersSeen) -> Iterator[Judgement]:
    message = "A hard link leads to a lower layer: clients that unpack each layer by itself refuse it."
    return _by_upper_layer(seen, outer_links, message)


def _by_upper_layer(seen: LayersSeen, rule: Callable[[Outline], Problems], message: str) -> Iterator[Judgement]:
    def one(layer: LayerSeen, toc: Outline) -> Iterator[Judgement]:
        if layer.has_lower:
            yield from problems_of(layer, rule(toc), message) or [passed(layer.name)]

    return by_toc(seen, one)


@decides("TAR-049")
def hard_links_as_their_file(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        differing_hard_links,
        "A hard link has another mode, owner or attribute than its file: some readers apply it to the file.",
    )


@decides("TOC-041")
def hard_links_to_names(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        indirect_targets,
        "The target of a hard link is no plain name of a file: readers link to different files, or refuse it.",
    )


@decides("TOC-042")
def hard_links_below_directories(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        targets_below_symlinks,
        "The target of a hard link is reached through a symlink: some readers refuse it, or leave the root.",
    )


@decides("TOC-043")
def relative_names(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen, name_rules.absolute_names, "A name begins with a slash: some readers take it for a path of the host."
    )

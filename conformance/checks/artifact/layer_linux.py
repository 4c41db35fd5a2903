"""TAR-051 to TAR-055: entries that Linux can create as the layer states them."""

from collections.abc import Iterator

from conformance.checks.artifact import linux_rules
from conformance.checks.artifact.layers import by_rule
from conformance.observed.layer import LayersSeen
from conformance.requirements import decides
from conformance.results import Judgement


@decides("TAR-051")
def owners_that_are_set(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        linux_rules.unchanged_owners,
        "The owner 4294967295 is -1 to chown(2), which leaves the owner as it is: the file belongs to who unpacks it.",
    )


@decides("TAR-052")
def devices_of_linux(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        linux_rules.large_devices,
        "Linux has no device of these numbers: some clients refuse it, others create the device of the low bits.",
    )


@decides("TAR-053")
def user_attributes_of_files(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        linux_rules.misplaced_user_attributes,
        "Linux permits user.* on files and directories only: some clients refuse the layer, others leave it out.",
    )


@decides("TAR-054")
def attributes_of_linux(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen,
        linux_rules.impossible_attributes,
        "Linux refuses an extended attribute: some clients refuse the layer, others leave the attribute out.",
    )


@decides("TAR-055")
def names_of_linux(seen: LayersSeen) -> Iterator[Judgement]:
    return by_rule(
        seen, linux_rules.long_names, "A name or a target is longer than Linux allows: no client creates it."
    )

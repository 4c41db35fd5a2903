"""SENT-PUSH: destinations other than registries, truncated sources, and reports of omitted
variants.
"""

import re
from collections.abc import Iterator
from typing import Final

from conformance.checks.artifact.pairs import pairs, sentinel_manifests
from conformance.observed.producer import BrokenInputSeen, ContentsSeen, PushSeen, StoredSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, not_run, passed

_SAYS_SO: Final = re.compile(r"(?i)(?<![a-z])(?:sentinel|variant)s?(?![a-z])")


@decides("SENT-PUSH-017")
def a_stored_pair_is_complete(seen: StoredSeen) -> Iterator[Judgement]:
    if seen.ended == "refused":
        yield passed(seen.name, found=f"refused: {seen.reason}")
    elif seen.ended != "succeeded":
        yield failed("It neither wrote the image nor refused.", where=seen.name,
                     expected="a complete image, or refused", found=f"{seen.ended}: {seen.reason}",
                     evidence=seen.evidence)  # fmt: skip
    elif seen.after is None:
        yield failed("It reported success, but wrote no image.", where=seen.name, expected="a complete image",
                     found="no readable image", evidence=seen.evidence)  # fmt: skip
    else:
        alone = [pair.sentinel.name for pair in pairs(seen.after) if pair.plain is None]
        missing = [*seen.missing, *(f"the plain variant of {name}" for name in alone)]
        if not sentinel_manifests(seen.after) and not missing:
            yield informed("no sentinel variant was written there", where=seen.name)
        yield judge(not missing, "Content that the documents name is missing.", where=seen.name,
                    expected="every blob and manifest", found=f"missing: {', '.join(missing)}",
                    evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-020")
def a_variant_that_cannot_be_made_is_told_of(seen: PushSeen) -> Iterator[Judgement]:
    if not seen.due:
        return
    if seen.ended == "refused":
        yield passed(seen.name, found=f"refused: {seen.reason}")
    elif seen.ended != "succeeded" or seen.after is None:
        yield not_run(f"the push was not made: {seen.ended} {seen.reason}", where=seen.name, evidence=seen.evidence)
    elif sentinel_manifests(seen.after):
        yield passed(seen.name, found="a variant was created nevertheless")
    else:
        yield judge(bool(_SAYS_SO.search(seen.output)), "A required variant was omitted without a message.",
                    where=seen.name, expected="a line that mentions the sentinel variant",
                    found=seen.output.strip()[-200:] or "no output", evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-021")
def sentinels_can_be_switched_off(seen: PushSeen) -> Iterator[Judgement]:
    if seen.sentinels_off and seen.after is not None:
        made = [manifest.name for manifest in sentinel_manifests(seen.after)]
        yield judge(not made, "It creates a sentinel variant although the option forbids it.", where=seen.name,
                    expected="no sentinel manifest", found=", ".join(made), evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-026")
def contents_arrive(seen: ContentsSeen) -> Iterator[Judgement]:
    yield judge(not seen.problem, "An image was pushed with other contents than those given.",
                where=f"{seen.name}: {seen.which}", expected="the files and links that were given",
                found=seen.problem, evidence=seen.evidence)  # fmt: skip


@decides("LAYER-011")
def input_that_breaks_off_leaves_no_layer(seen: BrokenInputSeen) -> Iterator[Judgement]:
    expected = "refused, and nothing under the tag"
    if seen.ended in ("crashed", "timed-out"):
        yield failed("The tool crashed or hung on truncated input.", where=seen.what, expected=expected,
                     found=f"{seen.ended}: {seen.reason}", evidence=seen.evidence)  # fmt: skip
        return
    found = seen.ended + (", and the tag names an image" if seen.tagged else "")
    yield judge(seen.ended == "refused" and not seen.tagged, "Truncated input is written as a layer.",
                where=seen.what, expected=expected, found=found, evidence=seen.evidence)  # fmt: skip

"""The outcome of a run: the outcome for each claimed profile, and the exit status (docs/verdicts.md)."""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from conformance.requirements import Profile, ids_of, load_catalogue
from conformance.results.verdicts import RequirementResult

Ending = Literal["conforms", "does-not-conform", "incomplete"]
# pytest itself uses 0 to 5 (5: no tests). A run that could not start, or an invalid option, is EXIT_COULD_NOT_RUN.
EXIT_STATUS: Final[dict[Ending, int]] = {"conforms": 0, "does-not-conform": 1, "incomplete": 8}
EXIT_COULD_NOT_RUN: Final = 2
EXIT_INCOMPLETE: Final = EXIT_STATUS["incomplete"]
GRAVEST_FIRST: Final[tuple[Ending, ...]] = ("does-not-conform", "incomplete", "conforms")


class Claim(msgspec.Struct, frozen=True):
    """The outcome for one claimed profile. All ids are of MUST requirements of the profile.

    ``passed`` and ``not_applicable`` are counts. ``undecided`` were not run or have no check, ``unsupported`` need a
    feature that the target lacks, ``needs_deep`` are decided by a deep check only. ``warnings`` counts failed SHOULD.
    ``implied``: the user did not name the profile; then an unsupported feature makes it "not claimed", not incomplete.
    """

    profile: Profile
    ending: Ending
    passed: int = 0
    not_applicable: int = 0
    failed: tuple[str, ...] = ()
    waived: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    needs_deep: tuple[str, ...] = ()
    warnings: int = 0
    implied: bool = False

    @property
    def decided(self) -> int:
        """The number of MUST that passed or failed."""
        return self.passed + len(self.failed) + len(self.waived)

    @property
    def applicable(self) -> int:
        """The number of applicable MUST."""
        return self.decided + len(self.undecided) + len(self.unsupported) + len(self.needs_deep)

    @property
    def is_withdrawn(self) -> bool:
        """Implied only, and the target lacks the feature of the profile: no statement is made on it."""
        return self.implied and bool(self.unsupported) and self.ending == "conforms"


def judge_claim(
    profile: Profile,
    results: Iterable[RequirementResult],
    *,
    needs_deep: Iterable[str] = (),
    unchecked: Iterable[str] = (),
    implied: bool = False,
) -> Claim:
    """The claim of one profile, from the results of a target.

    ``needs_deep`` and ``unchecked`` are ids without a result. A failed MUST takes precedence. An undecided MUST makes
    the outcome incomplete, also for a missing feature; where no MUST was decided, it is incomplete too.
    """
    catalogue, binding = load_catalogue(), ids_of(profile)
    musts = {name for name in binding if catalogue[name].level == "MUST"}
    mine = [result for result in results if result.id in binding]

    def having(verdict: str) -> tuple[str, ...]:
        return tuple(result.id for result in mine if result.level == "MUST" and result.verdict == verdict)

    claim = Claim(
        profile,
        "conforms",
        len(having("pass")),
        len(having("not-applicable")),
        having("fail"),
        having("waived"),
        (*having("not-run"), *(name for name in unchecked if name in musts)),
        having("unsupported"),
        tuple(name for name in needs_deep if name in musts),
        sum(result.is_warning for result in mine),
        implied,
    )
    return msgspec.structs.replace(claim, ending=_ending(claim))


def _ending(claim: Claim) -> Ending:
    if claim.failed:
        return "does-not-conform"
    lacking = claim.unsupported and not claim.implied
    if claim.undecided or lacking or not (claim.passed or claim.waived):
        return "incomplete"
    return "conforms"


def ending_of(results: Iterable[RequirementResult]) -> Ending:
    """The outcome of results without a claimed profile: only failures and not-run count."""
    broken = [result for result in results if result.breaks_conformance]
    if any(result.verdict == "fail" for result in broken):
        return "does-not-conform"
    return "incomplete" if broken else "conforms"


def gravest(endings: Iterable[Ending]) -> Ending:
    """The outcome of several: a failure takes precedence over incomplete; with none it is "conforms"."""
    return min(endings, key=GRAVEST_FIRST.index, default="conforms")

"""The power of a run: examples tried for each property, their shapes, the seed, and the bound that follows."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from math import ceil
from typing import Final

import msgspec

CONFIDENCE: Final = 0.95
_ON_SUBJECTS: Final = "Generated examples that were tried:"
_CONTROL: Final = "Generated artifacts (the suite's control of its own checks):"
_READING: Final = "fails < p: with 95 % confidence, fewer than p of the examples that the generator draws fail"
_WHERE: Final = "the shapes of the examples: `power` in results.json, and report.html"
_SEEDS_SHOWN: Final = 4


class Property(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was tried over generated examples.

    ``statement`` is the property, ``examples`` the number of examples. ``requirement`` and
    ``subject`` are set where the examples judge a target; without them they are the suite's control of its own checks.
    ``shapes`` counts the examples by shape; ``seed`` reproduces the examples ("" where the
    tool determines the sequence). ``failed``: an example failed, generation stopped there, and ``bound`` is None.
    Otherwise ``bound`` is the upper end of the 95 % confidence interval of the failure rate.
    """

    statement: str
    examples: int
    requirement: str = ""
    subject: str = ""
    shapes: dict[str, int] = {}
    seed: str = ""
    failed: bool = False
    bound: float | None = None


def tried(
    statement: str,
    examples: int,
    *,
    requirement: str = "",
    subject: str = "",
    shapes: dict[str, int] | None = None,
    seed: str = "",
    failed: bool = False,
) -> Property:
    """A Property whose bound follows from its examples."""
    bound = None if failed or not examples else failure_bound(examples)
    ordered = dict(sorted((shapes or {}).items()))
    return Property(statement, examples, requirement, subject, ordered, seed, failed, bound)


def failure_bound(examples: int, confidence: float = CONFIDENCE) -> float:
    """The largest failure rate that is consistent with no failure in ``examples`` independent draws.

    The exact (Clopper-Pearson) one-sided upper limit for 0 of n: 1 - (1 - confidence) ** (1 / n); for n of 30 and more
    about 3 / n (the rule of three). It holds for examples as the generator draws them, not for all inputs.
    ValueError for fewer than one example.
    """
    if examples < 1:
        raise ValueError(f"a bound needs an example, but there are {examples}")
    return float(round(1 - (1 - confidence) ** (1 / examples), 6))


def power_lines(properties: Sequence[Property]) -> Iterator[str]:
    """The statement of power for a terminal: what was tried on targets, then the control of the suite's own checks.

    Adjacent entries with one statement, each on another requirement, are one line. The last line has the seeds, and
    where the distribution of the shapes is written.
    """
    on_subjects = [each for each in properties if each.subject]
    control = [each for each in properties if not each.subject]
    for title, listed in ((_ON_SUBJECTS, on_subjects), (_CONTROL, control)):
        if listed:
            yield f"\n{title}"
            for _, group in groupby(listed, key=lambda each: (each.subject, each.statement, each.failed)):
                yield f"  {_line(tuple(group))}"
    if any(each.bound is not None for each in properties):
        yield f"  ({_READING})"
    if properties:
        yield f"  ({_seeds(properties)}; {_WHERE})"


def power_texts(properties: Sequence[Property]) -> Iterator[str]:
    """Each property with all that is known of it, in one line, targets first: for forms that have no table for it."""
    for each in sorted(properties, key=lambda tried: not tried.subject):
        of = each.subject or "the suite's own checks"
        shapes = ", ".join(f"{name}: {count}" for name, count in each.shapes.items())
        more = (f"; shapes: {shapes}" if shapes else "") + (f"; seed {each.seed}" if each.seed else "")
        yield f"{of}: {_line((each,)).strip()}{more}"


def _seeds(properties: Sequence[Property]) -> str:
    """The different seeds, in order; those of many properties are counted."""
    seeds = list(dict.fromkeys(each.seed for each in properties if each.seed))
    if not seeds:
        return "no seed: the examples are the same in every run"
    if len(seeds) > _SEEDS_SHOWN:
        return f"{len(seeds)} seeds, in results.json"
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(seeds)}"


def _line(group: tuple[Property, ...]) -> str:
    fewest = min(group, key=lambda each: each.examples)
    counted = f"{fewest.examples:5} example{'s' if fewest.examples != 1 else ''}"
    if len(group) > 1:
        counted += f" for each of {len(group)} requirements"
    named = f"{fewest.requirement if len(group) == 1 else ''} {fewest.statement}".strip()
    if fewest.failed:
        return f"{counted}, the last one fails: {named}"
    bound = "" if fewest.bound is None else f", fails < {percent(fewest.bound)}"
    return f"{counted}{bound}: {named}"


def percent(rate: float) -> str:
    """A rate as text, in two digits, rounded up."""
    tenths = ceil(rate * 1000) if rate < 0.1 else ceil(rate * 100) * 10
    return f"{tenths / 10:g} %"

"""Counterexamples: what Hypothesis found and shrunk, as cases in the form of fixtures/vectors (docs/vectors.md).

Each is a directory of its own, so that workers of one run do not write into one file.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from conformance import __version__
from conformance.cases.vectors.build import LICENCE, case_about, described, input_of
from conformance.cases.vectors.features import importance_of
from conformance.cases.vectors.model import Case, Index, Input, Step, Vectors
from conformance.cases.vectors.stages import stages_of
from conformance.cases.vectors.store import write_vectors
from conformance.format.digest import Digest
from conformance.images.draft import Drafted
from conformance.requirements import load_catalogue

DIRECTORY: Final = "counterexamples"
"""Where they are below the directory of a report."""


def keep_pulled(keep: Path, requirement_id: str, hidden: Drafted, plain: Drafted, seed: int) -> Path:
    """An image of which a tool unpacked the sentinel variant to another tree than the plain one; its directory."""
    name = _name(seed, hidden.root)
    comment = "the tool unpacked this sentinel variant and its plain variant to different trees"
    case_id = f"{requirement_id.lower()}-{name}"
    facts: dict[str, Any] = {"expect": "accept", "touches": (requirement_id,), "seed": str(seed)}
    cases, blobs = [], dict[str, bytes]()
    for of, image, words in ((case_id, hidden, comment), (f"{case_id}-plain", plain, "its plain variant")):
        given, kept = input_of(image)
        twin = f"{case_id}-plain" if of == case_id else ""
        cases.append(described(case_about(of, requirement_id, "image", given, words, twin=twin, **facts), kept))
        blobs |= kept
    return _written(keep / name, cases, blobs)


def keep_pushed(keep: Path, broken: Sequence[str], pushed: Drafted, source: Drafted, seed: int) -> Path:
    """What a tool pushed, which breaks requirements, and the image that it was given; the directory."""
    name, first = _name(seed, source.root), broken[0]
    case_id = f"{first.lower()}-{name}"
    given, kept = input_of(source)
    was_given = case_about(
        f"{case_id}-given", first, "image", given, "what the tool was given", expect="accept", touches=(first,)
    )
    given, more = input_of(pushed)
    must = any(load_catalogue()[each].level == "MUST" for each in broken)
    facts: dict[str, Any] = {
        "expect": "refuse" if must else "either",
        "breaks": tuple(broken),
        "stages": stages_of(broken),
        "twin": was_given.id,
        "seed": str(seed),
    }
    case = case_about(case_id, first, "image", given, "what the tool made of it", **facts)
    return _written(keep / name, [described(case, more), described(was_given, kept)], kept | more)


def keep_requests(
    keep: Path, requirement_id: str, steps: Sequence[Step], contents: Mapping[str, bytes], seed: int
) -> Path:
    """Requests after which a registry contradicts them, the last one first to show it; the directory."""
    name = _name(seed, repr(steps).encode())
    used = {step.content for step in steps if step.content}
    given = Input("", tuple(sorted(used)), steps=tuple(steps))
    comment = "the response to the last of these requests contradicts the others"
    facts: dict[str, Any] = {"expect": "accept", "touches": (requirement_id,), "seed": str(seed)}
    importance = importance_of(load_catalogue()[requirement_id])
    case = case_about(
        f"{requirement_id.lower()}-{name}", requirement_id, "requests", given, comment, importance=importance, **facts
    )
    return _written(keep / name, [case], {digest: contents[digest] for digest in used})


def _name(seed: int, content: bytes) -> str:
    return f"seed-{seed}-{Digest.of(content).hex[:12]}"


def _written(directory: Path, cases: Sequence[Case], blobs: dict[str, bytes]) -> Path:
    ordered = tuple(sorted(cases, key=lambda case: case.id))
    write_vectors(Vectors(Index(load_catalogue().revision, LICENCE, ordered, {}, suite=__version__), blobs), directory)
    return directory

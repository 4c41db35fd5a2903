"""Failures that the user declares: their file, application and notes."""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from conformance.requirements import load_catalogue
from conformance.results.verdicts import RequirementResult


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A failure the user declares: for one requirement, with a reason, until a date."""

    id: str
    reason: str
    until: date


class _Waivers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    waive: tuple[Waiver, ...] = ()


def read_waivers(text: str) -> tuple[Waiver, ...]:
    """Read a TOML file of ``[[waive]]`` tables with ``id``, ``reason`` and ``until``; ValueError if it is wrong."""
    try:
        waivers = msgspec.convert(tomllib.loads(text), _Waivers).waive
    except msgspec.ValidationError as error:
        raise ValueError(f"each [[waive]] has id, reason and until (a date): {error}") from None
    known = load_catalogue().ids()
    retired = {item.id: item for item in load_catalogue().retired}
    for waiver in waivers:
        if waiver.id in retired:
            instead = ", ".join(retired[waiver.id].successors) or "there is no successor"
            raise ValueError(f"{waiver.id} is retired ({retired[waiver.id].reason}); waive instead: {instead}")
        if waiver.id not in known:
            raise ValueError(f"{waiver.id} is not in the catalogue")
        if not waiver.reason.strip():
            raise ValueError(f"{waiver.id} is waived without a reason")
    return waivers


def apply_waivers(
    results: Iterable[RequirementResult], waivers: Iterable[Waiver], today: date
) -> tuple[RequirementResult, ...]:
    """Failures that are waived become ``waived``; where the waiver has expired a note reports this. The findings are
    retained.
    """
    known = {waiver.id: waiver for waiver in sorted(waivers, key=lambda waiver: waiver.until)}

    def apply(result: RequirementResult) -> RequirementResult:
        waiver = known.get(result.id)
        if result.verdict != "fail" or waiver is None:
            return result
        if waiver.until < today:
            reason = f"its waiver expired on {waiver.until}: {waiver.reason}"
            return msgspec.structs.replace(result, reason=reason)
        reason = f"waived until {waiver.until}: {waiver.reason}"
        return msgspec.structs.replace(result, verdict="waived", reason=reason)

    return tuple(apply(result) for result in results)


def notes_on_waivers(results: Iterable[RequirementResult], waivers: Iterable[Waiver], today: date) -> Iterator[str]:
    """Notes on waivers that are no longer needed or have expired."""
    verdicts = {result.id: result.verdict for result in results}
    for waiver in waivers:
        verdict = verdicts.get(waiver.id)
        if verdict == "pass":
            yield f"{waiver.id} passes and is waived until {waiver.until} ({waiver.reason}): remove the waiver"
        elif verdict is not None and waiver.until < today:
            yield f"the waiver of {waiver.id} expired on {waiver.until} ({waiver.reason})"

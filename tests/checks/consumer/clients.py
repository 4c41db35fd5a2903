"""Situations in which a client chooses an entry, a client that chooses right, and clients with one defect each."""

from collections.abc import Callable
from typing import Final

import msgspec

from conformance.format.names import MANIFEST_TYPE, SENTINEL_ANNOTATION, ZSTD_ANNOTATION
from conformance.format.oci import Descriptor, Index, Platform
from conformance.format.selection import Policy, select
from conformance.observed.consumer import SelectionSeen
from conformance.requirements import mutant

AMD64: Final = Platform("amd64", "linux")
_V8 = Platform("arm64", "linux", "v8")
_ARM64 = Platform("arm64", "linux")
_ANNOTATIONS: Final = {
    "G": {},
    "Z": {ZSTD_ANNOTATION: "true"},
    "z": {},
    "S": {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"},
    "s": {SENTINEL_ANNOTATION: "true"},
    "X": {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "True"},
}


class Situation(msgspec.Struct, frozen=True):
    """An index, and who asks. ``manifest_is_plain``: what the annotated entry leads to has no sentinel layer."""

    name: str
    index: Index
    platform: Platform = AMD64
    aware: bool = True
    prefer_gzip: bool = False
    toc_capable: bool = True
    manifest_is_plain: bool = False


def index_of(letters: str, platform: Platform | None = AMD64) -> tuple[Descriptor, ...]:
    """Entries by the letters of docs/format.md section 17: G Z z S s X."""
    return tuple(
        Descriptor(MANIFEST_TYPE, f"sha256:{number:064x}", 100, annotations=_ANNOTATIONS[letter], platform=platform)
        for number, letter in enumerate(letters.replace(" ", ""))
    )


def _situation(name: str, entries: tuple[Descriptor, ...], platform: Platform = AMD64, **flags: bool) -> Situation:
    return Situation(name, Index(schema_version=2, manifests=entries), platform, **flags)


SITUATIONS: Final = (
    _situation("pair", index_of("ZS")),
    _situation("gzip and pair", index_of("GZS")),
    _situation("gzip and pair, unaware", index_of("GZS"), aware=False),
    _situation("sentinel of a worse platform", (*index_of("Z", _V8), *index_of("S", _ARM64)), _V8),
    _situation("sentinel of another platform", (*index_of("ZS"), *index_of("Z", _ARM64)), _ARM64),
    _situation("annotation not true", index_of("ZX")),
    _situation("annotated plain manifest", index_of("ZS"), manifest_is_plain=True),
    _situation("prefer gzip", index_of("GZS"), prefer_gzip=True),
    _situation("prefer gzip where there is none", index_of("ZS"), prefer_gzip=True),
    _situation("no partial pulls", index_of("ZS"), toc_capable=False),
    _situation("entry without platform first", (*index_of("S", None), *index_of("Z"))),
    _situation("entries without platform only", index_of("Z", None)),
)

Client = Callable[[Situation], SelectionSeen]


def seen_by(situation: Situation, chosen: int | None, *, trusts_annotation: bool = False) -> SelectionSeen:
    """The observation of one choice."""
    annotated = chosen is not None and situation.index.manifests[chosen].annotation(SENTINEL_ANNOTATION) == "true"
    really = annotated and not situation.manifest_is_plain
    return SelectionSeen(
        situation.name,
        situation.index,
        situation.platform,
        chosen,
        aware=situation.aware,
        prefer_gzip=situation.prefer_gzip,
        toc_capable=situation.toc_capable,
        has_sentinel_layer=really,
        relaxed=annotated if trusts_annotation else really,
    )


def right_client(situation: Situation) -> SelectionSeen:
    """The algorithm of docs/format.md section 17; aware only where it can pull by TOC (SENT-SELECT-008)."""
    return seen_by(situation, _pick(situation))


@mutant("SENT-SELECT-001", implies=("SENT-SELECT-010",))
def never_takes_a_sentinel(situation: Situation) -> SelectionSeen:
    return seen_by(situation, _pick(situation, policy=Policy.ZSTD))


@mutant("SENT-SELECT-002")
def unaware_takes_the_last_zstd(situation: Situation) -> SelectionSeen:
    return seen_by(situation, _pick(situation, policy=Policy.AWARE) if not situation.aware else _pick(situation))


@mutant("SENT-SELECT-003", implies=("SENT-SELECT-004",))
def sentinel_before_platform(situation: Situation) -> SelectionSeen:
    best = _pick(situation)
    same_os = [
        position
        for position, entry in enumerate(situation.index.manifests)
        if entry.platform
        and entry.platform.architecture == situation.platform.architecture
        and entry.annotation(SENTINEL_ANNOTATION) == "true"
    ]
    usual = not situation.aware or situation.prefer_gzip or not situation.toc_capable
    return seen_by(situation, best if usual or not same_os else same_os[0])


@mutant("SENT-SELECT-004")
def refuses_where_there_is_no_sentinel(situation: Situation) -> SelectionSeen:
    chosen = _pick(situation)
    return seen_by(situation, None if situation.name == "sentinel of another platform" else chosen)


@mutant("SENT-SELECT-005")
def takes_any_value_for_true(situation: Situation) -> SelectionSeen:
    entries = situation.index.manifests
    untrue = [at for at, entry in enumerate(entries) if entry.annotation(SENTINEL_ANNOTATION) not in (None, "true")]
    return seen_by(situation, untrue[0] if untrue else _pick(situation))


@mutant("SENT-SELECT-006")
def trusts_the_annotation(situation: Situation) -> SelectionSeen:
    return seen_by(situation, _pick(situation), trusts_annotation=True)


@mutant("SENT-SELECT-007")
def ignores_the_preference(situation: Situation) -> SelectionSeen:
    return seen_by(situation, _pick(msgspec.structs.replace(situation, prefer_gzip=False)))


@mutant("SENT-SELECT-008")
def always_takes_the_sentinel(situation: Situation) -> SelectionSeen:
    return seen_by(situation, _pick(msgspec.structs.replace(situation, toc_capable=True)))


@mutant("SENT-SELECT-009", implies=("SENT-SELECT-004",))
def takes_entries_without_platform_for_best(situation: Situation) -> SelectionSeen:
    without = [position for position, entry in enumerate(situation.index.manifests) if entry.platform is None]
    return seen_by(situation, without[0] if without else _pick(situation))


@mutant("SENT-SELECT-010")
def gzip_preference_rules_out_sentinels(situation: Situation) -> SelectionSeen:
    policy = Policy.ZSTD if situation.prefer_gzip else None
    return seen_by(situation, _pick(situation, policy=policy))


def _pick(situation: Situation, *, policy: Policy | None = None) -> int | None:
    usual = Policy.AWARE if situation.aware and situation.toc_capable else Policy.ZSTD
    return select(situation.index, policy or usual, situation.platform, prefer_gzip=situation.prefer_gzip)

"""SENT-INDEX: the index that lists both variants. An image without index is judged by its manifest alone."""

from collections import Counter
from collections.abc import Iterator

from conformance.checks.artifact.documents import ambiguous_at
from conformance.checks.artifact.pairs import (
    data_layers,
    is_sentinel_manifest,
    layers_of,
    pairs,
    plain_manifests,
    platform_text,
    selected_for,
    sentinel_manifests,
)
from conformance.format.image_kind import is_unknown_platform
from conformance.format.names import (
    INDEX_TYPE,
    MANIFEST_CHECKSUM,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    TARSPLIT_POSITION,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, not_run, passed


def _entries(seen: ImageSeen) -> Iterator[tuple[ManifestSeen, Descriptor]]:
    """Manifests with their index entries, for images with sentinels or sentinel annotations."""
    if sentinel_manifests(seen) or any(_announced(m.entry) for m in seen.manifests):
        for manifest in seen.manifests:
            if manifest.entry is not None:
                yield manifest, manifest.entry


def _announced(entry: Descriptor | None) -> bool:
    return entry is not None and entry.annotation(SENTINEL_ANNOTATION) is not None


def _says(entry: Descriptor, key: str) -> bool:
    return entry.annotation(key) == "true"


@decides("SENT-INDEX-001")
def annotated(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        if manifest.entry is None:
            yield informed("The manifest was named by itself; whether an index lists it was not inspected.")
            continue
        value = manifest.entry.annotation(SENTINEL_ANNOTATION)
        # A value other than "true" is SENT-INDEX-017; here the key must be there.
        yield judge(
            value is not None,
            "The index entry of a sentinel manifest has no sentinel annotation, so no client selects it.",
            where=f"index.{manifest.name}.annotations",
            expected=f'{SENTINEL_ANNOTATION} = "true"',
            found="no such annotation" if value is None else repr(value),
        )


@decides("SENT-INDEX-004")
def plain_first(seen: ImageSeen) -> Iterator[Judgement]:
    position = {manifest.name: place for place, manifest in enumerate(seen.manifests)}
    for sentinel in sentinel_manifests(seen):
        if sentinel.entry is None:
            continue
        same = [plain for plain in plain_manifests(seen) if plain.platform == sentinel.platform]
        late = [plain.name for plain in same if position[plain.name] > position[sentinel.name]]
        if same:
            yield judge(
                not late,
                "The sentinel entry comes before a plain entry of its platform: older clients select the first entry.",
                where=f"index.{sentinel.name} ({platform_text(sentinel.platform)})",
                expected="after every plain entry of the platform",
                found=f"before {', '.join(late)}" if late else "after them",
            )


@decides("SENT-INDEX-005")
def in_order(seen: ImageSeen) -> Iterator[Judgement]:
    # No client selects an attestation: its position has no effect.
    entries = [entry for _, entry in _entries(seen) if not is_unknown_platform(entry)]
    if entries:
        scores = [2 if _says(e, SENTINEL_ANNOTATION) else 1 if _says(e, ZSTD_ANNOTATION) else 0 for e in entries]
        words = ("not zstd", "zstd", "sentinel")
        yield judge(
            scores == sorted(scores),
            "The entries are not in the stable order of the reference.",
            where="index.manifests",
            expected="not zstd, then zstd, then sentinel",
            found=", ".join(words[score] for score in scores),
        )


@decides("SENT-INDEX-006")
def one_a_platform(seen: ImageSeen) -> Iterator[Judgement]:
    sentinels = [manifest for manifest in sentinel_manifests(seen) if manifest.entry is not None]
    counts = Counter(manifest.platform for manifest in sentinels)
    for platform, count in counts.items():
        yield judge(
            count == 1,
            "A platform has more than one sentinel entry.",
            where=f"index.manifests, {platform_text(platform)}",
            expected="1",
            found=str(count),
        )


@decides("SENT-INDEX-007")
def has_plain(seen: ImageSeen) -> Iterator[Judgement]:
    for pair in pairs(seen):
        if pair.sentinel.entry is None:
            continue
        wanted = {layer.digest for layer in data_layers(pair.sentinel)}
        shared = wanted & {layer.digest for layer in data_layers(pair.plain)} if pair.plain else set()
        yield judge(
            pair.plain is not None and bool(shared or not wanted),
            "A sentinel entry has no plain entry whose layers it reuses, so unaware clients have no entry to use.",
            where=f"index.{pair.sentinel.name} ({platform_text(pair.sentinel.platform)})",
            expected="a plain entry with the same data layers",
            found=f"{pair.plain.name} shares {len(shared)} of {len(wanted)} layers" if pair.plain else "none",
        )


@decides("SENT-INDEX-008")
def platforms_agree(seen: ImageSeen) -> Iterator[Judgement]:
    for pair in pairs(seen):
        entry = pair.sentinel.entry
        if entry is None:
            continue
        where = f"index.{pair.sentinel.name}.platform"
        if pair.plain is not None and pair.plain.entry is not None:
            yield judge(
                pair.plain.platform == pair.sentinel.platform,
                "The platform of the sentinel entry is not that of its plain entry.",
                where=where,
                expected=platform_text(pair.plain.platform),
                found=platform_text(entry.platform),
            )
        config = pair.sentinel.config
        if config is not None and entry.platform is not None:
            declared, own = entry.platform, config.view.platform
            # A list may name a variant that the config leaves out (arm64 and arm64/v8); a contradiction is one.
            same = (declared.architecture, declared.os) == (own.architecture, own.os)
            both = declared.variant and own.variant
            yield judge(
                same and (declared.variant == own.variant or not both),
                "The platform of the sentinel entry contradicts its config.",
                where=where,
                expected=platform_text(own),
                found=platform_text(declared),
            )


@decides("SENT-INDEX-009")
def annotation_is_true(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest, entry in _entries(seen):
        if manifest.inner is not None:
            if _says(entry, SENTINEL_ANNOTATION):
                yield failed(
                    "An index has the sentinel annotation.",
                    where=f"index.{manifest.name}.annotations",
                    expected="a manifest with a sentinel as layer 0",
                    found="an index",
                )
            continue
        if manifest.document is None:
            if _says(entry, SENTINEL_ANNOTATION):
                yield not_run(f"The manifest could not be read: {manifest.problem}.", where=manifest.name)
            continue
        layers = layers_of(manifest)
        really = bool(layers) and layers[0].media_type == SENTINEL_TYPE
        if not really and is_sentinel_manifest(manifest):
            continue  # a sentinel at another position: SENT-MANIFEST-001
        if really and entry.annotation(SENTINEL_ANNOTATION) is None:
            continue  # SENT-INDEX-001
        says = _announced(entry) if really else _says(entry, SENTINEL_ANNOTATION)
        yield judge(
            says == really,
            "The sentinel annotation of an entry contradicts its manifest.",
            where=f"index.{manifest.name}.annotations",
            expected="a sentinel as layer 0" if says else "the annotation",
            found=f"layer 0 is {layers[0].media_type}" if layers else "no layers",
        )


@decides("SENT-INDEX-010")
def oci_index(seen: ImageSeen) -> Iterator[Judgement]:
    if seen.index is not None and any(True for _ in _entries(seen)):
        found = seen.index.view.media_type or (seen.index_stored.media_type if seen.index_stored else "") or INDEX_TYPE
        yield judge(
            found == INDEX_TYPE,
            "The list is not an OCI index; Docker manifest lists have no annotations.",
            where="index.mediaType",
            expected=INDEX_TYPE,
            found=found,
        )


@decides("SENT-INDEX-011")
def entries_are_what_is_stored(seen: ImageSeen) -> Iterator[Judgement]:
    other_list = ambiguous_at(seen.index_key_problems, "manifests")
    if other_list is not None and any(True for _ in _entries(seen)):
        yield failed(
            "JSON readers read different entries, or different values in them (DOC-002, DOC-003).",
            where=f"index, byte {other_list.offset}",
            expected="one list of entries to all readers",
            found=repr(other_list.key),
        )
    for manifest, entry in _entries(seen) if sentinel_manifests(seen) else _every_entry(seen):
        stored, where = manifest.stored, f"index.{manifest.name}"
        if stored.problem == "not-fetched":
            continue  # no image manifest
        if stored.problem in ("unreadable", "too-large") and stored.actual_size is None:
            yield not_run(f"The manifest could not be read: {stored.detail}.", where=where, evidence=stored.evidence)
            continue
        own = manifest.document.view.media_type if manifest.document else ""
        types = {name for name in (own, stored.media_type) if name and name != entry.media_type}
        problem = stored.detail or (f"stored as {', '.join(sorted(types))}" if types else "")
        if not entry.media_type:
            problem = problem or "an entry without mediaType"
        yield judge(
            not problem,
            "The stored manifest does not match its index entry.",
            where=where,
            expected=f"{entry.digest}, {entry.size} bytes, {entry.media_type}",
            found=problem or "as described",
            evidence=stored.evidence,
        )


def _every_entry(seen: ImageSeen) -> Iterator[tuple[ManifestSeen, Descriptor]]:
    """Also where the sentinel manifest itself is the one that cannot be read: the annotation shows it."""
    if any(_announced(manifest.entry) for manifest in seen.manifests):
        for manifest in seen.manifests:
            if manifest.entry is not None:
                yield manifest, manifest.entry


@decides("SENT-INDEX-013")
def all_platforms(seen: ImageSeen) -> Iterator[Judgement]:
    served = {manifest.platform for manifest in sentinel_manifests(seen) if manifest.entry is not None}
    if not served:
        return
    for plain in plain_manifests(seen):
        layers = data_layers(plain)
        ready = bool(layers) and all(
            layer.annotation(MANIFEST_CHECKSUM) and layer.annotation(TARSPLIT_POSITION) for layer in layers
        )
        if ready and plain.entry is not None:
            yield judge(
                plain.platform in served,
                "All layers of this platform have a TOC, but only another platform has a sentinel entry.",
                where=f"index.{plain.name} ({platform_text(plain.platform)})",
                expected="a sentinel entry",
                found="none",
            )


@decides("SENT-INDEX-015")
def both_say_zstd_or_neither(seen: ImageSeen) -> Iterator[Judgement]:
    for pair in pairs(seen):
        if pair.plain is None or pair.plain.entry is None or pair.sentinel.entry is None:
            continue
        plain, sentinel = _says(pair.plain.entry, ZSTD_ANNOTATION), _says(pair.sentinel.entry, ZSTD_ANNOTATION)
        yield judge(
            plain == sentinel,
            "One entry of the pair has the zstd annotation and the other does not: "
            + (
                "older clients then prefer the sentinel."
                if sentinel
                else "the plain entry then takes precedence over the sentinel."
            ),
            where=f"index.{pair.plain.name} and index.{pair.sentinel.name}, annotations",
            expected=f'{ZSTD_ANNOTATION} = "true" on both, or on neither',
            found=f"on {'the sentinel' if sentinel else 'the plain'} entry only" if plain != sentinel else "the same",
        )


@decides("SENT-INDEX-016")
def pairs_in_one_index(seen: ImageSeen) -> Iterator[Judgement]:
    """Of an index and of those that it lists: a client that selects among the entries of the outer one sees no pair
    inside.
    """
    for sentinel in sentinel_manifests(seen):
        if sentinel.entry is not None:
            yield passed(f"index.{sentinel.name}", found="in the index itself")
    for inner in seen.manifests:
        if inner.inner is None:
            continue
        hidden = [manifest.name for manifest in sentinel_manifests(ImageSeen(seen.reference, manifests=inner.inside))]
        yield judge(
            not hidden,
            "A sentinel entry is in a nested index, which most clients do not read.",
            where=f"index.{inner.name}",
            expected="sentinel entries in the outer index",
            found=", ".join(hidden) or "none inside",
        )


@decides("SENT-INDEX-017")
def values_of_a_sentinel_entry(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        if manifest.entry is None:
            continue
        for key in (SENTINEL_ANNOTATION, ZSTD_ANNOTATION):
            value = manifest.entry.annotation(key)
            if value is not None:
                yield judge(
                    value == "true",
                    'The value of the annotation is not exactly "true", so clients ignore it.',
                    where=f"index.{manifest.name}.annotations[{key}]",
                    expected='"true"',
                    found=repr(value),
                )


@decides("SENT-INDEX-018")
def listed_once_a_platform(seen: ImageSeen) -> Iterator[Judgement]:
    listed = [(manifest.entry.digest, manifest.platform) for manifest in seen.manifests if manifest.entry is not None]
    if listed and any(True for _ in _entries(seen)):
        twice = [(digest, platform) for (digest, platform), count in Counter(listed).items() if count > 1]
        yield judge(
            not twice,
            "A manifest is listed twice for the same platform.",
            where="index.manifests",
            expected="every manifest once for a platform",
            found="; ".join(f"{digest} ({platform_text(platform)})" for digest, platform in twice) or "once",
        )


def _selectable(seen: ImageSeen) -> Iterator[ManifestSeen]:
    """The plain manifests of an index and of those that it lists, which some clients search too."""
    yield from plain_manifests(seen)
    for manifest in seen.manifests:
        if manifest.inner is not None:
            yield from plain_manifests(ImageSeen(seen.reference, manifests=manifest.inside))


@decides("SENT-INDEX-019")
def one_platform_holds_one_tree(seen: ImageSeen) -> Iterator[Judgement]:
    for pair in pairs(seen):
        plain = pair.plain
        if plain is None or plain.entry is None or plain.config is None:
            continue
        wanted, platform = plain.config.view.rootfs.diff_ids, selected_for(plain)
        for other in _selectable(seen):
            if other is plain or other.entry is None or selected_for(other) != platform:
                continue
            where = f"index.{other.name} ({platform_text(other.platform)})"
            if other.config is None:
                yield not_run(f"its config could not be read: {other.config_problem}", where=where)
                continue
            found = other.config.view.rootfs.diff_ids
            yield judge(
                found == wanted,
                "The contents of this image differ from the pair of the same platform.",
                where=where,
                expected=f"the DiffIDs of {plain.name}: {', '.join(wanted)}"[:300],
                found=(", ".join(found) or "none")[:300],
            )

"""SENT-STRIP: the sentinel after a copy (docs/format.md section 19).

Each check makes no statement on a copy that its requirement is not about.
"""

from collections.abc import Iterator

from conformance.checks.artifact.pairs import (
    copy_of_one,
    data_layers,
    is_sentinel_manifest,
    layers_of,
    plain_manifests,
    sentinel_manifests,
)
from conformance.checks.copier.stale_annotations import stale_keys
from conformance.checks.copier.whole import content_is_there, of_wanted_platform, plain_variants_are_there
from conformance.format.names import MANIFEST_CHECKSUM, PR681, SENTINEL_ANNOTATION
from conformance.format.sentinel import canonical_sentinel
from conformance.observed.image import CopySeen, ImageSeen, ManifestSeen
from conformance.requirements import decides
from conformance.results import Judgement, judge, not_run, passed

_CHANGING = ("gzip", "zstd", "uncompressed")


@decides("SENT-STRIP-001")
def gzip_removes_the_sentinel(seen: CopySeen) -> Iterator[Judgement]:
    yield from _removed(seen, "gzip")


@decides("SENT-STRIP-002")
def decompression_removes_the_sentinel(seen: CopySeen) -> Iterator[Judgement]:
    yield from _removed(seen, "uncompressed")


@decides("SENT-STRIP-025")
def plain_zstd_removes_the_sentinel(seen: CopySeen) -> Iterator[Judgement]:
    asked = seen.requested == "zstd" and not seen.preserve_digests and not seen.to_docker
    if not asked or not sentinel_manifests(seen.before):
        return
    if seen.after is not None and sentinel_manifests(seen.after) and _same_layers(seen.before, seen.after):
        yield passed(seen.name, found="zstd:chunked is zstd: every layer was left as it was")
    else:
        yield _gone(seen, "The sentinel layer is retained although layers were recompressed to zstd.")


@decides("SENT-STRIP-004")
def its_diff_id_goes_with_it(seen: CopySeen) -> Iterator[Judgement]:
    for before, after in _stripped(seen):
        yield _same(seen, "config.rootfs.diff_ids", _diff_ids(before)[1:], _diff_ids(after))


@decides("SENT-STRIP-005")
def stale_annotations_go(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or seen.requested not in (*_CHANGING, "zstd:chunked"):
        return
    old = [layer for manifest in seen.before.manifests for layer in data_layers(manifest)]
    for manifest in seen.after.manifests:
        for layer in data_layers(manifest):
            stale = stale_keys(layer, old, seen.requested)
            yield judge(not stale, "A recompressed layer has annotations of the original layer.",
                        where=f"{seen.name}: {layer.digest}", expected="none", found=str(stale))  # fmt: skip
        if seen.requested in _CHANGING and manifest.entry and not is_sentinel_manifest(manifest):
            value = manifest.entry.annotation(SENTINEL_ANNOTATION)
            yield judge(value is None, "The index entry of a stripped manifest has the sentinel annotation.",
                        where=f"{seen.name}: {manifest.name}", expected="absent", found=str(value))  # fmt: skip


@decides("SENT-STRIP-006")
def diff_ids_of_data_layers_stay(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or not (seen.requested or seen.to_docker or any(_stripped(seen))):
        return
    if len(seen.before.manifests) != 1:
        yield from _diff_ids_of_each(seen, seen.after)
        return
    if copy_of_one(seen.after) is None:
        yield not_run("the copied manifest cannot be determined", where=seen.name)
        return
    if not seen.data_diff_ids:
        yield not_run("the layers of the copy were not decompressed", where=seen.name)
        return
    (before,) = seen.before.manifests
    wanted = _diff_ids(before)[int(is_sentinel_manifest(before)) :]
    yield _same(seen, "DiffIDs of the layers", wanted, seen.data_diff_ids)


def _diff_ids_of_each(seen: CopySeen, after: ImageSeen) -> Iterator[Judgement]:
    """Of an index: every manifest has the data layers of one of the source, decompressed."""
    known = {_diff_ids(manifest)[int(is_sentinel_manifest(manifest)) :] for manifest in seen.before.manifests}
    for manifest, found in zip(after.manifests, seen.diff_ids_of_each, strict=False):
        yield judge(found in known, "A manifest of the copy has other data layers than those of the source.",
                    where=f"{seen.name}: {manifest.name}", found=", ".join(found),
                    expected=" or ".join(", ".join(each) for each in sorted(known)))  # fmt: skip


@decides("SENT-STRIP-027")
def refused_where_the_manifest_may_not_change(seen: CopySeen) -> Iterator[Judgement]:
    if seen.preserve_digests and seen.requested in _CHANGING and sentinel_manifests(seen.before):
        if not seen.refused and seen.after is not None and _documents(seen.before) == _documents(seen.after):
            return  # it compressed no layer again, so that stripping was not required (skopeo 1.9.3)
        found = "refused" if seen.refused else "copied"
        yield judge(seen.refused and not seen.wrote, "Stripping was required, but the manifest must not change.",
                    where=seen.name, expected="refused, no manifest written",
                    found=found + (", a manifest was written" if seen.wrote else ""))  # fmt: skip


@decides("SENT-STRIP-008")
def kept_whole_or_stripped_whole(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or seen.requested or seen.to_docker or seen.partial or not sentinel_manifests(seen.before):
        return
    traces = _traces(seen.after)
    yield judge(not traces or _documents(seen.before) == _documents(seen.after),
                "The copy is neither identical nor completely stripped.", where=seen.name,
                expected="all bytes retained, or no part of the sentinel", found=", ".join(traces))  # fmt: skip


@decides("SENT-STRIP-009")
def any_content_is_stripped(seen: CopySeen) -> Iterator[Judgement]:
    contents = [blob.content for manifest in seen.before.manifests for _, blob in manifest.sentinels]
    if seen.requested in _CHANGING and not seen.preserve_digests and any(c != canonical_sentinel() for c in contents):
        yield _gone(seen, "A sentinel of other content than the reference's is not stripped.")


@decides("SENT-STRIP-010")
def equals_the_plain_variant_recompressed(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or seen.plain_twin is None:
        return
    mine, twin = copy_of_one(seen.after), copy_of_one(seen.plain_twin)
    if mine is None or twin is None or is_sentinel_manifest(mine):
        return
    yield _same(seen, "layers", tuple(x.digest for x in layers_of(twin)), tuple(x.digest for x in layers_of(mine)))
    yield _same(
        seen, "config", twin.config.fields if twin.config else None, mine.config.fields if mine.config else None
    )


@decides("SENT-STRIP-011")
def no_entry_dangles(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or seen.to_docker or seen.partial:
        return
    if seen.before.index is not None:
        yield from plain_variants_are_there(seen, plain_manifests(seen.before), seen.after)
    if seen.after.index is not None:
        yield from content_is_there(seen)
        yield from _resolved(seen, seen.after)


@decides("SENT-STRIP-021")
def a_part_of_an_index_is_whole(seen: CopySeen) -> Iterator[Judgement]:
    if not seen.partial or seen.after is None:
        return
    yield from content_is_there(seen)
    yield from plain_variants_are_there(seen, of_wanted_platform(plain_manifests(seen.before)), seen.after)
    if seen.after.index is None:
        alone = [manifest.name for manifest in sentinel_manifests(seen.after)]
        yield judge(not alone, "Of a pair the sentinel variant alone was copied.", where=seen.name,
                    expected="both entries of the pair, or the plain variant", found=", ".join(alone))  # fmt: skip
    elif _root(seen.before) == _root(seen.after):
        # An unchanged index, for its signature, names omitted manifests: that was requested.
        yield passed(seen.name, found="the index is unchanged")
    else:
        yield from _resolved(seen, seen.after)


def _resolved(seen: CopySeen, after: ImageSeen) -> Iterator[Judgement]:
    """Every entry has a manifest, and every sentinel entry has its plain variant."""
    plain = [manifest for manifest in after.manifests if not is_sentinel_manifest(manifest)]
    for manifest in after.manifests:
        where = f"{seen.name}: {manifest.name}"
        yield judge(manifest.stored.content is not None, "The manifest of an entry was not copied.",
                    where=where, expected="the manifest", found=manifest.stored.detail)  # fmt: skip
        if is_sentinel_manifest(manifest):
            wanted = [layer.digest for layer in data_layers(manifest)]
            has_twin = any([layer.digest for layer in data_layers(other)] == wanted for other in plain)
            yield judge(has_twin, "A sentinel entry has no plain variant.", where=where,
                        expected="a plain entry with the same layers", found="none")  # fmt: skip


@decides("SENT-STRIP-026")
def docker_conversion_removes_it(seen: CopySeen) -> Iterator[Judgement]:
    if seen.to_docker and seen.before.index is None and sentinel_manifests(seen.before):
        if seen.refused and not seen.wrote:
            yield passed(seen.name, found="refused")
        else:
            yield _gone(seen, "The Docker image has a sentinel layer, or was not written.")


@decides("SENT-STRIP-013")
def signatures_do_not_follow_a_changed_manifest(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or _documents(seen.before) == _documents(seen.after):
        return
    if seen.referrers_before is None or seen.referrers_after is None:
        yield not_run("the referrers were not requested", where=seen.name)
        return
    moved = sorted(set(seen.referrers_before) & set(seen.referrers_after))
    yield judge(not moved, "Referrers of the source are attached to a changed manifest.", where=seen.name,
                expected="none of them", found=", ".join(moved))  # fmt: skip


@decides("SENT-STRIP-014")
def no_sentinel_over_other_layers(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None:
        return
    left = sentinel_manifests(seen.after)
    if not left and sentinel_manifests(seen.before):
        yield passed(seen.name, found="no manifest with a sentinel")
    for manifest in left:
        # A stale annotation does not make a layer zstd:chunked: regctl 0.11.7 writes such annotations.
        other = [
            layer.digest
            for layer in data_layers(manifest)
            if layer.annotation(MANIFEST_CHECKSUM) is None or not layer.media_type.endswith("+zstd")
        ]
        yield judge(not other, "A manifest has a sentinel over layers that are not zstd:chunked.",
                    where=f"{seen.name}: {manifest.name}", expected="zstd:chunked layers only",
                    found=", ".join(other))  # fmt: skip


@decides("SENT-STRIP-015")
def preserved_digests_are_preserved(seen: CopySeen) -> Iterator[Judgement]:
    if not seen.preserve_digests or seen.requested in _CHANGING or not sentinel_manifests(seen.before):
        return
    same = seen.after is not None and _documents(seen.before) == _documents(seen.after)
    yield judge(same, "A copy with digests preserved has different bytes.", where=seen.name,
                expected="every byte retained", found="refused" if seen.refused else "another image")  # fmt: skip
    if same:
        yield from content_is_there(seen)


@decides("SENT-STRIP-016")
def a_plain_image_keeps_its_digest(seen: CopySeen) -> Iterator[Judgement]:
    options = seen.requested or seen.to_docker or seen.preserve_digests or seen.from_storage
    if seen.after is not None and not options and not sentinel_manifests(seen.before):
        yield _same(seen, "bytes of the root document", _root(seen.before), _root(seen.after))


@decides("SENT-STRIP-017")
def a_docker_list_has_no_sentinel(seen: CopySeen) -> Iterator[Judgement]:
    if seen.to_docker and seen.before.index is not None and sentinel_manifests(seen.before):
        left = [manifest.name for manifest in sentinel_manifests(seen.after)] if seen.after else []
        yield judge(seen.refused or not left, "The Docker manifest list has entries of sentinel manifests.",
                    where=seen.name, expected="none, or a refusal", found=", ".join(left))  # fmt: skip


@decides("SENT-STRIP-018")
def nothing_else_of_the_manifest_changes(seen: CopySeen) -> Iterator[Judgement]:
    if seen.to_docker:
        return
    for before, after in _stripped(seen):
        yield _same(seen, "manifest without layers and config", _rest(before), _rest(after))


@decides("SENT-STRIP-019")
def history_stays(seen: CopySeen) -> Iterator[Judgement]:
    for before, after in _stripped(seen):
        old = before.config.view.history if before.config else ()
        new = after.config.view.history if after.config else ()
        filled = [at for at, entry in enumerate(old) if not entry.get("empty_layer")]
        surplus = len(filled) == len(layers_of(before))
        is_without = surplus and new == (*old[: filled[0]], *old[filled[0] + 1 :])
        yield judge(new == old or is_without, "Stripping changes the history.", where=seen.name,
                    expected="unchanged, or without the entry of "
                             "the sentinel", found=f"{len(new)} entries")  # fmt: skip


@decides("SENT-STRIP-020")
def an_export_has_the_blob_it_names(seen: CopySeen) -> Iterator[Judgement]:
    if not seen.from_storage or not sentinel_manifests(seen.before):
        return
    bad = [
        f"{manifest.name}: {blob.detail or blob.problem}"
        for manifest in (seen.after.manifests if seen.after else ())
        for _, blob in manifest.sentinels
        if blob.content is None
    ]
    yield judge(not bad, "The exported sentinel blob does not match its manifest.", where=seen.name,
                expected="the named digest and size, or none, or a refusal", found="; ".join(bad))  # fmt: skip


def _removed(seen: CopySeen, requested: str) -> Iterator[Judgement]:
    asked = seen.requested == requested and not seen.preserve_digests and not seen.to_docker and not seen.damaged
    if asked and sentinel_manifests(seen.before):
        yield _gone(seen, f"The sentinel layer is retained after a copy to {requested}.")


def _gone(seen: CopySeen, message: str) -> Judgement:
    left = [manifest.name for manifest in sentinel_manifests(seen.after)] if seen.after else []
    found = "refused" if seen.after is None else ", ".join(left) or "no sentinel"
    return judge(seen.after is not None and not left, message, where=seen.name,
                 expected=f"no layer of type {PR681.sentinel_type}", found=found)  # fmt: skip


def _stripped(seen: CopySeen) -> Iterator[tuple[ManifestSeen, ManifestSeen]]:
    """The sentinel manifest and its copy, where one manifest was copied and its sentinel layer removed."""
    if seen.after is None or len(seen.before.manifests) != 1:
        return
    (before,), after = seen.before.manifests, copy_of_one(seen.after)
    if after is not None and is_sentinel_manifest(before) and not is_sentinel_manifest(after):
        yield before, after


def _same(seen: CopySeen, what: str, expected: object, found: object) -> Judgement:
    return judge(expected == found, f"{what} differs from the expected value after "
                                    "the copy.", where=f"{seen.name}: {what}",
                 expected=repr(expected)[:400], found=repr(found)[:400])  # fmt: skip


def _diff_ids(manifest: ManifestSeen) -> tuple[str, ...]:
    return manifest.config.view.rootfs.diff_ids if manifest.config else ()


def _rest(manifest: ManifestSeen) -> dict[str, object]:
    fields = manifest.document.fields if manifest.document else {}
    return {key: value for key, value in fields.items() if key not in ("layers", "config")}


def _root(image: ImageSeen) -> bytes | None:
    stored = image.index_stored or (image.manifests[0].stored if image.manifests else None)
    return stored.content if stored else None


def _documents(image: ImageSeen) -> tuple[bytes | None, ...]:
    """Every document and sentinel of an image, in order."""
    parts = [_root(image)]
    for manifest in image.manifests:
        parts += [manifest.stored.content, manifest.config_stored.content if manifest.config_stored else None]
        parts += [blob.content for _, blob in manifest.sentinels]
    return tuple(parts)


def _same_layers(before: ImageSeen, after: ImageSeen) -> bool:
    """Whether every sentinel manifest has the layers of a source manifest."""
    kept = [[layer.digest for layer in layers_of(manifest)] for manifest in before.manifests]
    return all([layer.digest for layer in layers_of(manifest)] in kept for manifest in sentinel_manifests(after))


def _traces(image: ImageSeen) -> list[str]:
    """The remaining parts of a sentinel."""
    traces = [f"{manifest.name}: layer" for manifest in sentinel_manifests(image)]
    for manifest in image.manifests:
        if len(_diff_ids(manifest)) > len(data_layers(manifest)):
            traces.append(f"{manifest.name}: DiffID")
        if manifest.entry and manifest.entry.annotation(SENTINEL_ANNOTATION) is not None:
            traces.append(f"{manifest.name}: annotation")
    return traces

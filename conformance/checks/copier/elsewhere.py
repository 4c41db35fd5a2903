"""Checks of copies other than SENT-STRIP: unchanged sentinel manifests, DiffIDs, retained signatures."""

from collections.abc import Iterator

from conformance.checks.artifact.pairs import copy_of_one, is_sentinel_manifest, layers_of, sentinel_manifests
from conformance.format.names import CHUNK_KEYS, LEGACY_PREFIX
from conformance.observed.image import CopySeen, ManifestSeen
from conformance.requirements import decides
from conformance.results import Judgement, judge, not_run


@decides("SENT-PULL-025")
def a_sentinel_manifest_is_copied(seen: CopySeen) -> Iterator[Judgement]:
    asked = seen.requested or seen.to_docker or seen.from_storage or seen.preserve_digests or seen.damaged
    if not asked and sentinel_manifests(seen.before):
        yield judge(seen.after is not None, "A sentinel manifest is not copied unchanged.", where=seen.name,
                    expected="copied", found="refused" if seen.refused else "nothing")  # fmt: skip


@decides("SENT-PULL-026")
def an_export_has_the_diff_ids_that_it_says(seen: CopySeen) -> Iterator[Judgement]:
    if not seen.from_storage or not sentinel_manifests(seen.before):
        return
    made = copy_of_one(seen.after) if seen.after is not None else None
    if made is None:
        yield judge(seen.refused, "The export was not refused, and wrote no image.", where=seen.name,
                    expected="an image, or refused", found="nothing")  # fmt: skip
    elif not seen.data_diff_ids:
        yield not_run("the layers of the export were not decompressed", where=seen.name)
    else:
        said = made.config.view.rootfs.diff_ids if made.config else ()
        said = said[int(is_sentinel_manifest(made)) :]
        yield judge(said == seen.data_diff_ids, "The export has a DiffID that does not match its layer.",
                    where=seen.name, expected=", ".join(said), found=", ".join(seen.data_diff_ids))  # fmt: skip


@decides("SENT-PUSH-018")
def no_variant_beside_signatures_that_are_kept(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or sentinel_manifests(seen.before):
        return
    if seen.referrers_before is None or seen.referrers_after is None:
        yield not_run("the referrers were not requested", where=seen.name)
        return
    grown = bool(sentinel_manifests(seen.after)) or (seen.after.index is not None and seen.before.index is None)
    kept = sorted(set(seen.referrers_before) & set(seen.referrers_after))
    yield judge(not (grown and kept), "A variant was added, and signatures of the source were copied.",
                where=seen.name, expected="no variant, or no signature of the source",
                found=f"{len(seen.after.manifests)} manifests, signed by {', '.join(kept)}")  # fmt: skip


@decides("SENT-STRIP-023")
def a_count_that_is_wrong_is_refused(seen: CopySeen) -> Iterator[Judgement]:
    if seen.damaged and seen.requested and sentinel_manifests(seen.before):
        yield judge(seen.refused and not seen.wrote, "A sentinel image with fewer DiffIDs than layers was stripped.",
                    where=seen.name, expected="refused, no manifest written",
                    found="refused" if seen.refused else "written")  # fmt: skip


@decides("SENT-STRIP-028")
def a_pair_can_be_built_on(seen: CopySeen) -> Iterator[Judgement]:
    if not seen.built:
        return
    base, made = copy_of_one(seen.before), copy_of_one(seen.after) if seen.after is not None else None
    if made is None or base is None or base.config is None:
        yield judge(False, "Nothing was built on a pair, although an image without sentinel could be built on.",
                    where=seen.name, expected="an image", found="refused" if seen.refused else "nothing")  # fmt: skip
        return
    wanted = base.config.view.rootfs.diff_ids
    lower = seen.data_diff_ids[: len(wanted)]
    yield judge(lower == wanted, "An image that was built on a pair has other lower layers.", where=seen.name,
                expected=", ".join(wanted), found=", ".join(lower))  # fmt: skip


@decides("SENT-STRIP-024")
def annotations_of_layers_are_kept(seen: CopySeen) -> Iterator[Judgement]:
    if seen.after is None or not seen.requested or len(seen.before.manifests) != 1:
        return
    made = copy_of_one(seen.after)
    if made is None or is_sentinel_manifest(made) != is_sentinel_manifest(seen.before.manifests[0]):
        return
    old, new = _annotations(seen.before.manifests[0]), _annotations(made)
    lost = [key for ours, theirs in zip(old, new, strict=False) for key in ours if theirs.get(key) != ours[key]]
    if any(old):
        yield judge(not lost, "Annotations of a layer are lost when it is compressed again.", where=seen.name,
                    expected="as they were", found=f"lost: {', '.join(lost)}")  # fmt: skip


def _annotations(manifest: ManifestSeen) -> list[dict[str, str]]:
    """The annotations of each layer that do not describe its bytes."""
    return [
        {
            key: value
            for key, value in (layer.annotations or {}).items()
            if key not in CHUNK_KEYS and not key.startswith(LEGACY_PREFIX)
        }
        for layer in layers_of(manifest)
    ]

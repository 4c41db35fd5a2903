"""SENT-PUSH: pushes of both variants by a producer (docs/format.md section 16).

Each check makes no statement on a push that its requirement is not about.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from conformance.checks.artifact.pairs import data_layers, layers_of, pairs, plain_manifests, sentinel_manifests
from conformance.format.digest import Digest
from conformance.format.document import decode_object
from conformance.format.errors import FormatError
from conformance.format.names import SENTINEL_ANNOTATION, SENTINEL_TYPE, TARSPLIT_POSITION, ZSTD_ANNOTATION
from conformance.format.oci import Descriptor, is_index, read_index, read_manifest
from conformance.format.positions import ChunkedAnnotations
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.observed.producer import AgainSeen, InterruptedSeen, PushSeen, UnrepresentableSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, informed, judge, not_run, passed, unsupported

_OLD_TOC: Final = (
    "its layers have the TOC annotations of an older version (docs/format.md section 10): no client of this revision "
    "recognises a TOC, so a sentinel has no purpose"
)


@decides("SENT-PUSH-001")
def blobs_before_manifests_before_index(seen: PushSeen) -> Iterator[Judgement]:
    there = set(seen.there_before)
    for event in seen.events:
        if event.kind == "manifest":
            missing = [digest for digest in _named(event.content) if digest not in there]
            yield judge(not missing, "A manifest is in the registry before its content.",
                        where=f"{seen.name}: PUT of {event.digest}", expected="all content that it names is present",
                        found=f"missing: {', '.join(missing)}", evidence=(event.exchange,))  # fmt: skip
        if event.kind != "probe" or event.found:
            there.add(event.digest)


@decides("SENT-PUSH-002")
def data_layers_are_uploaded_once(seen: PushSeen) -> Iterator[Judgement]:
    if seen.after is None or not sentinel_manifests(seen.after) or not plain_manifests(seen.after):
        return
    for digest in sorted({layer.digest for manifest in seen.after.manifests for layer in data_layers(manifest)}):
        uploads = [event.exchange for event in seen.events if event.kind == "upload" and event.digest == digest]
        yield judge(len(uploads) <= 1, "A data layer is uploaded more than once.", where=f"{seen.name}: {digest}",
                    expected="one upload at most", found=f"{len(uploads)} uploads",
                    evidence=tuple(uploads))  # fmt: skip


@decides("SENT-PUSH-003")
def presence_is_probed_first(seen: PushSeen) -> Iterator[Judgement]:
    asked: set[str] = set()
    made = _made_on_the_way(seen)
    for event in seen.events:
        if event.kind in ("probe", "mount"):
            asked.add(event.digest)
        elif event.kind == "upload" and event.digest not in made:
            yield judge(event.digest in asked, "A blob is uploaded without a probe for its presence.",
                        where=f"{seen.name}: {event.digest}", expected="HEAD or mount before the upload",
                        found="neither", evidence=(event.exchange,))  # fmt: skip


def _made_on_the_way(seen: PushSeen) -> set[str]:
    """Layers that are compressed while they are uploaded: their digest is unknown before the end."""
    layers = (
        {layer.digest for manifest in seen.after.manifests for layer in data_layers(manifest)} if seen.after else set()
    )
    return layers - set(_named(seen.source_root))


@decides("SENT-PUSH-004")
def a_single_image_becomes_a_pair(seen: PushSeen) -> Iterator[Judgement]:
    if seen.after is None or seen.requested != "zstd:chunked" or not _may_have_variants(seen):
        return
    # Of a pair the plain variant may be without a TOC.
    if not any(_is_eligible(manifest) for manifest in seen.after.manifests):
        if any(_is_old(layer) for manifest in seen.after.manifests for layer in layers_of(manifest)):
            yield informed(_OLD_TOC, where=seen.name)
        return
    if not _is_index(seen.source_root):
        found = "an index" if seen.after.index is not None else "one manifest"
        found += f" with {len(sentinel_manifests(seen.after))} sentinel variants"
        yield judge(seen.after.index is not None and bool(sentinel_manifests(seen.after)),
                    "An image with TOC layers was pushed without a sentinel variant.", where=seen.name,
                    expected="an index of the plain manifest and its sentinel variant", found=found,
                    evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-005")
def every_platform_has_a_sentinel(seen: PushSeen) -> Iterator[Judgement]:
    if seen.after is None or not _is_index(seen.source_root) or not _may_have_variants(seen):
        return
    protected = [pair.plain.stored.content for pair in pairs(seen.after) if pair.plain is not None]
    for manifest in plain_manifests(seen.after):
        if _is_eligible(manifest) or manifest.stored.content in protected:
            yield judge(manifest.stored.content in protected, "A platform whose layers have TOCs has no sentinel.",
                        where=f"{seen.name}: {manifest.name}", expected=f"a sentinel entry for {manifest.platform}",
                        found="none", evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-006")
def preserved_digests_stay(seen: PushSeen) -> Iterator[Judgement]:
    if seen.preserve_digests and seen.after is not None:
        yield _same_root(seen, seen.source_root, "the bytes of the source")


@decides("SENT-PUSH-007")
def no_variant_without_a_toc(seen: PushSeen) -> Iterator[Judgement]:
    if seen.after is None or seen.requested not in ("gzip", "zstd") or seen.source_is_estargz:
        return
    with_toc = [layer.digest for manifest in seen.after.manifests for layer in layers_of(manifest) if _has_toc(layer)]
    if with_toc:
        yield not_run(f"it wrote layers with a TOC for {seen.requested}", where=seen.name)
    else:
        yield _no_variant(seen, "An image without TOC layers was given a sentinel variant.")


@decides("SENT-PUSH-022")
def a_second_push_adds_no_entry(seen: PushSeen) -> Iterator[Judgement]:
    if not seen.again or seen.after is None:
        return
    counts: dict[str, int] = {}
    for manifest in sentinel_manifests(seen.after):
        counts[str(manifest.platform)] = counts.get(str(manifest.platform), 0) + 1
    for platform, count in counts.items():
        yield judge(count == 1, "A second push added a second sentinel entry.", where=f"{seen.name}: {platform}",
                    expected="one sentinel entry", found=str(count), evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-023")
def a_second_push_leaves_the_same_bytes(seen: PushSeen) -> Iterator[Judgement]:
    if seen.again and seen.after is not None:
        yield _same_root(seen, seen.before, "the result of the first push")


@decides("SENT-PUSH-024")
def a_failed_push_leaves_a_complete_image(seen: InterruptedSeen) -> Iterator[Judgement]:
    done = seen.ended == "succeeded"
    sound = seen.complete if done else seen.after == seen.before or seen.complete
    words = "The push reports that it is done, and" if done else "A push failed, and"
    yield judge(sound, f"{words} the tag does not name a complete image.", where=f"{seen.at}: {seen.how}",
                expected="a complete image" if done else f"{_digest(seen.before)} as before, or a complete image",
                found=f"{_digest(seen.after)}, incomplete", evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-025")
def a_failed_push_leaves_the_tag(seen: InterruptedSeen) -> Iterator[Judgement]:
    yield judge(seen.after == seen.before or seen.whole, "A failed push changed the tag.",
                where=f"{seen.at}: {seen.how}",
                expected=f"{_digest(seen.before)} as before, or the whole new image",
                found=f"{_digest(seen.after)}, incomplete", evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-010")
def the_plain_manifest_is_the_same_without_sentinels(seen: PushSeen) -> Iterator[Judgement]:
    if seen.after is None or seen.twin is None or not sentinel_manifests(seen.after):
        return
    mine = [manifest.stored.content for manifest in plain_manifests(seen.after)]
    twin = [manifest.stored.content for manifest in plain_manifests(seen.twin)]
    yield judge(mine == twin, "The plain manifest changes when sentinels are enabled.", where=seen.name,
                expected=", ".join(_digest(raw) for raw in twin), found=", ".join(_digest(raw) for raw in mine),
                evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-011")
def old_registries_get_no_broken_index(seen: PushSeen) -> Iterator[Judgement]:
    if not seen.rejects or not seen.rejected:
        return
    where = f"{seen.name}: {seen.rejects} rejected"
    if seen.after is None:
        says_so = seen.ended == "refused" and bool(seen.reason)
        yield judge(says_so, "The push failed without an error message about it.", where=where,
                    expected="an error, or the plain image alone", found=f"{seen.ended}: {seen.reason}",
                    evidence=(*seen.evidence, *seen.rejected))  # fmt: skip
        return
    missing = [m.name for m in seen.after.manifests if m.stored.content is None or _misses_a_sentinel(m)]
    traces = [manifest.name for manifest in sentinel_manifests(seen.after)]
    broken = bool(missing or traces) or bool(seen.after.index_problem)
    yield judge(not broken, "A registry that rejected a part of the pair was left with a broken image.", where=where,
                expected="the tag as it was, or the plain image alone", found=", ".join(missing + traces),
                evidence=(*seen.evidence, *seen.rejected))  # fmt: skip


@decides("SENT-PUSH-012")
def all_of_a_pair_is_signed(seen: PushSeen) -> Iterator[Judgement]:
    if seen.signed is None or seen.after is None:
        return
    roots = [seen.after.index_stored] if seen.after.index_stored else []
    documents = [*roots, *(manifest.stored for manifest in seen.after.manifests)]
    bare = [_digest(stored.content) for stored in documents if _digest(stored.content) not in seen.signed]
    if not seen.signed:
        yield unsupported("it stores its signatures elsewhere: none is in the registry", where=seen.name)
    elif not sentinel_manifests(seen.after):
        yield passed(seen.name, found="no variant was created")
    else:
        yield judge(not bare, "A part of the pair is not signed.", where=seen.name,
                    expected="a signature of the index and of every manifest", found=f"none of {', '.join(bare)}",
                    evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-013")
def a_digest_names_the_bytes(seen: PushSeen) -> Iterator[Judgement]:
    if not seen.to_digest:
        return
    if seen.after is None and seen.ended == "refused" and not seen.rejected:
        yield passed(seen.name, found=f"it refuses a destination by digest: {seen.reason}")
        return
    found = _digest(_root(seen.after)) if seen.after is not None else f"{seen.ended}: {seen.reason}"
    yield judge(found == seen.to_digest and not seen.rejected, "A push to a digest stored other bytes.",
                where=seen.name, expected=seen.to_digest,
                found=f"{found}; {len(seen.rejected)} requests were rejected" if seen.rejected else found,
                evidence=(*seen.evidence, *seen.rejected))  # fmt: skip
    if seen.after is not None:
        yield _no_variant(seen, "A push to a digest created a variant.")


@decides("SENT-PUSH-014")
def no_second_sentinel(seen: AgainSeen) -> Iterator[Judgement]:
    if seen.after is None or not sentinel_manifests(seen.before):
        return
    for manifest in seen.after.manifests:
        count = sum(layer.media_type == SENTINEL_TYPE for layer in layers_of(manifest))
        yield judge(count <= 1, "A second sentinel was added to a sentinel variant.",
                    where=f"{seen.name}: {manifest.name}", expected="one sentinel layer at most",
                    found=f"{count} sentinel layers", evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-015")
def annotations_of_the_plain_entry_are_kept(seen: PushSeen) -> Iterator[Judgement]:
    if seen.after is None:
        return
    for pair in pairs(seen.after):
        if pair.plain is not None and pair.plain.entry and pair.sentinel.entry:
            wanted, found = _others(pair.plain.entry), _others(pair.sentinel.entry)
            if wanted:
                yield judge(wanted.items() <= found.items(), "The sentinel entry lacks annotations of the plain one.",
                            where=f"{seen.name}: {pair.sentinel.name}", expected=str(dict(wanted)),
                            found=str(dict(found)), evidence=seen.evidence)  # fmt: skip


@decides("SENT-PUSH-016")
def estargz_alone_gets_no_variant(seen: PushSeen) -> Iterator[Judgement]:
    if seen.after is not None and seen.source_is_estargz:
        yield _no_variant(seen, "An image whose only TOC is that of eStargz was given a sentinel variant.")


@decides("TOC-016")
def what_a_toc_cannot_hold_gets_none(seen: UnrepresentableSeen) -> Iterator[Judgement]:
    expected = "refused, or a layer without TOC with the same tar"
    if seen.ended == "refused":
        yield passed(seen.what, found=f"refused: {seen.reason}")
    elif seen.ended != "succeeded":
        yield failed("The writer crashed or hung; that is not a refusal.", where=seen.what, expected=expected,
                     found=f"{seen.ended}: {seen.reason}", evidence=seen.evidence)  # fmt: skip
    elif not seen.after_diff_id:
        yield not_run("it reported success, but wrote no layer", where=seen.what, evidence=seen.evidence)
    else:
        same = seen.after_diff_id == seen.diff_id
        # A tar that the tool rewrote, with every entry, can be represented by its TOC.
        anew = not same and seen.same_entries
        found = ("a TOC" if seen.has_toc else "no TOC") + (", the same tar" if same else f", {seen.after_diff_id}")
        sound = anew or (same and not seen.has_toc)
        yield judge(sound, "A layer that a TOC cannot represent was given a TOC, or its tar was changed.",
                    where=seen.what, expected=expected, found=found, evidence=seen.evidence)  # fmt: skip


def _named(content: bytes) -> tuple[str, ...]:
    """The digests of all that a manifest or index names; none when it is neither."""
    try:
        if _is_index(content):
            return tuple(entry.digest for entry in read_index(content).view.manifests)
        view = read_manifest(content).view
    except FormatError:
        return ()
    return (view.config.digest, *(layer.digest for layer in view.layers))


def _is_index(raw: bytes) -> bool:
    try:
        return is_index(decode_object(raw, what="manifest"))
    except FormatError:
        return False


def _may_have_variants(seen: PushSeen) -> bool:
    return not (seen.preserve_digests or seen.to_digest or seen.rejects)


def _is_eligible(manifest: ManifestSeen) -> bool:
    layers = data_layers(manifest)
    return bool(layers) and all(_has_toc(layer) and layer.annotation(TARSPLIT_POSITION) for layer in layers)


def _has_toc(layer: Descriptor) -> bool:
    return ChunkedAnnotations.of(layer.annotations).is_chunked


def _is_old(layer: Descriptor) -> bool:
    return ChunkedAnnotations.of(layer.annotations).is_legacy


def _misses_a_sentinel(manifest: ManifestSeen) -> bool:
    return any(stored.content is None for _, stored in manifest.sentinels)


def _no_variant(seen: PushSeen, message: str) -> Judgement:
    found = [manifest.name for manifest in sentinel_manifests(seen.after)] if seen.after else []
    return judge(not found, message, where=seen.name, expected="no sentinel manifest", found=", ".join(found),
                 evidence=seen.evidence)  # fmt: skip


def _same_root(seen: PushSeen, expected: bytes | None, words: str) -> Judgement:
    root = _root(seen.after)
    return judge(root == expected, "The bytes under the tag after the push differ from the "
                                   "expected ones.", where=seen.name,
                 expected=f"{_digest(expected)}, {words}", found=_digest(root), evidence=seen.evidence)  # fmt: skip


def _root(image: ImageSeen | None) -> bytes | None:
    if image is None:
        return None
    stored = image.index_stored or (image.manifests[0].stored if image.manifests else None)
    return stored.content if stored else None


def _digest(raw: bytes | None) -> str:
    return str(Digest.of(raw)) if raw is not None else "nothing"


def _others(entry: Descriptor) -> Mapping[str, str]:
    own = (ZSTD_ANNOTATION, SENTINEL_ANNOTATION)
    return {key: value for key, value in (entry.annotations or {}).items() if key not in own}

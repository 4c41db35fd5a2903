"""SENT-MANIFEST: the sentinel manifest compared with its plain variant."""

from collections.abc import Iterator

from conformance.checks.artifact.documents import ambiguous_at
from conformance.checks.artifact.pairs import data_layers, layers_of, pairs, plain_manifests, sentinel_manifests
from conformance.format.names import CHUNK_KEYS, MANIFEST_CHECKSUM, MANIFEST_TYPE, PR681, TARSPLIT_POSITION
from conformance.observed.image import ImageSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, not_run, passed

_KEPT = ("annotations", "artifactType", "subject")


@decides("SENT-MANIFEST-001")
def sentinel_first(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        first = manifest.sentinels[0][0]
        yield judge(
            first == 0,
            "The sentinel is not the first layer; consumers inspect layer 0 only.",
            where=manifest.name,
            expected="layers[0]",
            found=f"layers[{first}]",
        )


@decides("SENT-MANIFEST-002")
def layers_reused(seen: ImageSeen) -> Iterator[Judgement]:
    for pair in pairs(seen):
        if pair.plain is None:
            continue  # SENT-INDEX-007
        expected, found = [
            [(layer.digest, layer.size) for layer in data_layers(manifest)] for manifest in (pair.plain, pair.sentinel)
        ]
        yield judge(
            expected == found,
            "The data layers of the sentinel manifest are not those of its plain variant.",
            where=f"{pair.sentinel.name}.layers against {pair.plain.name}.layers",
            expected=_layers_text(expected),
            found=_layers_text(found) or "none",
        )
        for manifest in (pair.plain, pair.sentinel):
            problem = ambiguous_at(manifest.key_problems, "layers")
            if problem is not None:
                yield failed(
                    "JSON readers read different layers (DOC-002, DOC-003).",
                    where=f"{manifest.name}, byte {problem.offset}",
                    expected="one list of layers to all readers",
                    found=repr(problem.key),
                )


def _layers_text(layers: list[tuple[str, int]]) -> str:
    return ", ".join(f"{digest} ({size} bytes)" for digest, size in layers)


@decides("SENT-MANIFEST-004")
def every_layer_has_a_toc(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        for layer in data_layers(manifest):
            yield judge(
                layer.annotation(MANIFEST_CHECKSUM) is not None,
                "A data layer of the sentinel manifest has no TOC, so no client can pull it.",
                where=f"{manifest.name}, layer {layer.digest}",
                expected=f"annotation {MANIFEST_CHECKSUM}",
                found="no such annotation" if layer.annotation(MANIFEST_CHECKSUM) is None else "present",
            )


@decides("SENT-MANIFEST-005")
def oci_manifest(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        assert manifest.document is not None
        view = manifest.document.view
        # image-spec manifest.md: mediaType is a SHOULD; an index entry then states what it is.
        media_type = view.media_type or (manifest.entry.media_type if manifest.entry else MANIFEST_TYPE)
        yield judge(
            media_type == MANIFEST_TYPE and view.schema_version == 2,
            "The sentinel manifest is not an OCI image manifest of schema version 2.",
            where=f"{manifest.name}.mediaType, schemaVersion",
            expected=f"{MANIFEST_TYPE}, 2",
            found=f"{media_type}, {view.schema_version}",
        )


@decides("SENT-MANIFEST-006")
def provenance_kept(seen: ImageSeen) -> Iterator[Judgement]:
    """Every field of the plain manifest is required; the sentinel manifest may have more."""
    for pair in pairs(seen):
        if pair.plain is None or pair.plain.document is None or pair.sentinel.document is None:
            continue
        ours, theirs = pair.plain.document.fields, pair.sentinel.document.fields
        for key in _KEPT:
            expected, found = ours.get(key), theirs.get(key)
            if expected:
                yield judge(
                    _is_kept(expected, found),
                    f"The field {key} of the plain manifest is not retained on the sentinel manifest.",
                    where=f"{pair.sentinel.name}.{key}",
                    expected=str(expected),
                    found=str(found) if found else "absent",
                )


def _is_kept(expected: object, found: object) -> bool:
    if isinstance(expected, dict) and isinstance(found, dict) and "digest" not in expected:
        return expected.items() <= found.items()
    return expected == found


@decides("SENT-MANIFEST-007")
def plain_without_sentinel(seen: ImageSeen) -> Iterator[Judgement]:
    if not sentinel_manifests(seen):
        return
    for manifest in plain_manifests(seen):
        held = [i for i, layer in enumerate(layers_of(manifest)) if layer.digest in PR681.sentinel_digests]
        yield judge(
            not held,
            "A plain variant holds the sentinel blob as a layer, so unaware clients cannot use it.",
            where=manifest.name,
            expected="no sentinel layer",
            found=", ".join(f"layers[{i}]" for i in held) or "none",
        )
    for pair in pairs(seen):
        if pair.plain is None and pair.sentinel.entry is not None:
            twins = [
                other.name
                for other in sentinel_manifests(seen)
                if other is not pair.sentinel and other.platform == pair.sentinel.platform
            ]
            if twins:
                yield failed(
                    "All manifests of this platform have a sentinel layer: none is plain.",
                    where=pair.sentinel.name,
                    expected="a manifest without sentinel layer",
                    found=f"sentinel layers in {', '.join(twins)} too",
                )


@decides("SENT-MANIFEST-008")
def has_data(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        count = len(data_layers(manifest))
        yield judge(
            bool(count),
            "The sentinel manifest has no data layer: a sentinel alone has no purpose.",
            where=manifest.name,
            expected="at least one data layer",
            found=str(count),
        )


@decides("SENT-MANIFEST-009")
def every_layer_has_a_tar_split(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in sentinel_manifests(seen):
        for toc in manifest.tocs:
            where = f"{manifest.name}, layer {toc.layer.digest}"
            if toc.layer.annotation(MANIFEST_CHECKSUM) is None:
                continue  # SENT-MANIFEST-004
            if toc.problem:
                yield not_run(f"The TOC could not be read: {toc.problem}.", where=where, evidence=toc.evidence)
                continue
            missing = [] if toc.has_tar_split_digest else ["tarSplitDigest in the TOC"]
            if toc.layer.annotation(TARSPLIT_POSITION) is None:
                missing.append(f"annotation {TARSPLIT_POSITION}")
            if missing:
                yield failed(
                    "A data layer has no authenticated tar-split, so aware clients refuse to pull it.",
                    where=where,
                    expected="a tar-split digest in the TOC and its position in the annotations",
                    found=f"no {', no '.join(missing)}",
                    evidence=toc.evidence,
                )
            else:
                yield passed(where)


@decides("SENT-MANIFEST-011")
def layers_described_alike(seen: ImageSeen) -> Iterator[Judgement]:
    """The plain variant may omit all TOC annotations of a layer, which is then ordinary zstd."""
    for pair in pairs(seen):
        if pair.plain is None:
            continue
        plain_by_digest = {layer.digest: layer for layer in data_layers(pair.plain)}
        for position, layer in enumerate(layers_of(pair.sentinel)):
            twin = plain_by_digest.get(layer.digest)
            if twin is None:
                continue  # the sentinel, or a difference that SENT-MANIFEST-002 reports
            theirs = twin.annotations or {}
            ours = dict(layer.annotations or {})
            if not any(key in theirs for key in CHUNK_KEYS):
                ours = {key: value for key, value in ours.items() if key not in CHUNK_KEYS}
            yield judge(
                (layer.media_type, ours) == (twin.media_type, theirs),
                "Media type or annotations of a data layer differ from those in the plain variant.",
                where=f"{pair.sentinel.name}.layers[{position}]",
                expected=f"{twin.media_type} {theirs}",
                found=f"{layer.media_type} {ours}",
            )

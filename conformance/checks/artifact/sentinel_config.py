"""SENT-CONFIG: the configs of both variants."""

from collections.abc import Iterator
from typing import Any

from conformance.checks.artifact.pairs import Pair, layers_of, pairs, sentinel_manifests
from conformance.checks.artifact.stored import as_described
from conformance.format.names import CONFIG_TYPE
from conformance.format.oci import Config, Document
from conformance.observed.image import ImageSeen
from conformance.requirements import decides
from conformance.results import Judgement, judge

_PLATFORM = ("architecture", "os", "variant", "os.version")
# What decides how a container runs (image-spec v1.1.1 config.md); the rest, Labels among it, is SENT-CONFIG-004.
_EXECUTION = (
    "User",
    "ExposedPorts",
    "Env",
    "Entrypoint",
    "Cmd",
    "Volumes",
    "WorkingDir",
    "StopSignal",
    "ArgsEscaped",
)  # fmt: skip
_COMPARED_ELSEWHERE = {"rootfs", "history", "config", *_PLATFORM}


def _configs(seen: ImageSeen) -> Iterator[tuple[Pair, Document[Config], Document[Config]]]:
    """Pairs both of whose configs were read: plain, then sentinel."""
    for pair in pairs(seen):
        if pair.plain is not None and pair.plain.config is not None and pair.sentinel.config is not None:
            yield pair, pair.plain.config, pair.sentinel.config


@decides("SENT-CONFIG-001")
def diff_ids(seen: ImageSeen) -> Iterator[Judgement]:
    for pair, plain, sentinel in _configs(seen):
        first = layers_of(pair.sentinel)[pair.sentinel.sentinels[0][0]].digest
        expected = (first, *plain.view.rootfs.diff_ids)
        yield judge(
            sentinel.view.rootfs.diff_ids == expected,
            "The DiffIDs of the sentinel config are not the sentinel's followed by the plain config's.",
            where=f"{pair.sentinel.name}.config.rootfs.diff_ids",
            expected=", ".join(expected),
            found=", ".join(sentinel.view.rootfs.diff_ids) or "none",
        )


@decides("SENT-CONFIG-002")
def one_diff_id_a_layer(seen: ImageSeen) -> Iterator[Judgement]:
    for pair in pairs(seen):
        for manifest in (pair.sentinel, pair.plain):
            if manifest is None or manifest.config is None:
                continue
            layers, ids = len(layers_of(manifest)), len(manifest.config.view.rootfs.diff_ids)
            yield judge(
                layers == ids,
                "The numbers of DiffIDs and layers differ.",
                where=f"{manifest.name}.config.rootfs.diff_ids",
                expected=f"{layers}, one for each layer",
                found=str(ids),
            )


@decides("SENT-CONFIG-007")
def runs_the_same(seen: ImageSeen) -> Iterator[Judgement]:
    for pair, plain, sentinel in _configs(seen):
        differing = _differing(plain.fields, sentinel.fields, _PLATFORM)
        ours, theirs = _execution(plain), _execution(sentinel)
        differing += [f"config.{key}" for key in _differing(ours, theirs, _EXECUTION)]
        yield judge(
            not differing,
            "The execution parameters of the two variants differ.",
            where=f"{pair.sentinel.name}.config",
            expected="platform and execution config of the plain variant",
            found=f"other values in {', '.join(differing)}" if differing else "equal",
        )


@decides("SENT-CONFIG-004")
def nothing_lost(seen: ImageSeen) -> Iterator[Judgement]:
    for pair, plain, sentinel in _configs(seen):
        keys = [key for key in sorted({*plain.fields, *sentinel.fields}) if key not in _COMPARED_ELSEWHERE]
        differing = _differing(plain.fields, sentinel.fields, keys)
        ours, theirs = _execution(plain), _execution(sentinel)
        inner = [key for key in sorted({*ours, *theirs}) if key not in _EXECUTION]
        differing += [f"config.{key}" for key in _differing(ours, theirs, inner)]
        yield judge(
            not differing,
            "Fields of the plain config are not carried over to the sentinel config.",
            where=f"{pair.sentinel.name}.config",
            expected="every field of the plain config",
            found=f"missing or changed: {', '.join(differing)}" if differing else "all",
        )


@decides("SENT-CONFIG-005")
def history(seen: ImageSeen) -> Iterator[Judgement]:
    for pair, plain, sentinel in _configs(seen):
        ours, theirs = plain.view.history, sentinel.view.history
        yield judge(
            theirs == ours or (len(theirs) == len(ours) + 1 and theirs[1:] == ours),
            "The history is neither that of the plain config nor that with one entry for the sentinel before it.",
            where=f"{pair.sentinel.name}.config.history",
            expected=f"{len(ours)} entries as in the plain config, or one more as the first",
            found=f"{len(theirs)} entries" + ("" if theirs == ours else ", not the same"),
        )


@decides("SENT-CONFIG-006")
def config_is_what_the_manifest_says(seen: ImageSeen) -> Iterator[Judgement]:
    if not sentinel_manifests(seen):
        return
    for manifest in seen.manifests:
        stored = manifest.config_stored
        if stored is None or manifest.document is None:
            continue
        message, where = "The stored config does not match the descriptor in the manifest.", f"{manifest.name}.config"
        yield as_described(stored, manifest.document.view.config, message, what="The config", where=where)


@decides("SENT-CONFIG-008")
def oci_config_type(seen: ImageSeen) -> Iterator[Judgement]:
    for pair in pairs(seen):
        for manifest in (pair.sentinel, pair.plain):
            if manifest is not None and manifest.document is not None:
                found = manifest.document.view.config.media_type
                yield judge(
                    found == CONFIG_TYPE,
                    "The config does not have the media type of OCI configs: containers/image treats the "
                    "image as an artifact.",
                    where=f"{manifest.name}.config.mediaType",
                    expected=CONFIG_TYPE,
                    found=found,
                )


def _execution(config: Document[Config]) -> dict[str, Any]:
    return config.view.config or {}


def _differing(ours: dict[str, Any], theirs: dict[str, Any], keys: tuple[str, ...] | list[str]) -> list[str]:
    """Keys whose values differ; absent, null and empty are equal (Go omits empty values)."""
    return [key for key in keys if (ours.get(key) or None) != (theirs.get(key) or None)]

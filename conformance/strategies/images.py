"""Whole images with real layers: conforming ones, and for each requirement on metadata images that violate it.

    from conformance.strategies.images import BrokenImage, broken_images, images

    @given(images())
    def test_my_tool_takes(image: Bundle) -> None: ...

    @given(broken_images("SENT-CONFIG"))
    def test_my_tool_refuses(broken: BrokenImage) -> None: ...

Every image has a plain and a sentinel variant for ``linux/amd64``, each with at least two layers by ``format.writer``.
"""

import gzip
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Final

import msgspec
from hypothesis import strategies as st

from conformance.cases.mutants import metadata
from conformance.format.assembled import describe
from conformance.format.digest import Digest
from conformance.format.document import JsonObject
from conformance.format.names import (
    CONFIG_TYPE,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_TAR_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_TYPE,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor
from conformance.format.sentinel import canonical_sentinel
from conformance.format.writer import WriterOptions, layer_from_tar
from conformance.images.bundle import Bundle
from conformance.images.draft import Draft, finish
from conformance.images.trees import Node, Tree, tar_of
from conformance.requirements import broken_by, find_mutants
from conformance.strategies.fields import (
    MAIN_PLATFORM,
    annotations,
    other_platforms,
    unknown_fields,
)
from conformance.strategies.trees import trees

Break = Callable[[Draft], None]

BREAKS: Final[tuple[Break, ...]] = find_mutants(metadata)
"""The edits that make an image invalid: the mutants of ``mutants.metadata``."""

_ZSTD: Final = {ZSTD_ANNOTATION: "true"}
_SENTINEL: Final = {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"}


class BrokenImage(msgspec.Struct, frozen=True):
    """An image that violates ``requirement`` as ``what`` states, the requirements in ``implies``, and no others.

    ``twin`` is the positive control: the conforming image from which one edit created it.
    """

    requirement: str
    implies: tuple[str, ...]
    what: str
    image: Bundle
    twin: Bundle


def images() -> st.SearchStrategy[Bundle]:
    """Conforming images; in addition to the pair of ``linux/amd64`` there may be a gzip image, and other platforms.

    Another platform has a gzip variant, an uncompressed one, or a pair too. The documents have annotations and
    unknown fields; the entries of the index are in the order of the reference.
    """
    return drafts().map(bundle_of)


def broken_images(of: str | None = None) -> st.SearchStrategy[BrokenImage]:
    """Images with one defect: of any kind, or that violate the requirement ``of``, or one of the group ``of``.

    ValueError when there are none. Other platforms in these images have no pair, so that an edit of the pair violates
    no other requirement.
    """
    kinds = [edit for edit in BREAKS if of is None or of in (broken_by(edit)[0], broken_by(edit)[0].rpartition("-")[0])]
    if not kinds:
        known = ", ".join(sorted({broken_by(edit)[0] for edit in BREAKS}))
        raise ValueError(f"{of} is none of {known}, and no group of these")
    return st.builds(break_draft, drafts(one_pair=True), st.sampled_from(kinds))


def break_draft(draft: Draft, edit: Break) -> BrokenImage:
    """Apply one of BREAKS to a copy of a conforming draft."""
    requirement, *implies = broken_by(edit)
    broken = deepcopy(draft)
    edit(broken)
    what = edit.__name__.replace("_", " ")
    return BrokenImage(requirement, tuple(implies), what, bundle_of(broken), bundle_of(draft))


def bundle_of(draft: Draft) -> Bundle:
    """The image of a draft: encoded documents with right digests and sizes."""
    made = finish(draft)
    root = Descriptor(draft.index["mediaType"], str(Digest.of(made.root)), len(made.root))
    return Bundle({**made.blobs, root.digest: made.root}, root)


@st.composite
def drafts(draw: st.DrawFn, *, one_pair: bool = False) -> Draft:
    """Conforming images in parts, for your own edits; ``bundle_of`` creates the image."""
    tars = draw(_tars())
    layers, blobs = _chunked(tars, draw(st.sampled_from((WriterOptions(), WriterOptions(1, checksums=False)))))
    diff_ids = [str(Digest.of(tar)) for tar in tars]
    config, manifest = draw(_configs(diff_ids)), draw(_manifests(layers))
    sentinel = canonical_sentinel()
    first: JsonObject = describe(sentinel, SENTINEL_TYPE)
    blobs[first["digest"]] = sentinel
    draft = Draft(
        manifest,
        _with_sentinel(manifest, first),
        config,
        _with_diff_id(config, first["digest"]),
        [],
        {"schemaVersion": 2, "mediaType": INDEX_TYPE, **draw(_optional()), **draw(unknown_fields())},
        blobs,
    )
    pairs = [("plain", "sentinel", MAIN_PLATFORM)]
    whole: list[tuple[str, JsonObject]] = []
    if draw(st.booleans()):
        whole.append(("twin", MAIN_PLATFORM))
    for number, platform in enumerate(draw(other_platforms())):
        own_config = {**config, **platform}
        if not one_pair and draw(st.booleans()):
            names = (f"plain {number}", f"sentinel {number}")
            draft.extra[names[0]] = (manifest, own_config)
            draft.extra[names[1]] = (draft.sentinel, _with_diff_id(own_config, first["digest"]))
            pairs.append((*names, platform))
        if one_pair or draw(st.booleans()) or not any(platform is paired for _, _, paired in pairs):
            whole.append((f"other {number}", platform))
    for name, platform in whole:
        plain_layers = _unchunked(draft, tars, compress=draw(st.booleans()))
        draft.extra[name] = ({**manifest, "layers": plain_layers}, {**config, **platform})
    more = draw(unknown_fields())
    draft.entries += [_entry(name, platform, {}, more) for name, platform in whole]
    draft.entries += [_entry(plain, platform, _ZSTD, more) for plain, _, platform in pairs]
    draft.entries += [_entry(name, platform, _SENTINEL, more) for _, name, platform in pairs]
    return _unshared(draft)


def _unshared(draft: Draft) -> Draft:
    """Copy the parts, so that an edit of one document does not change another."""
    return replace(
        draft,
        plain=deepcopy(draft.plain),
        sentinel=deepcopy(draft.sentinel),
        plain_config=deepcopy(draft.plain_config),
        sentinel_config=deepcopy(draft.sentinel_config),
        entries=[deepcopy(entry) for entry in draft.entries],
        extra={name: (deepcopy(manifest), deepcopy(config)) for name, (manifest, config) in draft.extra.items()},
    )


def _tars() -> st.SearchStrategy[list[bytes]]:
    """Two or three small tars; a marker makes their names and contents different."""
    small = trees(max_nodes=2, max_size=2000)
    return st.lists(small, min_size=2, max_size=3).map(
        lambda drawn: [
            tar_of((Node(f"layer-{number}", content=f"{number}".encode() * 600), *tree), blocks=1)
            for number, tree in enumerate(_beside(drawn))
        ]
    )


def _beside(drawn: list[Tree]) -> Iterator[Tree]:
    """The trees without entries below a name that is no directory in a lower tree (TAR-056)."""
    lower: set[str] = set()
    for tree in drawn:
        kept = [node for node in tree if not any(node.name.startswith(f"{name}/") for name in lower)]
        names = {node.name for node in kept}
        yield tuple(node for node in kept if node.kind != "hardlink" or node.link_name in names)
        lower |= {node.name for node in kept if node.kind != "dir"}


def _chunked(tars: list[bytes], options: WriterOptions) -> tuple[list[JsonObject], dict[str, bytes]]:
    layers, blobs = [], {}
    for tar in tars:
        blob, written = layer_from_tar(tar, options)
        blobs[str(written.digest)] = blob
        descriptor = {"mediaType": LAYER_ZSTD_TYPE, "digest": str(written.digest), "size": written.size}
        layers.append({**descriptor, "annotations": written.annotations})
    return layers, blobs


def _unchunked(draft: Draft, tars: list[bytes], *, compress: bool) -> list[JsonObject]:
    """The same tars as gzip or uncompressed layers; their blobs are added to the draft."""
    layers = []
    for tar in tars:
        blob = gzip.compress(tar, mtime=0) if compress else tar
        media_type = LAYER_GZIP_TYPE if compress else LAYER_TAR_TYPE
        layers.append({"mediaType": media_type, "digest": draft.add_blob(blob), "size": len(blob)})
    return layers


@st.composite
def _configs(draw: st.DrawFn, diff_ids: list[str]) -> JsonObject:
    """Configs with environment, health check and history, which some edits need."""
    execution = {
        "Env": ["PATH=/bin", *draw(st.lists(st.text(max_size=10).map("A={}".format), max_size=2))],
        "Healthcheck": {"Test": ["NONE"]},
        "Labels": draw(annotations()),
        **draw(unknown_fields()),
    }
    made = st.text(max_size=20).map(lambda text: {"created_by": text, "empty_layer": True})
    return {
        **MAIN_PLATFORM,
        "created": "2026-11-24T10:00:00Z",
        "config": execution,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created_by": "base"}, *draw(st.lists(made, max_size=2))],
        "x-always": {"kept": True},
        **draw(unknown_fields()),
    }


@st.composite
def _manifests(draw: st.DrawFn, layers: list[JsonObject]) -> JsonObject:
    """Manifests without digest and size of the config, which are computed from it."""
    subject = {"mediaType": MANIFEST_TYPE, "digest": str(Digest.of(b"signed")), "size": 6}
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        **draw(st.sampled_from(({}, {"artifactType": "application/vnd.example"}, {"subject": subject}))),
        "config": {"mediaType": CONFIG_TYPE},
        "layers": layers,
        "annotations": {"org.example": "kept", **draw(annotations())},
        **draw(unknown_fields()),
    }


def _optional() -> st.SearchStrategy[JsonObject]:
    return annotations().map(lambda found: {"annotations": found} if found else {})


def _with_sentinel(manifest: JsonObject, first: JsonObject) -> JsonObject:
    return {**manifest, "layers": [first, *manifest["layers"]]}


def _with_diff_id(config: JsonObject, digest: str) -> JsonObject:
    return {**config, "rootfs": {**config["rootfs"], "diff_ids": [digest, *config["rootfs"]["diff_ids"]]}}


def _entry(name: str, platform: JsonObject, marks: dict[str, str], more: JsonObject) -> JsonObject:
    return {"of": name, "platform": platform, **({"annotations": marks} if marks else {}), **more}

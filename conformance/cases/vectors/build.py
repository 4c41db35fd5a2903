"""Builds vectors from mutants and variants of artifacts; no byte depends on the version of libzstd, zlib or Python."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from conformance import __version__
from conformance.cases.mutants import blob, documents, layer_names, layers, linux_entries, metadata, tar_headers
from conformance.cases.mutants.tar_constructs import LAWFUL
from conformance.cases.variants import artifacts
from conformance.cases.vectors.features import advisories_of, features_of, importance_of
from conformance.cases.vectors.http_cases import TWIN, http_image, scripts
from conformance.cases.vectors.model import Case, Index, Input, Kind, VectorError, Vectors
from conformance.cases.vectors.small import small_material
from conformance.cases.vectors.stages import stages_of
from conformance.cases.vectors.stored import UnsupportedError
from conformance.cases.vectors.tree import chunked_descriptors, diff_id_of, tree_of
from conformance.format.digest import Digest
from conformance.format.sentinel import canonical_sentinel
from conformance.images.draft import Drafted, conforming_draft, finish
from conformance.images.layer_draft import DraftedLayer, LayerDraft, conforming_layer, draft_of_tar, finish_layer
from conformance.requirements import broken_by, find_mutants, find_variants, freedom_of, load_catalogue, name_of

LICENCE: Final = "0BSD OR CC0-1.0"
MAX_CASE: Final = 64 * 1024
"""Maximum bytes of all blobs of a case; larger cases are listed as omitted."""
Artifact = Drafted | LayerDraft | bytes
_IMAGE, _LAYER, _TAR, _BLOB = "image-conforming", "layer-conforming", "tar-ordinary", "blob-canonical"
# Requirements that a vector fails in addition: it is judged with every byte, and a layer without lower layers. The
# mutants' own tests judge documents only, or a layer above another.
_IN_ADDITION: Final = {
    "tar_hard_link_without_link_name": ("TOC-021",),
    "diff_ids_exchanged": ("LAYER-002",),
    "sentinel_typed_as_layer": ("LAYER-013",),
    "gzip_of_another_platform_last": ("LAYER-013",),
    "plain_announced_as_sentinel": ("LAYER-013",),
    "sentinel_last": ("LAYER-002",),
    "layers_exchanged": ("LAYER-002",),
    "plain_holds_the_sentinel": ("LAYER-013",),
}
_OF_LAYERS: Final = frozenset(("ANNOT", "FOOTER", "LAYER", "TOC", "CHUNK", "TARSPLIT", "TAR", "SEC"))
_OF_IMAGES: Final = frozenset(("SENT-DESC", "SENT-MANIFEST", "SENT-CONFIG", "SENT-INDEX", "DOC"))
_ABOUT: Final = {_IMAGE: "SENT-INDEX-001", _LAYER: "LAYER-001", _BLOB: "SENT-BLOB-001"}


def build_vectors() -> Vectors:
    """All cases and their bytes."""
    store: dict[str, bytes] = {}
    cases: dict[str, Case] = {}
    omitted: dict[str, str] = {}
    with small_material():
        for name, make, case_of in _makers():
            try:
                given, kept = input_of(make())
            except UnsupportedError as error:
                omitted[name] = f"its point is how bytes are compressed: {error}"
                continue
            if (size := sum(map(len, kept.values()))) > MAX_CASE:
                omitted[name] = f"{size} bytes, and a vector has {MAX_CASE} at most"
                continue
            case = case_of(given)
            if case.id in cases:
                raise VectorError(f"two cases have the id {case.id}")
            cases[case.id] = described(case, kept)
            store |= kept
    for case in (*_layers_of_variants(cases.values(), store), *_http_cases(store)):
        cases[case.id] = described(case, store)
    ordered = tuple(cases[name] for name in sorted(cases))
    return Vectors(
        Index(load_catalogue().revision, LICENCE, ordered, dict(sorted(omitted.items())), suite=__version__), store
    )


def described(case: Case, blobs: dict[str, bytes]) -> Case:
    """The case with the fields that follow from its bytes and its requirement."""
    requirement = load_catalogue()[case.requirement]
    return msgspec.structs.replace(
        case,
        tree_sha256=case.tree_sha256 or tree_of(case, blobs),
        features=features_of(case, blobs),
        importance=importance_of(requirement),
        advisories=advisories_of(requirement),
    )


def _layers_of_variants(cases: Iterable[Case], blobs: dict[str, bytes]) -> list[Case]:
    """Variants of layers also as layer cases, for readers that do not read images; each distinct layer once."""
    found: dict[str, Case] = {}
    for case in cases:
        if case.kind != "image" or case.expect != "accept" or case.breaks:
            continue
        layers = chunked_descriptors(case, blobs)
        if not layers or case.requirement.rpartition("-")[0] not in _OF_LAYERS:
            continue
        layer, diff_id = layers[-1], diff_id_of(case, blobs, layers[-1])
        if layer["digest"] not in found and diff_id:
            given = Input(layer["digest"], (layer["digest"],), {}, layer, diff_id)
            more: dict[str, Any] = {"expect": "accept", "touches": case.touches}
            alone = case_about(f"{case.id}-layer", case.requirement, "layer", given, case.comment, **more)
            if tree_of(alone, blobs):  # not a layer that needs the one below it
                found[layer["digest"]] = alone
    return list(found.values())


def _http_cases(store: dict[str, bytes]) -> list[Case]:
    with small_material():
        given, kept = input_of(http_image())
    store |= kept
    about, comment = "SENT-PULL-001", "a registry that serves the image as it should"
    twin = case_about(TWIN, about, "http", given, comment, expect="accept", touches=(about,))
    tree = tree_of(msgspec.structs.replace(twin, kind="image"), store)
    twin = msgspec.structs.replace(twin, tree_sha256=tree)
    cases = [twin]
    for name, requirement_id, rules, words in scripts():
        scripted = msgspec.structs.replace(given, script=rules)
        more: dict[str, Any] = {"expect": "tree-or-refuse", "twin": TWIN, "tree_sha256": tree}
        cases.append(
            case_about(f"http-{name}", requirement_id, "http", scripted, words, touches=(requirement_id,), **more)
        )
    return cases


Maker = tuple[str, Callable[[], Artifact], Callable[[Input], Case]]


def _makers() -> Iterator[Maker]:
    """The makers: each with its name, a function for the bytes, and a function for the case."""
    yield _IMAGE, lambda: finish(conforming_draft()), _conforming(_IMAGE, "image")
    yield _LAYER, conforming_layer, _conforming(_LAYER, "layer")
    yield _BLOB, canonical_sentinel, _conforming(_BLOB, "blob")
    for name, tar in LAWFUL.items():
        yield f"tar-{_dashed(name)}", lambda tar=tar: draft_of_tar(tar), _lawful_tar(name)  # type: ignore[misc]
    for module in (metadata, documents):
        for maker in find_mutants(module):
            yield name_of(maker), lambda maker=maker: _edited(maker), _negative(maker, "image", _IMAGE)  # type: ignore[misc]
    for module in (layers, layer_names, linux_entries):
        for maker in find_mutants(module):
            yield name_of(maker), maker, _negative(maker, "layer", _LAYER)
    for maker in find_mutants(tar_headers):
        yield name_of(maker), maker, _negative(maker, "layer", _TAR)
    for maker in find_mutants(blob):
        yield name_of(maker), maker, _negative(maker, "blob", _BLOB)
    for maker in find_variants(artifacts):
        yield name_of(maker), maker, _variant(maker)


def _edited(maker: Callable[..., None]) -> Drafted:
    draft = conforming_draft()
    maker(draft)
    return finish(draft)


def input_of(subject: Artifact) -> tuple[Input, dict[str, bytes]]:
    """The input of a case, and the bytes it needs by their sha256."""
    if isinstance(subject, bytes):
        digest = str(Digest.of(subject))
        return Input(digest, (digest,)), {digest: subject}
    if isinstance(subject, LayerDraft):
        layer: DraftedLayer = finish_layer(subject)
        root = str(Digest.of(layer.blob))
        return Input(root, (root,), {}, layer.descriptor, layer.diff_id), {root: layer.blob}
    root = str(Digest.of(subject.root))
    kept, own, others = {root: subject.root}, [root], {}
    for name, content in subject.blobs.items():
        digest = str(Digest.of(content))
        kept[digest] = content
        if name != digest:
            others[name] = digest
        elif name not in own:
            own.append(name)
    return Input(root, tuple(own[:1] + sorted(own[1:])), dict(sorted(others.items()))), kept


def case_about(case_id: str, requirement_id: str, kind: Kind, given: Input, comment: str, **more: Any) -> Case:
    """A case with what the catalogue states about its requirement."""
    requirement = load_catalogue()[requirement_id]
    return Case(
        id=case_id,
        requirement=requirement_id,
        level=requirement.level,
        profiles=requirement.profiles,
        kind=kind,
        input=given,
        comment=comment,
        source=requirement.source,
        **more,
    )


def _conforming(case_id: str, kind: Kind) -> Callable[[Input], Case]:
    about = _ABOUT[case_id]
    return lambda given: case_about(case_id, about, kind, given, "conforming", expect="accept", touches=(about,))


def _lawful_tar(name: str) -> Callable[[Input], Case]:
    comment = f"conforming tar: {_words(name)}"
    return lambda given: case_about(
        f"tar-{_dashed(name)}", "TAR-001", "layer", given, comment, expect="accept", touches=("TAR-001",)
    )


def _negative(maker: Callable[..., Any], kind: Kind, twin: str) -> Callable[[Input], Case]:
    broken = (*broken_by(maker), *_IN_ADDITION.get(maker.__name__, ()))
    catalogue = load_catalogue()
    # A violation of the image is stated, but is no reason to refuse the layer alone.
    own = [name for name in broken if kind == "image" or name.rpartition("-")[0] not in _OF_IMAGES]
    must = any(catalogue[requirement_id].level == "MUST" for requirement_id in own)
    return lambda given: case_about(
        f"{broken[0].lower()}-{_dashed(maker.__name__)}",
        broken[0],
        kind,
        given,
        _comment(maker),
        expect="refuse" if must else "either",
        breaks=broken,
        stages=stages_of(own),
        twin=twin,
    )


def _variant(maker: Callable[..., Any]) -> Callable[[Input], Case]:
    freedom = freedom_of(maker)
    about = freedom.ids[0]
    case_id = f"{about.lower()}-lawful-{_dashed(maker.__name__)}"
    return lambda given: case_about(
        case_id, about, "image", given, _comment(maker), expect="accept", touches=freedom.ids, breaks=freedom.warns
    )


def _comment(maker: Callable[..., Any]) -> str:
    said = " ".join((inspect.getdoc(maker) or "").split())
    return f"{_words(maker.__name__)}: {said}" if said else _words(maker.__name__)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _dashed(name: str) -> str:
    return name.replace("_", "-")

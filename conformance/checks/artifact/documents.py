"""DOC: index, manifests and configs as every reader of JSON sees them."""

from collections.abc import Iterator
from typing import Any

import msgspec

from conformance.checks.artifact.pairs import pairs
from conformance.checks.artifact.stored import as_described
from conformance.format.digest import is_digest
from conformance.format.document import MAX_DEPTH
from conformance.format.document_digests import digests_in
from conformance.format.document_types import DocumentKind, type_problem
from conformance.format.json_problems import KeyKind, KeyProblem
from conformance.format.key_folds import foldings
from conformance.format.media_types import CONFIG_TYPES
from conformance.observed.evidence import BytesEvidence
from conformance.observed.image import ImageSeen, ManifestSeen
from conformance.requirements import decides
from conformance.results import Judgement, failed, judge, passed

SCHEMA_VERSION = 2
_MAX = 10
_MAX_TEXT = 140
"""Longer than a digest of sha512."""
_EITHER = ("manifests", "layers", "fsLayers")
_OF_OTHERS = {"index": ("config", "history"), "manifest": ("history",)}
"""Keys of another kind of document, for which containers/image refuses it (null is absent)."""


class _Document(msgspec.Struct, frozen=True):
    """One document that was fetched; ``fields`` is None when it is not of its kind."""

    kind: DocumentKind
    name: str
    raw: bytes
    fields: dict[str, Any] | None
    malformed: str = ""
    key_problems: tuple[KeyProblem, ...] = ()
    is_image_config: bool = False


def _documents(seen: ImageSeen) -> Iterator[_Document]:
    """Indexes, manifests and configs, each content once."""
    done: set[bytes] = set()
    of_manifests = (document for each in seen.manifests for document in _of_manifest(each))
    for document in (*_layout(seen), *_index(seen), *of_manifests):
        if document.raw not in done:
            done.add(document.raw)
            yield document


def _index(seen: ImageSeen) -> Iterator[_Document]:
    stored = seen.index_stored
    if stored is not None and stored.content is not None and (seen.index is not None or seen.index_malformed):
        fields = seen.index.fields if seen.index else None
        yield _Document("index", "index", stored.content, fields, seen.index_malformed, seen.index_key_problems)


def _layout(seen: ImageSeen) -> Iterator[_Document]:
    """The index.json of a layout, where it leads to the image."""
    if seen.layout is not None:
        read = seen.layout.read
        fields = read.document.fields if read.document else None
        yield _Document("index", "index.json", seen.layout.content, fields, read.malformed, read.key_problems)


def _of_manifest(seen: ManifestSeen) -> Iterator[_Document]:
    content = seen.stored.content
    if content is not None and (seen.document is not None or seen.malformed):
        fields = seen.document.fields if seen.document else None
        yield _Document("manifest", seen.name, content, fields, seen.malformed, seen.key_problems)
    config = seen.config_stored.content if seen.config_stored else None
    if config is not None and (seen.config is not None or seen.config_malformed):
        fields = seen.config.fields if seen.config else None
        name = f"{seen.name}.config"
        problems = seen.config_key_problems
        of_image = seen.document is not None and seen.document.view.config.media_type in CONFIG_TYPES
        of_image = of_image and seen.is_image
        yield _Document("config", name, config, fields, seen.config_malformed, problems, of_image)


@decides("DOC-001")
def of_their_kind(seen: ImageSeen) -> Iterator[Judgement]:
    for document in _documents(seen):
        found = document.malformed or _missing(document)
        yield judge(
            not found,
            "A document is not JSON of its kind.",
            where=document.name,
            expected=f"one JSON object in UTF-8 with the fields of its kind, nested at most {MAX_DEPTH} deep",
            found=found or "as described",
        )


def _missing(document: _Document) -> str:
    """The fields of an image config that image-spec 1.1 config.md requires and that are missing; "" for none."""
    if document.kind != "config" or not document.is_image_config:
        return ""
    fields = document.fields or {}
    rootfs = fields.get("rootfs") or {}
    missing = [key for key in ("architecture", "os") if not fields.get(key)]
    missing += [f"rootfs.{key}" for key in ("type", "diff_ids") if rootfs.get(key) is None]
    return f"no {', '.join(missing)}" if missing else ""


def _by_kind(seen: ImageSeen, kind: KeyKind, message: str, expected: str) -> Iterator[Judgement]:
    for document in _documents(seen):
        found = [problem for problem in document.key_problems if problem.kind is kind]
        for problem in found[:_MAX]:
            place = f"{document.name}, {problem.path or 'the document'}, byte {problem.offset}"
            shown = document.raw[problem.offset : problem.offset + 64]
            evidence = (BytesEvidence(document.name, problem.offset, expected, shown),)
            yield failed(message, where=place, expected=expected, found=repr(problem.key), evidence=evidence)
        if not found:
            yield passed(document.name)


@decides("DOC-002")
def keys_once(seen: ImageSeen) -> Iterator[Judgement]:
    message = "A key occurs twice in one object: readers use the first or the last, or refuse the document."
    return _by_kind(seen, KeyKind.DUPLICATE, message, "each key once in its object")


@decides("DOC-003")
def keys_in_exact_case(seen: ImageSeen) -> Iterator[Judgement]:
    message = "Readers that compare keys without case read this key, and its value, as another key."
    return _by_kind(seen, KeyKind.CASE, message, "no key that differs from a known one only in case")


@decides("DOC-004")
def numbers_for_all(seen: ImageSeen) -> Iterator[Judgement]:
    message = "Some readers refuse a number, or store another value."
    return _by_kind(
        seen, KeyKind.NUMBER, message, "integers of 64 bits where integers are required, finite doubles elsewhere"
    )


@decides("DOC-005")
def no_lone_surrogates(seen: ImageSeen) -> Iterator[Judgement]:
    message = "Some readers refuse an escaped lone surrogate, some retain it, and others read U+FFFD."
    return _by_kind(seen, KeyKind.SURROGATE, message, "pairs of surrogates only")


@decides("DOC-006")
def one_kind_only(seen: ImageSeen) -> Iterator[Judgement]:
    for document in (*_layout(seen), *_index(seen), *_manifests(seen)):
        if document.fields is not None:
            has = [key for key in _EITHER if key in document.fields]
            foreign = [key for key in _OF_OTHERS.get(document.kind, ()) if document.fields.get(key) is not None]
            yield judge(
                len(has) < 2 and not foreign,
                "The document is an index to one client and an image to another."
                if len(has) > 1
                else "The document has a key of another kind of document: some clients refuse it as ambiguous.",
                where=document.name,
                expected="one of manifests and layers; config in manifests only, history in configs only",
                found=" and ".join(has if len(has) > 1 else foreign) or "as described",
            )


def _manifests(seen: ImageSeen) -> Iterator[_Document]:
    for manifest in seen.manifests:
        yield from (document for document in _of_manifest(manifest) if document.name == manifest.name)


@decides("DOC-012")
def schema_version(seen: ImageSeen) -> Iterator[Judgement]:
    for document in (*_layout(seen), *_index(seen), *_manifests(seen)):
        if document.fields is not None:
            found = document.fields.get("schemaVersion")
            yield judge(
                found == SCHEMA_VERSION,
                "The schema version is missing or not 2: clients read another kind of document, or refuse it.",
                where=f"{document.name}.schemaVersion",
                expected=str(SCHEMA_VERSION),
                found="absent" if found is None else repr(found),
            )


@decides("DOC-013")
def root_file_system(seen: ImageSeen) -> Iterator[Judgement]:
    for manifest in seen.manifests:
        document, config = manifest.document, manifest.config
        if document is None or config is None or document.view.config.media_type not in CONFIG_TYPES:
            continue
        root = config.fields.get("rootfs")
        if isinstance(root, dict):
            found = root.get("type")
            yield judge(
                found == "layers",
                'The type of the root file system is not "layers": a reader has to refuse the image.',
                where=f"{manifest.name}.config.rootfs.type",
                expected="layers",
                found="absent" if found is None else repr(found)[:40],
            )


@decides("DOC-010")
def all_there(seen: ImageSeen) -> Iterator[Judgement]:
    message = "The blob of a descriptor is missing or has other content."
    if seen.layout is not None and seen.layout.entry is not None and seen.root is not None:
        yield as_described(seen.root, seen.layout.entry, message, what="It", where="index.json")
    for manifest in seen.manifests:
        parts = [(manifest.name, manifest.stored, manifest.entry)] if manifest.entry else []
        if manifest.document is not None and manifest.config_stored is not None:
            parts.append((f"{manifest.name}.config", manifest.config_stored, manifest.document.view.config))
        for name, stored, descriptor in parts:
            if stored.problem == "not-fetched":
                continue  # DOC-009
            yield as_described(stored, descriptor, message, what="It", where=name)


@decides("DOC-017")
def form_of_digests(seen: ImageSeen) -> Iterator[Judgement]:
    for document in _documents(seen):
        wrong = [each for each in digests_in(document.kind, document.fields or {}) if not is_digest(each[1])]
        for path, text in wrong[:_MAX]:
            yield failed(
                "A digest does not have its form: clients refuse the image, and nothing can be verified by it.",
                where=f"{document.name}.{path}",
                expected="an algorithm, a colon and its value; for sha256 64 lower-case hexadecimal digits",
                found=repr(text[:_MAX_TEXT]),
            )
        if not wrong and document.fields is not None:
            yield passed(document.name)


def ambiguous_at(problems: tuple[KeyProblem, ...], key: str) -> KeyProblem | None:
    """A problem because of which readers use another value of this key of the document, or of a part of it."""
    return next((problem for problem in problems if problem.kind in _OTHER_VALUE and key in _place(problem)), None)


_OTHER_VALUE = (KeyKind.CASE, KeyKind.DUPLICATE)


def _place(problem: KeyProblem) -> Iterator[str]:
    """The key of the document under which it is, in all spellings that readers fold to it."""
    outermost = (problem.path or problem.key).partition(".")[0].partition("[")[0]
    yield outermost
    yield from foldings(outermost)


@decides("DOC-016")
def one_diff_id_a_layer(seen: ImageSeen) -> Iterator[Judgement]:
    """Of images that belong to no pair; of pairs this is SENT-CONFIG-002."""
    paired = {id(manifest) for pair in pairs(seen) for manifest in (pair.sentinel, pair.plain)}
    for manifest in seen.manifests:
        document, config = manifest.document, manifest.config
        if document is None or config is None or id(manifest) in paired or not manifest.is_image:
            continue
        if document.view.config.media_type in CONFIG_TYPES:
            layers, ids = len(document.view.layers), len(config.view.rootfs.diff_ids)
            yield judge(
                layers == ids,
                "The numbers of DiffIDs and layers differ: some clients refuse the image, others unpack the layers.",
                where=f"{manifest.name}.config.rootfs.diff_ids",
                expected=f"{layers}, one for each layer",
                found=str(ids),
            )


@decides("DOC-014")
def optional_fields_of_their_type(seen: ImageSeen) -> Iterator[Judgement]:
    for document in _documents(seen):
        if document.fields is not None:
            problem = type_problem(document.kind, document.fields)
            yield judge(
                not problem,
                "An optional field has another type than the specification gives it.",
                where=document.name,
                expected="optional fields that are absent, null or of their type",
                found=problem or "as described",
            )

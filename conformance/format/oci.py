"""OCI image-spec 1.1 documents: a typed view, the parsed JSON and the raw bytes side by side.

No document is encoded from the typed view, so unknown fields are never lost.
"""

from typing import Any, Final, Generic, TypeVar

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, decode_leniently, decode_object
from conformance.format.document_shapes import CONFIG, MANIFEST
from conformance.format.errors import FormatError
from conformance.format.json_problems import KeyProblem, Shape
from conformance.format.names import DOCKER_LIST_TYPE, INDEX_TYPE


class Platform(msgspec.Struct, frozen=True, rename={"os_version": "os.version", "os_features": "os.features"}):
    """Where an image runs (image-index.md, "platform")."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Read ``os/architecture[/variant]``; raise FormatError for anything else."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts) or not text.isprintable():
            raise FormatError(f"{text[:80]!r} is not os/architecture[/variant]")
        return cls(parts[1], parts[0], "".join(parts[2:]))

    def __str__(self) -> str:
        text = "/".join(part for part in (self.os, self.architecture, self.variant) if part)
        return (f"{text} {self.os_version}" if self.os_version else text) or "no platform"


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """A reference to a blob or manifest: ``size`` in bytes, ``digest`` as text, not yet judged."""

    media_type: str
    digest: str
    size: int
    annotations: dict[str, str] | None = None
    platform: Platform | None = None
    artifact_type: str | None = None

    def annotation(self, key: str) -> str | None:
        """The value under this key, or None."""
        return (self.annotations or {}).get(key)


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """An OCI image manifest; a Docker schema 2 manifest has the same shape."""

    schema_version: int
    config: Descriptor
    layers: tuple[Descriptor, ...]
    media_type: str = ""
    artifact_type: str | None = None
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class Index(msgspec.Struct, frozen=True, rename="camel"):
    """An OCI image index; a Docker manifest list has the same shape."""

    schema_version: int
    manifests: tuple[Descriptor, ...]
    media_type: str = ""
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class RootFs(msgspec.Struct, frozen=True):
    type: str = ""
    diff_ids: tuple[str, ...] = ()


class Config(msgspec.Struct, frozen=True, rename={"os_version": "os.version", "os_features": "os.features"}):
    """The parts of an image config that the requirements inspect; ``Document.fields`` has all parts."""

    architecture: str = ""
    os: str = ""
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()
    rootfs: RootFs = RootFs()
    history: tuple[dict[str, Any], ...] = ()
    config: dict[str, Any] | None = None

    @property
    def platform(self) -> Platform:
        return Platform(self.architecture, self.os, self.variant, self.os_version, self.os_features)


# msgspec resolves the fields of a struct at its first use; two threads that do this together crash the interpreter.
_RESOLVED: Final = tuple(msgspec.json.Decoder(each) for each in (Manifest, Index, Config))

T = TypeVar("T")


class Document(msgspec.Struct, Generic[T], frozen=True):
    """One stored document: the ``raw`` bytes, all of its JSON ``fields``, and the typed ``view``."""

    raw: bytes
    fields: JsonObject
    view: T

    @property
    def digest(self) -> Digest:
        return Digest.of(self.raw)


def read_manifest(raw: bytes) -> Document[Manifest]:
    """Parse an image manifest; raise FormatError for other documents."""
    return _read(raw, Manifest, "manifest")


def read_index(raw: bytes) -> Document[Index]:
    """Parse an image index; raise FormatError for other documents."""
    return _read(raw, Index, "index")


def read_config(raw: bytes) -> Document[Config]:
    """Parse an image config; raise FormatError for other documents."""
    return _read(raw, Config, "config")


def is_index(fields: JsonObject) -> bool:
    """Whether a parsed manifest document is an index or a manifest list."""
    if fields.get("mediaType") in (INDEX_TYPE, DOCKER_LIST_TYPE):
        return True
    return "manifests" in fields and "layers" not in fields


class Reading(msgspec.Struct, Generic[T], frozen=True):
    """A parsed document: the reading of most readers, and the keys on which readers differ.

    ``document`` is None when it is not of its kind; ``malformed`` then states why.
    """

    document: Document[T] | None = None
    key_problems: tuple[KeyProblem, ...] = ()
    malformed: str = ""


class Decoded(msgspec.Struct, frozen=True):
    """A manifest or an index as most readers decode it, before it is known which of the two it is."""

    raw: bytes
    fields: JsonObject
    key_problems: tuple[KeyProblem, ...]

    @property
    def is_index(self) -> bool:
        return is_index(self.fields)

    def as_manifest(self) -> Reading[Manifest]:
        """How readers decode an image manifest."""
        return _as(self, Manifest, "manifest")

    def as_index(self) -> Reading[Index]:
        """How readers decode an image index."""
        return _as(self, Index, "index")


def decode_either(raw: bytes, *, what: str) -> Decoded:
    """Decode a manifest or an index, once; raise FormatError for what is not a JSON object."""
    return Decoded(raw, *decode_leniently(raw, what=what, shape=MANIFEST))


def examine_manifest(raw: bytes) -> Reading[Manifest]:
    """How readers decode an image manifest."""
    return _examine(raw, Manifest, "manifest", MANIFEST)


def examine_index(raw: bytes) -> Reading[Index]:
    """How readers decode an image index."""
    return _examine(raw, Index, "index", MANIFEST)


def examine_config(raw: bytes) -> Reading[Config]:
    """How readers decode an image config."""
    return _examine(raw, Config, "config", CONFIG)


def _read(raw: bytes, view: type[T], what: str) -> Document[T]:
    fields = decode_object(raw, what=what)
    return Document(raw, fields, _typed(fields, view, what))


def _examine(raw: bytes, view: type[T], what: str, shape: Shape) -> Reading[T]:
    try:
        decoded = Decoded(raw, *decode_leniently(raw, what=what, shape=shape))
    except FormatError as error:
        return Reading(malformed=str(error))
    return _as(decoded, view, what)


def _as(decoded: Decoded, view: type[T], what: str) -> Reading[T]:
    raw, fields = decoded.raw, decoded.fields
    there = _without_nulls(fields) if b"null" in raw else fields
    try:
        return Reading(Document(raw, fields, _typed(_with_media_types(there), view, what)), decoded.key_problems)
    except FormatError as error:
        return Reading(None, decoded.key_problems, str(error))


def _without_nulls(value: Any) -> Any:
    """The same without null fields, which readers treat as absent; annotations stay, because their keys are free."""
    if isinstance(value, dict):
        return {
            key: inner if key == "annotations" else _without_nulls(inner)
            for key, inner in value.items()
            if inner is not None
        }
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _with_media_types(fields: JsonObject) -> JsonObject:
    """The same with "" for each absent media type of a descriptor; SENT-INDEX-011 covers the absence."""
    typed = dict(fields)
    for key in ("manifests", "layers"):
        if isinstance(items := fields.get(key), list):
            typed[key] = [{"mediaType": "", **item} if isinstance(item, dict) else item for item in items]
    for key in ("config", "subject"):
        if isinstance(item := fields.get(key), dict) and {"digest", "size"} <= item.keys():
            typed[key] = {"mediaType": "", **item}
    return typed


def _typed(fields: JsonObject, view: type[T], what: str) -> T:
    try:
        return msgspec.convert(fields, view)
    except msgspec.ValidationError as error:
        text, _, path = str(error).partition(" - at `$")
        raise FormatError(f"{what}: {text}", where=path.rstrip("`").lstrip(".")) from None
    except UnicodeEncodeError:
        raise FormatError(f"{what}: a text holds a lone surrogate, which is not Unicode") from None

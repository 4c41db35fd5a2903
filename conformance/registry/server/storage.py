"""The persistent state of the embedded registry: a directory, similar to an OCI layout.

    oci-layout
    blobs/sha256/HEX          every blob and manifest, each once
    repositories/HEX.json     one per repository (HEX: sha256 of its name): an OCI index of its manifests, with a
                              ``ref.name`` annotation for each tag; with the fields ``name`` and ``links`` (its blobs)

A file is written whole under another name and renamed, and a repository is written after its blobs: whenever the
process dies, the directory holds the state after the last completed request, or the state after the request in
progress. Nothing is flushed to disk (tests push thousands of blobs), so a power failure may cost more. Upload sessions
are not stored.
"""

import secrets
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from pathlib import Path

import msgspec

from conformance.format.assembled import index_of
from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.errors import FormatError
from conformance.format.names import REF_NAME
from conformance.format.stored import StoredManifest
from conformance.registry.server.core import Repository

_LAYOUT = {"imageLayoutVersion": "1.0.0"}


class StorageError(Exception):
    """The directory is not a store of this registry, or is damaged; one line that names the file."""


class BlobFiles(MutableMapping[str, bytes]):
    """Contents by digest text, each a file that is named by its digest."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __getitem__(self, digest: str) -> bytes:
        try:
            return self._path(digest).read_bytes()
        except FileNotFoundError:
            raise KeyError(digest) from None

    def __setitem__(self, digest: str, content: bytes) -> None:
        if digest not in self or self[digest] != content:
            _write(self._path(digest), content)

    def __delitem__(self, digest: str) -> None:
        try:
            self._path(digest).unlink()
        except FileNotFoundError:
            raise KeyError(digest) from None

    def __contains__(self, digest: object) -> bool:
        try:
            return isinstance(digest, str) and self._path(digest).is_file()
        except KeyError:
            return False

    def __iter__(self) -> Iterator[str]:
        for path in sorted(self._directory.glob("*/*")):
            with suppress(FormatError):  # the remains of an interrupted write
                yield str(Digest.parse(f"{path.parent.name}:{path.name}"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, text: str) -> Path:
        try:
            digest = Digest.parse(text)
        except FormatError:
            raise KeyError(text) from None
        return self._directory / digest.algorithm / digest.hex


class DirectoryStorage:
    """The state of a registry in ``directory``, which is created when it does not exist; one process at a time."""

    def __init__(self, directory: Path) -> None:
        self._repositories = directory / "repositories"
        self._kept: dict[str, bytes] = {}
        mark = directory / "oci-layout"
        try:
            if directory.exists() and not mark.is_file() and any(directory.iterdir()):
                raise StorageError(f"{directory}: not empty, and no store of a registry: there is no oci-layout file")
            self._repositories.mkdir(parents=True, exist_ok=True)
            _write(mark, encode(_LAYOUT))
        except OSError as error:
            raise StorageError(f"{error.filename or directory}: {error.strerror}") from None
        self.blobs: MutableMapping[str, bytes] = BlobFiles(directory / "blobs")

    def load(self) -> dict[str, Repository]:
        """All repositories; raise StorageError for a changed file."""
        found = {}
        for path in sorted(self._repositories.glob("*.json")):
            try:
                fields = msgspec.json.decode(path.read_bytes())
                name, repository = fields["name"], self._repository(fields)
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise StorageError(f"{path}: damaged: {error or type(error).__name__}") from None
            if path != self._path(name):
                raise StorageError(f"{path}: it is the file of another repository, {name!r}")
            found[name] = repository
        return found

    def keep(self, name: str, repository: Repository) -> None:
        """Store this state of the repository, safe against a crash; nothing is written when it has not changed."""
        entries = []
        for digest, manifest in repository.manifests.items():
            entry: JsonObject = {"mediaType": manifest.media_type, "digest": digest, "size": len(manifest.raw)}
            tags = [tag for tag, tagged in repository.tags.items() if tagged == digest]
            entries += [{**entry, "annotations": {REF_NAME: tag}} for tag in tags] or [entry]
        fields = index_of(entries)
        content = encode({**fields, "name": name, "links": sorted(repository.links)})
        if self._kept.get(name) != content:
            for digest, manifest in repository.manifests.items():
                self.blobs[digest] = manifest.raw
            _write(self._path(name), content)
            self._kept[name] = content

    def _repository(self, fields: JsonObject) -> Repository:
        repository = Repository()
        for entry in fields["manifests"]:
            digest = entry["digest"]
            raw = self.blobs[digest]
            if not Digest.parse(digest).matches(raw):
                raise ValueError(f"the file of {digest} has other bytes")
            repository.manifests[digest] = StoredManifest(raw, entry["mediaType"])
            if REF_NAME in entry.get("annotations", {}):
                repository.tags[entry["annotations"][REF_NAME]] = digest
        repository.links = set(fields["links"])
        return repository

    def _path(self, name: str) -> Path:
        return self._repositories / f"{Digest.of(name.encode()).hex}.json"


def _write(path: Path, content: bytes) -> None:
    """The whole content or nothing: written to a temporary file and renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with aside.open("xb") as file:
            file.write(content)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)

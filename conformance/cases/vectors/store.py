"""Vectors in a directory: ``index.json``, and ``blobs/sha256/HEX`` for all bytes; or one directory for each case.

Reading verifies that sizes are bounded, and that every blob has the digest of its name.
"""

import json
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import msgspec

from conformance.cases.vectors.model import SCHEMA, Case, Index, VectorError, Vectors
from conformance.format.digest import Digest
from conformance.format.names import INDEX_TYPE

_MAX_INDEX: Final = 64 * 2**20
_MAX_BLOB: Final = 2**20
_SHA256: Final = re.compile(r"sha256:([0-9a-f]{64})")
_ANY_DIGEST: Final = re.compile(r"([a-z0-9]{1,20}):([0-9a-zA-Z]{32,128})")


def vectors_directory() -> Path:
    """The directory of the vectors of this package (fixtures/vectors in the source tree); VectorError if missing."""
    package = Path(str(files("conformance")))
    for directory in (package / "fixtures" / "vectors", package.parent / "fixtures" / "vectors"):
        if (directory / "index.json").is_file():
            return directory
    raise VectorError("the vectors are not installed; zcc vectors build makes them")


def index_document(index: Index) -> bytes:
    """The index as JSON, a case on each line."""
    whole = msgspec.to_builtins(index)
    cases = whole.pop("cases")
    named = {key: whole.pop(key) for key in ("schema", "suite")}
    head = json.dumps({**named, **whole}, indent=1, sort_keys=False, ensure_ascii=False)[:-2]
    lines = ",\n".join(json.dumps(case, separators=(",", ":"), ensure_ascii=False) for case in cases)
    return f'{head},\n "cases": [\n{lines}\n]}}\n'.encode()


def write_vectors(vectors: Vectors, directory: Path) -> None:
    """Write index and blobs; remove blobs that the index does not name; other files stay."""
    folder = directory / "blobs" / "sha256"
    folder.mkdir(parents=True, exist_ok=True)
    names = {digest.removeprefix("sha256:") for digest in vectors.blobs}
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()
    for digest, content in vectors.blobs.items():
        (folder / digest.removeprefix("sha256:")).write_bytes(content)
    (directory / "index.json").write_bytes(index_document(vectors.index))


def read_index(directory: Path) -> Index:
    """The index of vectors in a directory; VectorError for an invalid one."""
    path = directory / "index.json"
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_INDEX + 1)
        if len(raw) > _MAX_INDEX:
            raise VectorError(f"{path}: more than {_MAX_INDEX} bytes")
        index = msgspec.json.decode(raw, type=Index)
    except OSError as error:
        raise VectorError(f"{path}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise VectorError(f"{path}: {error}") from None
    if index.schema != SCHEMA:
        raise VectorError(f"{path}: schema {index.schema!r}, and this version reads {SCHEMA!r}")
    return index


def read_vectors(directory: Path) -> Vectors:
    """Index and bytes; VectorError also for a blob that is missing, too large or has another digest."""
    index = read_index(directory)
    wanted = {digest for case in index.cases for digest in case.input.files.values()}
    return Vectors(index, {digest: _blob(directory, digest) for digest in sorted(wanted)})


def export_cases(vectors: Vectors, directory: Path) -> None:
    """Write a self-contained directory for each case: ``case.json`` and a layout, ``layer.zst`` or ``sentinel.bin``.

    ``SHA256SUMS`` has the sha256 of every file, as ``sha256sum --check`` reads it.
    """
    if directory.exists() and any(directory.iterdir()):
        raise VectorError(f"{directory}: not empty")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "index.json").write_bytes(index_document(vectors.index))
    licence = vectors_directory() / "LICENSE"
    shutil.copyfile(licence, directory / "LICENSE")
    for case in vectors.index.cases:
        folder = directory / "cases" / case.id
        folder.mkdir(parents=True)
        (folder / "case.json").write_bytes(_indented(msgspec.to_builtins(case)))
        for name, content in _case_files(vectors, case):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    written = sorted(path for path in directory.rglob("*") if path.is_file())
    sums = (f"{Digest.of(path.read_bytes()).hex}  {path.relative_to(directory).as_posix()}\n" for path in written)
    (directory / "SHA256SUMS").write_text("".join(sums), "utf-8")


def _case_files(vectors: Vectors, case: Case) -> Iterator[tuple[str, bytes]]:
    if case.kind == "requests":  # as the program that replays them reads it, with index.json for case.json
        yield "index.json", index_document(msgspec.structs.replace(vectors.index, cases=(case,)))
        yield from ((f"blobs/sha256/{digest[7:]}", vectors.blobs[digest]) for digest in case.input.blobs)
        return
    root = vectors.blobs[case.input.root]
    if case.kind != "image":
        yield ("layer.zst" if case.kind == "layer" else "sentinel.bin"), root
        return
    for digest, stored in case.input.files.items():
        match = _ANY_DIGEST.fullmatch(digest)
        if match:  # a layout has no path for an invalid digest
            yield f"layout/blobs/{match[1]}/{match[2]}", vectors.blobs[stored]
    entry: dict[str, Any] = {"mediaType": _type_of(root), "digest": case.input.root, "size": len(root)}
    yield "layout/oci-layout", b'{"imageLayoutVersion":"1.0.0"}'
    yield "layout/index.json", _indented({"schemaVersion": 2, "manifests": [entry]})


def _type_of(root: bytes) -> str:
    """The media type of the root document; that of an index where it has none."""
    try:
        said = json.loads(root)["mediaType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return INDEX_TYPE
    return said if isinstance(said, str) else INDEX_TYPE


def _blob(directory: Path, digest: str) -> bytes:
    match = _SHA256.fullmatch(digest)
    if match is None:
        raise VectorError(f"index.json: {digest[:80]!r} is not a sha256 digest")
    path = directory / "blobs" / "sha256" / match[1]
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BLOB + 1)
    except OSError as error:
        raise VectorError(f"{path}: {error.strerror}") from None
    if len(content) > _MAX_BLOB or str(Digest.of(content)) != digest:
        raise VectorError(f"{path}: not the content that its name states")
    return content


def _indented(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"

"""Creates an image from tars or a directory: uncompressed layers in memory, for the producer to push."""

import io
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import CONFIG_TYPE, LAYER_TAR_TYPE
from conformance.format.oci import Platform
from conformance.reference.errors import RefusalError
from conformance.sources.memory import MemorySource

MAX_TAR: Final = 2**30


def image_of(tars: Sequence[bytes], platform: Platform) -> MemorySource:
    """An image with one layer for each tar, the lowest first; the same bytes for the same tars."""
    diff_ids = [str(Digest.of(tar)) for tar in tars]
    named = {"architecture": platform.architecture, "os": platform.os}
    if platform.variant:
        named["variant"] = platform.variant
    history = [{"created_by": "zstd-chunked-conformance reference producer"} for _ in tars]
    config = encode({**named, "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history})
    layers = [
        {"mediaType": LAYER_TAR_TYPE, "digest": digest, "size": len(tar)}
        for digest, tar in zip(diff_ids, tars, strict=True)
    ]
    described = describe(config, CONFIG_TYPE)
    manifest = encode(manifest_of(described, layers))
    blobs = {str(Digest.of(content)): content for content in (*tars, config)}
    return MemorySource(blobs, manifest, "the local image")


def read_tar(path: Path) -> bytes:
    """A tar file, which must fit into memory."""
    try:
        if path.stat().st_size > MAX_TAR:
            raise RefusalError(f"{path.name}: larger than {MAX_TAR} bytes")
        return path.read_bytes()
    except OSError as error:
        raise RefusalError(f"{path.name}: {error.strerror}") from None


def tar_of_directory(directory: Path) -> bytes:
    """A directory as tar, sorted by name, without user names: the same tree yields the same bytes."""
    if not directory.is_dir():
        raise RefusalError(f"{directory.name}: no such directory")

    def anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
        info.uname = info.gname = ""
        return info

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(directory.rglob("*")):
            archive.add(path, str(path.relative_to(directory)), recursive=False, filter=anonymous)
    return out.getvalue()


def tar_of_one_file(name: str) -> bytes:
    """A tar with an empty file; the same bytes every time."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo(name))
    return out.getvalue()

"""Creates large layers for the benchmarks: from /usr, with the reference writer, each in a separate OCI layout."""

import hashlib
import os
import tarfile
from pathlib import Path
from typing import BinaryIO, cast

from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.names import CONFIG_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.format.writer import WrittenLayer, write_layer
from conformance.sources.layout import write_layout


def usr_tar(target: Path, size: int) -> None:
    """A tar of at least ``size`` bytes of content from /usr, whose files are repeated under other names if
    necessary.
    """
    with tarfile.open(target, "w") as archive:
        copy = 0
        while archive.offset < size:
            before = archive.offset
            for path in _files(Path("/usr")):
                archive.add(path, f"{copy}{path}", recursive=False)
                archive.members.clear()  # type: ignore[attr-defined] # else they fill the memory
                if archive.offset >= size:
                    break
            copy += 1
            if archive.offset == before:
                raise SystemExit("/usr has no files to make a layer from")


def _files(root: Path) -> list[Path]:
    found: list[Path] = []
    for directory, names, files in os.walk(root):
        names.sort()
        found += [Path(directory, name) for name in sorted(files)]
    return [path for path in found if path.is_symlink() or os.access(path, os.R_OK)]


def layer_layout(tar: Path, layout: Path) -> tuple[Path, WrittenLayer]:
    """A layout with one image of one layer; the layer's blob, and what was written."""
    layout.mkdir(parents=True)
    blob = layout / "layer"
    with tar.open("rb") as source, blob.open("wb") as sink:
        written = write_layer(source, cast("BinaryIO", sink))
    config = encode(
        {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [str(written.diff_id)]}}
    )
    descriptor = written.descriptor
    manifest = encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": {"mediaType": CONFIG_TYPE, "digest": str(Digest.of(config)), "size": len(config)},
            "layers": [
                {
                    "mediaType": descriptor.media_type,
                    "digest": descriptor.digest,
                    "size": descriptor.size,
                    "annotations": descriptor.annotations,
                }
            ],
        }
    )
    root = Descriptor(MANIFEST_TYPE, str(Digest.of(manifest)), len(manifest))
    write_layout(layout, {str(Digest.of(config)): config, root.digest: manifest}, root)
    target = layout / "blobs" / "sha256" / written.digest.hex
    blob.rename(target)
    return target, written


def sha256_of(path: Path) -> str:
    """The digest of a file, to warm the page cache as well."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

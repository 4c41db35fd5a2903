"""A client with a defect of real ones: what decompresses and unpacks stops reading where the tar ends.

``stops_at_the_end.py HOST/NAME:TAG DIRECTORY`` unpacks an image from a registry. What is behind the tar stays in the
pipe; more than the pipe holds breaks the download.
"""

import io
import json
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

import zstandard

ACCEPT = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json"
WHITEOUT = ".wh."


def get(url: str) -> bytes:
    content: bytes = urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": ACCEPT})).read()
    return content


def unpack(directory: Path) -> None:
    """The layer on standard input, on top of what is there."""
    source = io.FileIO(sys.stdin.fileno())  # no buffer, which would read ahead
    reader = zstandard.ZstdDecompressor().stream_reader(source, read_size=4096, read_across_frames=True)
    # Block by block: a longer read would look for more behind the end.
    with tarfile.open(fileobj=reader, mode="r|", bufsize=512) as tar:
        for member in tar:
            path = Path(member.name)
            if path.name.startswith(WHITEOUT):
                (directory / path.parent / path.name.removeprefix(WHITEOUT)).unlink()
            else:
                tar.extract(member, directory, filter="fully_trusted")


def main(reference: str, directory: str) -> int:
    name, _, tag = reference.rpartition(":")
    base = f"http://{name.replace('/', '/v2/', 1)}"
    manifest = json.loads(get(f"{base}/manifests/{tag}"))
    if "manifests" in manifest:
        manifest = json.loads(get(f"{base}/manifests/{manifest['manifests'][0]['digest']}"))
    for layer in manifest["layers"]:
        with subprocess.Popen([sys.executable, __file__, directory], stdin=subprocess.PIPE) as unpacking:
            assert unpacking.stdin is not None
            try:
                unpacking.stdin.write(get(f"{base}/blobs/{layer['digest']}"))
                unpacking.stdin.close()
            except BrokenPipeError:
                sys.stderr.write("error: the layer could not be written: broken pipe\n")
                return 1
        if unpacking.returncode:
            return unpacking.returncode
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 2:
        unpack(Path(sys.argv[1]))
    else:
        sys.exit(main(*sys.argv[1:]))

"""A shallow check of a large image in a registry: at most 2 % of its bytes, at most 4 requests a layer.

The image has one layer, created from /usr with the reference writer; the embedded registry counts requests and bytes.
Run with ``python -m benchmarks.shallow_check``; figures: benchmarks/README.md.
The embedded registry takes blobs of at most 256 MiB, about 0.6 GB of tar.
"""

import argparse
import tempfile
import time
from pathlib import Path

from benchmarks.layers import layer_layout, usr_tar
from conformance.audit.checking import CheckOptions, check_image
from conformance.format.document import decode_object
from conformance.registry.client.client import RegistryClient
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.server.embedded import EmbeddedRegistry


def main() -> None:
    """Push once, check once, and count what the registry sent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=float, default=0.5, help="GB of tar, at most about 0.6")
    size = parser.parse_args().size
    with tempfile.TemporaryDirectory() as name, EmbeddedRegistry(directory=Path(name) / "registry") as registry:
        tar, layout = Path(name) / "layer.tar", Path(name) / "layout"
        usr_tar(tar, int(size * 10**9))
        blob, _ = layer_layout(tar, layout)
        tar.unlink()
        manifest = next(path for path in blob.parent.iterdir() if path.stat().st_size < 10**4 and _is_manifest(path))
        client = RegistryClient(registry.url)
        for path in blob.parent.iterdir():
            if path != manifest:
                result = client.upload_blob("bench", path.read_bytes(), chunk_size=64 * 2**20)
                assert result.status == 201, result
        raw = manifest.read_bytes()
        media_type = decode_object(raw, what="manifest")["mediaType"]
        assert client.put_manifest_raw("bench", "latest", raw, media_type).status == 201
        before = len(registry.exchanges)
        start = time.perf_counter()
        host = registry.url.partition("://")[2]
        report = check_image(f"{host}/bench:latest", CheckOptions(ConnectionOptions(plain_http=True)))
        seconds = time.perf_counter() - start
        made = registry.exchanges[before:]
        fetched, whole = sum(exchange.response_size for exchange in made), blob.stat().st_size
        requests = sum("/blobs/" in exchange.url and bool(exchange.request_header("range")) for exchange in made)
        assert report.conforms
        share = 100 * fetched / whole
        print(f"image of {whole / 10**9:.2f} GB: {fetched / 10**6:.2f} MB fetched, {share:.2f} % (limit 2 %)")
        print(f"{requests} range request for the layer (limit 4), {len(made)} requests in all, {seconds:.2f} s")


def _is_manifest(path: Path) -> bool:
    return b'"config"' in path.read_bytes()


if __name__ == "__main__":
    main()

"""A registry and the reference beside it, in this process: what tests of the reference consist of."""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from conformance.format.digest import Digest
from conformance.format.document import JsonObject, encode
from conformance.format.names import (
    CONFIG_TYPE,
    INDEX_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_TYPE,
    MANIFEST_TYPES,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    ZSTD_ANNOTATION,
)
from conformance.format.sentinel import canonical_sentinel
from conformance.images.samples import PLATFORM
from conformance.reference.__main__ import main
from conformance.reference.toolkit import REFERENCE, Toolkit
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry


class Ended(msgspec.Struct, frozen=True):
    """How a command line of the reference ended."""

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """What ``unpack`` prints."""
        found: dict[str, Any] = json.loads(self.out)
        return found


class ReferenceBench:
    """One registry; ``directory`` for layouts, trees and stores."""

    def __init__(self, registry: EmbeddedRegistry, directory: Path) -> None:
        self.registry, self.directory = registry, directory
        self.host = registry.url.removeprefix("http://")
        self.client = RegistryClient(registry.url, retries=0)
        self._count = 0

    def name(self, text: str) -> str:
        """``host:port/image/TEXT``."""
        return f"{self.host}/image/{text}"

    def new(self, kind: str) -> Path:
        """A new directory."""
        self._count += 1
        path = self.directory / f"{kind}{self._count}"
        path.mkdir()
        return path

    def reference(self, *arguments: str | Path, toolkit: Toolkit = REFERENCE) -> Ended:
        """Run the reference's command line in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main([str(argument) for argument in arguments], toolkit)
        return Ended(status, out.getvalue(), err.getvalue())

    def push(self, layout: Path, tag: str, *more: str) -> Ended:
        """Push a layout as zstd:chunked with its sentinel variant; it must succeed."""
        ended = self.reference("push", "--layout", layout, "--reference", self.name(tag), *more)
        assert ended.status == 0, ended.err
        return ended

    def unpack(
        self, tag: str, *more: str | Path, toolkit: Toolkit = REFERENCE, store: Path | None = None
    ) -> tuple[Ended, Path]:
        """Unpack with an empty store, or the one given."""
        output, contents = self.new("tree"), store or self.new("store")
        where = ("--output", output, "--store", contents, "--platform", "linux/amd64")
        return self.reference("unpack", "--reference", self.name(tag), *where, *more, toolkit=toolkit), output

    def raw(self, tag: str) -> bytes:
        """The document under a tag or digest."""
        repository, _, reference = tag.rpartition("@" if "@" in tag else ":")
        response = self.client.get_manifest_raw(f"image/{repository}", reference, accept=MANIFEST_TYPES)
        assert response.status == 200
        return response.content

    def fields(self, tag: str) -> dict[str, Any]:
        """The same, parsed."""
        found: dict[str, Any] = json.loads(self.raw(tag))
        return found

    def blob(self, repository: str, digest: str) -> bytes:
        response = self.client.get_blob(f"image/{repository}", digest)
        assert response.status == 200
        return response.content

    def put_blob(self, repository: str, content: bytes) -> str:
        """Upload; the digest."""
        assert self.client.upload_blob(f"image/{repository}", content).status == 201
        return str(Digest.of(content))

    def put_manifest(self, repository: str, fields: Mapping[str, Any], tag: str = "") -> JsonObject:
        """Push a manifest or index; its descriptor."""
        raw = encode(fields)
        digest = str(Digest.of(raw))
        media_type = fields["mediaType"]
        response = self.client.put_manifest_raw(f"image/{repository}", tag or digest, raw, media_type)
        assert response.status == 201, response.exchange.as_text()
        return {"mediaType": media_type, "digest": digest, "size": len(raw)}

    def put_image(
        self,
        repository: str,
        layers: Sequence[tuple[bytes, str, Mapping[str, str]]],
        *,
        sentinel: bytes | None = None,
        config: Mapping[str, Any] | None = None,
        tag: str = "",
    ) -> JsonObject:
        """Push an image of zstd layers (blob, DiffID, annotations), as sentinel variant when one is given."""
        described: list[JsonObject] = []
        diff_ids: list[str] = []
        if sentinel is not None:
            described.append(
                {"mediaType": SENTINEL_TYPE, "digest": self.put_blob(repository, sentinel), "size": len(sentinel)}
            )
            diff_ids.append(described[0]["digest"])
        for blob, diff_id, annotations in layers:
            layer = {"mediaType": LAYER_ZSTD_TYPE, "digest": self.put_blob(repository, blob), "size": len(blob)}
            described.append({**layer, **({"annotations": dict(annotations)} if annotations else {})})
            diff_ids.append(diff_id)
        body = encode({**PLATFORM, "rootfs": {"type": "layers", "diff_ids": diff_ids}, **(config or {})})
        named = {"mediaType": CONFIG_TYPE, "digest": self.put_blob(repository, body), "size": len(body)}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": named, "layers": described}
        return self.put_manifest(repository, manifest, tag)

    def put_pair(self, repository: str, layers: Sequence[tuple[bytes, str, Mapping[str, str]]], tag: str = "1") -> None:
        """Push an image and its sentinel variant under a tag, as given: nothing is checked."""
        plain = self.put_image(repository, layers)
        sentinel = self.put_image(repository, layers, sentinel=canonical_sentinel())
        self.put_index(repository, [entry(plain), entry(sentinel, sentinel=True)], tag)

    def put_index(self, repository: str, entries: Sequence[Mapping[str, Any]], tag: str = "1") -> JsonObject:
        return self.put_manifest(
            repository, {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": list(entries)}, tag
        )


def entry(descriptor: JsonObject, *, sentinel: bool = False, zstd: bool = True, **more: object) -> JsonObject:
    """An index entry for a manifest."""
    annotations = {**({ZSTD_ANNOTATION: "true"} if zstd else {}), **({SENTINEL_ANNOTATION: "true"} if sentinel else {})}
    return {**descriptor, "platform": PLATFORM, "annotations": annotations, **more}


@contextmanager
def bench(directory: Path, *defects: Defect) -> Iterator[ReferenceBench]:
    """A setup whose registry has these defects."""
    directory.mkdir(exist_ok=True)
    with EmbeddedRegistry(defects=defects) as registry:
        made = ReferenceBench(registry, directory)
        yield made
        made.client.close()

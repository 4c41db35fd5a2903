"""The requests that push an image of the suite, and read it back."""

from collections.abc import Callable, Iterator
from typing import Final

from conformance.format.digest import Digest
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE, MANIFEST_TYPES
from conformance.images.samples import SampleImage
from conformance.observed.registry import ResponseSeen
from conformance.trials.registry.responses import seen_response
from conformance.trials.registry.target import RegistryUnderTest

LAYER_SIZE: Final = 4 * 2**20
"""Bytes of the largest layer that is pushed."""
# One request of a push, which may be sent again.
Step = Callable[[], ResponseSeen]


class ImageRequests:
    """Requests to one registry, each with its response as observation."""

    def __init__(self, registry: RegistryUnderTest) -> None:
        self._registry = registry
        self._client = registry.client

    def push(self, repository: str, image: SampleImage, tag: str = "pair") -> list[tuple[Step, ResponseSeen]]:
        """Push blobs, both manifests and the index; every step with its response."""
        return [(step, step()) for step in self._steps(repository, image, tag)]

    def _steps(self, repository: str, image: SampleImage, tag: str) -> Iterator[Step]:
        for digest, content in image.blobs.items():
            yield self.uploading(repository, digest, content)
        for raw in (image.plain, image.sentinel):
            digest = str(Digest.of(raw))
            yield self.putting(repository, f"PUT manifest {digest}", digest, raw, MANIFEST_TYPE)
        yield self.putting(repository, f"PUT index as {tag}", tag, image.index, INDEX_TYPE)

    def uploading(self, repository: str, digest: str, content: bytes) -> Step:
        return lambda: seen_response(f"upload of {digest}", self._registry.upload(repository, content))

    def putting(self, repository: str, what: str, reference: str, raw: bytes, media_type: str) -> Step:
        return lambda: seen_response(what, self._registry.put_manifest(repository, reference, raw, media_type))

    def get(self, repository: str, reference: str, accept: tuple[str, ...] = MANIFEST_TYPES) -> ResponseSeen:
        response = self._client.get_manifest_raw(repository, reference, accept=accept)
        return seen_response(f"GET manifests/{reference}", response)

    def get_blob(self, repository: str, digest: str) -> ResponseSeen:
        return seen_response(f"GET blobs/{digest}", self._client.get_blob(repository, digest, max_bytes=2 * LAYER_SIZE))

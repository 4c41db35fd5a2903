"""The requests that several scenarios of a registry consist of, each with its response as observation."""

from collections.abc import Callable, Iterator
from typing import Final

from conformance.format.digest import Digest
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE, MANIFEST_TYPES
from conformance.images.samples import SampleImage
from conformance.observed.registry import ResponseSeen
from conformance.registry.client.client import Response
from conformance.trials.registry.target import RegistryUnderTest

LAYER_SIZE: Final = 4 * 2**20
Step = Callable[[], ResponseSeen]
"""One request of a push, which may be sent again."""


def seen_response(what: str, response: Response) -> ResponseSeen:
    """A response as observation."""
    return ResponseSeen(response.status, response.headers, response.content, response.exchange, what)


class Steps:
    """Pushes and reads in the repositories of a run."""

    def __init__(self, registry: RegistryUnderTest) -> None:
        self._registry = registry
        self._client = registry.client

    def _push(self, repository: str, image: SampleImage, tag: str = "pair") -> list[tuple[Step, ResponseSeen]]:
        """Push blobs, both manifests and the index; every step with its response."""
        return [(step, step()) for step in self._steps(repository, image, tag)]

    def _steps(self, repository: str, image: SampleImage, tag: str) -> Iterator[Step]:
        for digest, content in image.blobs.items():
            yield self._uploading(repository, digest, content)
        for raw in (image.plain, image.sentinel):
            digest = str(Digest.of(raw))
            yield self._putting(repository, f"PUT manifest {digest}", digest, raw, MANIFEST_TYPE)
        yield self._putting(repository, f"PUT index as {tag}", tag, image.index, INDEX_TYPE)

    def _uploading(self, repository: str, digest: str, content: bytes) -> Step:
        return lambda: seen_response(f"upload of {digest}", self._registry.upload(repository, content))

    def _putting(self, repository: str, what: str, reference: str, raw: bytes, media_type: str) -> Step:
        return lambda: seen_response(what, self._registry.put_manifest(repository, reference, raw, media_type))

    def _get(self, repository: str, reference: str, accept: tuple[str, ...] = MANIFEST_TYPES) -> ResponseSeen:
        response = self._client.get_manifest_raw(repository, reference, accept=accept)
        return seen_response(f"GET manifests/{reference}", response)

    def _get_blob(self, repository: str, digest: str) -> ResponseSeen:
        return seen_response(f"GET blobs/{digest}", self._client.get_blob(repository, digest, max_bytes=2 * LAYER_SIZE))

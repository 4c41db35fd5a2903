"""REG-026 and -027: several clients push into one repository at the same time."""

from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlencode

from conformance.format.digest import Digest
from conformance.images.samples import SampleImage, sample_image
from conformance.observed.registry import ResponseSeen, RoundSeen
from conformance.registry.client.client import RegistryClient, Response
from conformance.trials.registry.image_requests import ImageRequests, Step
from conformance.trials.registry.responses import seen_response
from conformance.trials.registry.target import RegistryUnderTest

_WORKERS: Final = 4


def pushed_at_once(registry: RegistryUnderTest, number: int) -> RoundSeen:
    """Several clients push several pairs into one repository; upload sessions overlap for certain."""
    requests, repository = ImageRequests(registry), registry.repository(f"load-{number}")
    images = [sample_image(f"{registry.prefix}/load/{number}/{worker}") for worker in range(_WORKERS)]
    with ThreadPoolExecutor(_WORKERS) as pool:
        opened = _open(registry.client, repository, images)
        overlapped = list(pool.map(lambda job: _finish(registry, repository, *job), opened))
        jobs = [(image, f"load-{worker}") for worker, image in enumerate(images)]
        pushed = [pair for pairs in pool.map(lambda job: requests.push(repository, *job), jobs) for pair in pairs]
    refused = [(step, seen) for step, seen in (*overlapped, *pushed) if seen.status != 201]
    repeated = tuple(step() for step, _ in refused)  # as clients do; alone, so that no race is left
    with ThreadPoolExecutor(_WORKERS) as pool:
        reads = pool.map(lambda image: _read_back(requests, repository, image), images)
    return RoundSeen(tuple(seen for _, seen in refused), repeated, tuple(seen for each in reads for seen in each))


def _read_back(requests: ImageRequests, repository: str, image: SampleImage) -> list[tuple[bytes, ResponseSeen]]:
    """Every blob and document of an image, with what the registry gives for it."""
    blobs = [(content, requests.get_blob(repository, digest)) for digest, content in image.blobs.items()]
    documents = (image.plain, image.sentinel, image.index)
    return blobs + [(raw, requests.get(repository, str(Digest.of(raw)))) for raw in documents]


def _open(client: RegistryClient, repository: str, images: list[SampleImage]) -> list[tuple[bytes, Response]]:
    """Start one upload session for each layer before any is finished."""
    layers = [image.blobs[image.layer] for image in images]
    return [(layer, client.request("POST", f"/v2/{repository}/blobs/uploads/", body=b"")) for layer in layers]


def _finish(
    registry: RegistryUnderTest, repository: str, content: bytes, session: Response
) -> tuple[Step, ResponseSeen]:
    location, digest = session.header("Location") or "", str(Digest.of(content))
    registry.remember_blob(repository, digest)
    target = f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': digest})}"
    headers = {"Content-Type": "application/octet-stream"}
    put = registry.client.request(
        "PUT", target, headers=headers, body=content, retry=False, scope=f"repository:{repository}:pull,push"
    )
    seen = seen_response(f"upload of {digest} while others are open", put)
    return ImageRequests(registry).uploading(repository, digest, content), seen

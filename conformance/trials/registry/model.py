"""What a registry must hold after a sequence of requests (REG-020): a model of it, which sends the requests."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from conformance.cases.vectors.model import Step, StepKind
from conformance.format.digest import Digest
from conformance.format.document import decode_object
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE, MANIFEST_TYPES
from conformance.images.samples import SampleImage, sample_image
from conformance.observed.evidence import Exchange
from conformance.registry.client.client import Response
from conformance.trials.registry.target import RegistryUnderTest

REPOSITORIES: Final = ("a", "b")
IMAGES: Final = 2
BLOBS: Final = 4
"""Of one image."""
TAGS: Final = ("x", "y")
_TAG_FIRST: Final = 0
"""The image whose plain manifest is put under the tag, before the index: the pull request's clients do so."""
_DELETED_OR_REFUSED: Final = (200, 202, 400, 401, 403, 405, 409, 429, 501)
_TAG_KEPT: Final = (400, 401, 403, 405, 409, 412, 422)
"""Refusals to move a tag. Quay, Harbor and clouds have tags that are immutable; the specification does
not state that a tag can be moved.
"""


class Contradiction(AssertionError):  # noqa: N818 (a finding, not a failure of the suite)
    """The registry and the model disagree; one line."""


class Recording:
    """The requests of one sequence as they can be repeated, and the contents that they name by digest."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.contents: dict[str, bytes] = {}

    def become(self, other: "Recording") -> None:
        """Hold what another one holds."""
        self.steps, self.contents = [*other.steps], {**other.contents}

    def copy(self) -> "Recording":
        """Another one that holds the same."""
        copied = Recording()
        copied.become(self)
        return copied

    def clear(self) -> None:
        self.steps.clear()
        self.contents.clear()

    def add(self, step: Step, content: bytes) -> None:
        self.steps.append(step)
        if step.content:
            self.contents[step.content] = content


Keep = Callable[[Sequence[Step], Mapping[str, bytes]], str]
"""Keeps the requests of a contradiction, with the contents by digest; where, in words."""


class Action(msgspec.Struct, frozen=True):
    """One action of a sequence: a method of the model, with what it is about."""

    name: str
    about: tuple[str | int | bool, ...]

    def __call__(self, model: "RegistryModel") -> None:
        getattr(model, self.name)(*self.about)


class RegistryModel:
    """Which blobs and manifests each repository must have. Each sequence has its own repositories and images.

    The methods without an underscore are the actions of a sequence. They raise Contradiction, and TransportError.
    """

    def __init__(
        self, registry: RegistryUnderTest, number: int, exchanges: list[Exchange], recording: Recording
    ) -> None:
        self._registry, self._exchanges, self._recording = registry, exchanges, recording
        self._prefix = f"sequence-{number}"
        self._images = [sample_image(f"{registry.prefix}/{number}/{i}", 300) for i in range(IMAGES)]
        self._blobs: dict[str, set[str]] = defaultdict(set)
        self._named: dict[str, set[str]] = defaultdict(set)
        """Blobs that a manifest in the repository names or named."""
        self._collectable: dict[str, set[str]] = defaultdict(set)
        """Blobs that may be removed any time: manifests named them, and none that a tag reaches does now."""
        self._manifests: dict[str, dict[str, bytes]] = defaultdict(dict)
        self._tags: dict[str, dict[str, str]] = defaultdict(dict)
        self._deletes = True
        self.requests = 0
        """How many were sent, without those that were repeated."""

    def _name(self, repository: str) -> str:
        return self._registry.repository(f"{self._prefix}/{repository}")

    def _note(
        self, response: Response, do: StepKind, repository: str, *right: int, content: bytes = b"", **more: str
    ) -> Response:
        """Keep the exchange, and the request as a step of which these statuses are right (none given: all)."""
        digest = str(Digest.of(content)) if content else ""
        self._recording.add(Step(do, repository, right, response.status, content=digest, **more), content)
        self._exchanges.append(response.exchange)
        self.requests += 2 if do == "upload" else 1
        return response

    def _upload(self, repository: str, content: bytes) -> Response:
        response = self._registry.upload(self._name(repository), content)
        return self._note(response, "upload", repository, 201, content=content)

    def push_blob(self, repository: str, image: int, which: int) -> None:
        digest, content = list(self._images[image].blobs.items())[which]
        response = self._upload(repository, content)
        _require(response.status == 201, f"upload of {digest}: HTTP {response.status}")
        self._hold(repository, digest)

    def push_pair(self, repository: str, image: int, tag: str) -> None:
        sample, name = self._images[image], self._name(repository)
        for digest, content in sample.blobs.items():
            _require(self._upload(repository, content).status == 201, f"upload of {digest}")
            self._hold(repository, digest)
        for raw, media_type, reference in _documents(sample, tag, tag_first=image == _TAG_FIRST):
            response = self._registry.put_manifest(name, reference, raw, media_type)
            digest, more = str(Digest.of(raw)), {"reference": reference, "media_type": media_type}
            moves = reference == tag and self._tags[repository].get(tag, digest) != digest
            self._note(response, "put", repository, 201, *(_TAG_KEPT if moves else ()), content=raw, **more)
            if moves and response.status in _TAG_KEPT:
                break
            _require(response.status == 201, f"PUT manifests/{reference}: HTTP {response.status}")
            self._manifests[repository][digest] = raw
            self._named[repository] |= _named_by(raw)
            if reference == tag:
                self._tags[repository][tag] = digest
        self._release(repository)

    def mount(self, source: str, image: int) -> None:
        target, digest = next(name for name in REPOSITORIES if name != source), self._images[image].layer
        response = self._registry.client.mount_blob(self._name(target), digest, self._name(source))
        self._note(response, "mount", target, reference=digest, source=source)
        if response.status == 201:  # conforming from a repository that lacks it too, if another one has the blob
            self._hold(target, digest)
            self._registry.remember_blob(self._name(target), digest)

    def delete_manifest(self, repository: str, image: int, plain: bool) -> None:
        raw = self._images[image].plain if plain else self._images[image].index
        digest = str(Digest.of(raw))
        if digest not in self._manifests[repository] or not self._deletes:
            return
        response = self._registry.client.delete_manifest_raw(self._name(repository), digest)
        right = _DELETED_OR_REFUSED if digest in self._reachable(repository) else (*_DELETED_OR_REFUSED, 404)
        self._note(response, "delete", repository, *right, reference=digest)
        if response.status in (405, 501):
            self._deletes = False
            return
        if response.status == 404 and digest in self._reachable(repository):
            # There is no such endpoint (distribution-spec v1.1.1, end-9): it must be retained.
            kept = self._registry.client.get_manifest_raw(self._name(repository), digest, accept=MANIFEST_TYPES)
            self._note(kept, "get-manifest", repository, 200, content=raw, reference=digest)
            _require(kept.status == 200, f"DELETE {digest}: HTTP 404, a tag reaches it")
            return
        if response.status == 404:  # the registry removed untagged manifests
            pass
        elif 400 <= response.status < 500:  # refused, for example because an index lists it: it must be retained
            return
        else:
            _require(response.status in (200, 202), f"DELETE {digest}: HTTP {response.status}")
        del self._manifests[repository][digest]
        self._tags[repository] = {t: d for t, d in self._tags[repository].items() if d != digest}
        self._release(repository)
        gone = self._registry.client.get_manifest_raw(self._name(repository), digest, accept=MANIFEST_TYPES)
        self._note(gone, "get-manifest", repository, 404, reference=digest)
        _require(gone.status == 404, f"the deleted manifest {digest} is still served: HTTP {gone.status}")

    def read_everything(self, repository: str) -> None:
        name, client = self._name(repository), self._registry.client
        contents = {d: c for image in self._images for d, c in image.blobs.items()}
        for digest in sorted(self._blobs[repository]):
            response = client.get_blob(name, digest)
            right = (200, 404) if digest in self._collectable[repository] else (200,)
            self._note(response, "get-blob", repository, *right, content=contents[digest], reference=digest)
            if response.status == 404 and digest in self._collectable[repository]:
                self._blobs[repository].discard(digest)
                continue
            _require(
                response.status == 200 and response.content == contents[digest],
                f"blob {digest}: HTTP {response.status}",
            )
        reachable = self._reachable(repository)
        for digest, raw in list(self._manifests[repository].items()):
            response = client.get_manifest_raw(name, digest, accept=MANIFEST_TYPES)
            right = (200,) if digest in reachable else (200, 404)
            self._note(response, "get-manifest", repository, *right, content=raw, reference=digest)
            if response.status == 404 and digest not in reachable:
                del self._manifests[repository][digest]
                continue
            _require(response.status == 200 and response.content == raw, f"manifest {digest}: HTTP {response.status}")
        for tag, digest in self._tags[repository].items():
            response = client.get_manifest_raw(name, tag, accept=MANIFEST_TYPES)
            documents = [raw for image in self._images for raw in (image.index, image.plain)]
            wanted = next(raw for raw in documents if str(Digest.of(raw)) == digest)
            self._note(response, "get-manifest", repository, 200, content=wanted, reference=tag)
            found = str(Digest.of(response.content)) if response.status == 200 else f"HTTP {response.status}"
            _require(found == digest, f"tag {tag} names {found}, not {digest}")

    def _hold(self, repository: str, digest: str) -> None:
        """A blob that was pushed or mounted must be there."""
        self._blobs[repository].add(digest)
        self._collectable[repository].discard(digest)

    def _release(self, repository: str) -> None:
        """The blobs that only manifests named which are gone, or which no tag reaches, may be collected."""
        reachable = self._reachable(repository)
        manifests = [raw for digest, raw in self._manifests[repository].items() if digest in reachable]
        needed = {digest for raw in manifests for digest in _named_by(raw)}
        self._collectable[repository] |= self._named[repository] - needed
        self._collectable[repository] -= needed

    def _reachable(self, repository: str) -> set[str]:
        """The manifests that a tag names, and those that the index after it lists; others may be removed any time."""
        reached: set[str] = set(self._tags[repository].values())
        for image in self._images:
            if str(Digest.of(image.index)) in reached:
                reached |= {str(Digest.of(raw)) for raw in (image.plain, image.sentinel)}
        return reached


def _documents(image: SampleImage, tag: str, *, tag_first: bool) -> tuple[tuple[bytes, str, str], ...]:
    plain = tag if tag_first else str(Digest.of(image.plain))
    sentinel = str(Digest.of(image.sentinel))
    return (
        (image.plain, MANIFEST_TYPE, plain),
        (image.sentinel, MANIFEST_TYPE, sentinel),
        (image.index, INDEX_TYPE, tag),
    )


def _named_by(raw: bytes) -> set[str]:
    """The blobs that a manifest names; an index names none."""
    fields = decode_object(raw, what="manifest")
    return {descriptor["digest"] for descriptor in (fields.get("config"), *fields.get("layers", ())) if descriptor}


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise Contradiction(message)

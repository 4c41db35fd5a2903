"""One image in several repositories: what HEAD and GET state about it, and what is left when one deletes it."""

import secrets
from collections.abc import Iterator
from typing import Final

from conformance.format.assembled import describe, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.names import CONFIG_TYPE, LAYER_GZIP_TYPE, MANIFEST_TYPE, MANIFEST_TYPES
from conformance.images.samples import PLATFORM
from conformance.observed.registry import ApartSeen, PairSeen, ResponseSeen
from conformance.registry.client.client import location_of, uploads_of
from conformance.trials.registry.steps import seen_response
from conformance.trials.registry.target import RegistryUnderTest

_ABSENT: Final = "sha256:" + "0" * 63 + "2"
_TAG: Final = "kept"
_TAGGED: Final = ("manifests", _TAG)


class Apart:
    """An image of one layer, in repositories of its own."""

    def __init__(self, registry: RegistryUnderTest) -> None:
        self._registry, self._client = registry, registry.client
        # Another process of the run may do the same at this time, and delete there.
        self._own = f"apart-{secrets.token_hex(4)}"
        self._layer = f"a layer in several repositories of {registry.prefix}/{self._own}".encode()
        diff_ids = [str(Digest.of(b"tar of " + self._layer))]
        self._config = encode({**PLATFORM, "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}})
        self._manifest = encode(
            manifest_of(describe(self._config, CONFIG_TYPE), [describe(self._layer, LAYER_GZIP_TYPE)])
        )

    def observe(self) -> ApartSeen:
        """Push it three times, delete its manifest and layer in one repository, read, and push again."""
        names = (f"{self._own}-{number}" for number in range(1, 5))
        first, mounted, pushed, elsewhere = map(self._registry.repository, names)
        self._push(first)
        self._push(mounted, source=first)
        self._push(pushed)
        layer, manifest = str(Digest.of(self._layer)), str(Digest.of(self._manifest))
        pairs = [
            *(self._pair(first, kind, name, was_pushed=True) for kind, name in (*_kinds(layer, manifest), _TAGGED)),
            *(self._pair(first, kind, name) for kind, name in _kinds(_ABSENT, _ABSENT)),
            *(self._pair(elsewhere, kind, name, is_foreign=True) for kind, name in _kinds(layer, manifest)),
        ]
        deletes = (
            seen_response(
                f"DELETE manifests/{manifest} in one repository", self._client.delete_manifest_raw(first, manifest)
            ),
            seen_response(f"DELETE blobs/{layer} in one repository", self._client.delete_blob_raw(first, layer)),
        )
        pairs += [
            self._pair(first, kind, name, was_deleted=response.status in (200, 202))
            for (kind, name), response in zip(_kinds(layer, manifest), deletes[::-1], strict=True)
        ]
        reads = tuple(self._reads(mounted, pushed))
        return ApartSeen((*pairs, *self._again(first)), deletes, reads)

    def _again(self, repository: str) -> Iterator[PairSeen]:
        """Push the layer again where it was deleted, and another manifest under the tag."""
        if self._registry.upload(repository, self._layer).status == 201:
            yield self._pair(repository, "blobs", str(Digest.of(self._layer)), was_pushed=True)
        self._registry.upload(repository, self._config)
        other = encode({**decode_object(self._manifest, what="manifest"), "annotations": {"org.example.again": "yes"}})
        if self._registry.put_manifest(repository, _TAG, other, MANIFEST_TYPE).status == 201:
            yield self._pair(repository, *_TAGGED, was_pushed=True)

    def _push(self, repository: str, *, source: str = "") -> None:
        """The layer by a mount from ``source``, where that is given and the registry mounts it."""
        digest = str(Digest.of(self._layer))
        if source:
            response = self._client.mount_blob(repository, digest, source)
            if response.status == 201:
                self._registry.remember_blob(repository, digest)
            elif response.status == 202 and (location := location_of(response, uploads_of(repository))):
                self._client.request("DELETE", location, retry=False)
        if not source or response.status != 201:
            self._registry.upload(repository, self._layer)
        self._registry.upload(repository, self._config)
        self._registry.put_manifest(repository, _TAG, self._manifest, MANIFEST_TYPE)

    def _reads(self, *repositories: str) -> Iterator[ResponseSeen]:
        layer, manifest = str(Digest.of(self._layer)), str(Digest.of(self._manifest))
        for repository in repositories:
            got = self._client.get_blob(repository, layer)
            yield seen_response(f"GET blobs/{layer} in {_last(repository)}", got)
            got = self._client.get_manifest_raw(repository, manifest, accept=MANIFEST_TYPES)
            yield seen_response(f"GET manifests/{manifest} in {_last(repository)}", got)

    def _pair(
        self,
        repository: str,
        kind: str,
        name: str,
        *,
        was_pushed: bool = False,
        is_foreign: bool = False,
        was_deleted: bool = False,
    ) -> PairSeen:
        head, get = (self._ask(method, repository, kind, name) for method in ("HEAD", "GET"))
        if (head.status, get.status) == (200, 404):  # a deletion may take effect in between: 202 states that it will
            head = self._ask("HEAD", repository, kind, name)
        return PairSeen(head, get, was_pushed, is_foreign, was_deleted)

    def _ask(self, method: str, repository: str, kind: str, name: str) -> ResponseSeen:
        accept = {"Accept": ", ".join(MANIFEST_TYPES)} if kind == "manifests" else {}
        response = self._client.request(method, f"/v2/{repository}/{kind}/{name}", headers=accept)
        return seen_response(f"{method} {kind}/{name} in {_last(repository)}", response)


def _kinds(blob: str, manifest: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("blobs", blob), ("manifests", manifest)


def _last(repository: str) -> str:
    """The last part of its name: the first ones are those of the run."""
    return repository.rpartition("/")[2]

"""The requests of each REG scenario, against a registry under test. I/O only: verdicts are in ``checks``."""

import re
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import Lock
from typing import Final
from urllib.parse import urlencode

import msgspec

from conformance.format.assembled import describe, index_of, manifest_of
from conformance.format.digest import Digest
from conformance.format.document import decode_object, encode
from conformance.format.names import (
    CONFIG_TYPE,
    DOCKER_CONFIG_TYPE,
    DOCKER_GZIP_TYPE,
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    LAYER_GZIP_TYPE,
    LAYER_ZSTD_TYPE,
    MANIFEST_TYPE,
    MANIFEST_TYPES,
)
from conformance.format.sentinel import canonical_sentinel
from conformance.images.samples import PLATFORM, SampleImage, manifest_descriptor, sample_image
from conformance.observed.registry import (
    ApartSeen,
    BlobSeen,
    ControlSeen,
    DanglingSeen,
    MountSeen,
    RangeSeen,
    RedirectSeen,
    ReferrersSeen,
    RefusalSeen,
    ResponseSeen,
    RoundSeen,
    StoredSeen,
    SurvivalSeen,
)
from conformance.registry.client.client import Response, location_of, uploads_of
from conformance.registry.client.conventions import join_url
from conformance.trials.registry.apart import Apart
from conformance.trials.registry.range_probe import ask_range, spread
from conformance.trials.registry.steps import LAYER_SIZE, Step, Steps, seen_response
from conformance.trials.registry.target import RegistryUnderTest

_WORKERS: Final = 4
_ROUNDS: Final = 3
# The responses of a registry to a name it does not accept (distribution-spec: 400 NAME_INVALID, 404 NAME_UNKNOWN).
_NAME_REFUSED: Final = (400, 403, 404, 405)
_NEXT: Final = re.compile(r"<([^<>]{1,4096})>\s*;[^,]*\brel=\"?next\"?")
_PAGES: Final = 8
_ABSENT: Final = "sha256:" + "0" * 63 + "1"


class RegistryProbe(Steps):
    """Scenarios over one registry. What several share (an image, a large blob) is pushed once."""

    def __init__(self, registry: RegistryUnderTest) -> None:
        super().__init__(registry)
        self._pushing, self._loading, self._parting = Lock(), Lock(), Lock()
        self._apart: ApartSeen | None = None
        self._pushed: SampleImage | None = None
        self._rounds: tuple[RoundSeen, ...] = ()

    def prepare(self) -> None:
        """Push what several scenarios share, before they ask for it."""
        _ = self._image

    def control(self) -> ControlSeen:
        """Push an ordinary image and read it back; find out whether names of more than two parts are taken."""
        config = encode(PLATFORM | {"config": {}, "rootfs": {"type": "layers", "diff_ids": [_ABSENT]}})
        layer = b"an ordinary layer of " + self._registry.prefix.encode()
        manifest = encode(
            {
                "config": {"digest": str(Digest.of(config)), "mediaType": CONFIG_TYPE, "size": len(config)},
                "layers": [{"digest": str(Digest.of(layer)), "mediaType": LAYER_GZIP_TYPE, "size": len(layer)}],
                "mediaType": MANIFEST_TYPE,
                "schemaVersion": 2,
            }
        )
        first = seen_response("upload of an ordinary layer", self._registry.upload(self._control_repository, layer))
        if first.status in _NAME_REFUSED:
            self._registry.two_part_names = True  # Docker Hub and others: a namespace and a name, no more
            first = seen_response("upload of an ordinary layer", self._registry.upload(self._control_repository, layer))
        repository = self._control_repository
        pushes = (
            first,
            seen_response("upload of an ordinary config", self._registry.upload(repository, config)),
            seen_response(
                "PUT manifests/ordinary", self._registry.put_manifest(repository, "ordinary", manifest, MANIFEST_TYPE)
            ),
        )
        blobs = tuple((content, self._get_blob(repository, str(Digest.of(content)))) for content in (layer, config))
        documents = tuple((manifest, self._get(repository, name)) for name in ("ordinary", str(Digest.of(manifest))))
        return ControlSeen(pushes, blobs, documents)

    @property
    def _control_repository(self) -> str:
        return self._registry.repository("ordinary")

    @property
    def _image(self) -> SampleImage:
        """An image pushed whole into the repository ``main``, tagged ``pair``; several threads may ask for it."""
        with self._pushing:
            if self._pushed is None:
                image = sample_image(self._registry.prefix, LAYER_SIZE)
                self._push(self._repository, image)
                self._pushed = image
            return self._pushed

    @cached_property
    def _repository(self) -> str:
        return self._registry.repository("main")

    def _store(self, what: str, raw: bytes, media_type: str, tag: str, repository: str = "") -> StoredSeen:
        """Put by tag; get by tag and by digest."""
        repository, digest = repository or self._repository, str(Digest.of(raw))
        put = self._registry.put_manifest(repository, tag, raw, media_type)
        got = (self._get(repository, tag), self._get(repository, digest)) if put.status == 201 else ()
        return StoredSeen(what, raw, media_type, digest, seen_response(f"PUT manifests/{tag}", put), got)

    def sentinel_manifest(self) -> StoredSeen:
        return self._store("a sentinel manifest", self._image.sentinel, MANIFEST_TYPE, "sentinel")

    def twin_index(self) -> StoredSeen:
        return self._store("an index of a plain and a sentinel manifest", self._image.index, INDEX_TYPE, "twins")

    def odd_documents(self) -> tuple[StoredSeen, ...]:
        """Manifests in bytes no encoder would write again, and an index with unknown fields."""
        fields = self._image.plain
        spaced = b" " + fields.replace(b'":', b'" : ').replace(b"}", b"\n}") + b"\n"
        escaped = fields.replace(b"<", b"\\u003c").replace("é".encode(), b"\\u00e9")
        index = (
            self._image.index[:-1] + b',"annotations":{"org.example.z":"1","org.example.a":"2"},"x-new":{"b":1,"a":2}}'
        )
        return (
            self._store(
                "a manifest with unknown fields and annotations", self._image.sentinel, MANIFEST_TYPE, "odd-fields"
            ),
            self._store("a manifest with spaces and line breaks", spaced, MANIFEST_TYPE, "odd-space"),
            self._store("a manifest with escaped characters", escaped, MANIFEST_TYPE, "odd-escapes"),
            self._store("an index with unknown fields", index, INDEX_TYPE, "odd-index"),
        )

    def sentinel_blob(self) -> BlobSeen:
        return self._blob(str(Digest.of(canonical_sentinel())))

    def blobs(self) -> tuple[BlobSeen, ...]:
        return (self._blob(self._image.layer), self._blob(str(Digest.of(canonical_sentinel()))))

    def _blob(self, digest: str) -> BlobSeen:
        image = self._image
        head = seen_response(f"HEAD blobs/{digest}", self._client.head_blob(self._repository, digest))
        missing = seen_response(f"HEAD blobs/{_ABSENT}", self._client.head_blob(self._repository, _ABSENT))
        return BlobSeen(digest, image.blobs[digest], head, self._get_blob(self._repository, digest), missing)

    def single_ranges(self) -> tuple[RangeSeen, ...]:
        end = LAYER_SIZE - 1
        ranges = [(0, 0), (0, 511), (1_000_000, 1_065_535), (end - 71, end), (end, end)]
        return tuple(self._range(f"{first}-{last}", ((first, last),)) for first, last in ranges)

    def multi_ranges(self) -> tuple[RangeSeen, ...]:
        return tuple(self._several(spread(LAYER_SIZE, count)) for count in (2, 8, 64, 256, 1024))

    def odd_ranges(self) -> tuple[RangeSeen, ...]:
        """Adjacent, overlapping, descending, open, clipped, past the end, and nonsense."""
        end = LAYER_SIZE - 1
        return (
            self._several(((0, 99), (100, 199))),
            self._several(((0, 99), (50, 149))),
            self._several(((5000, 5099), (100, 199))),
            self._range(f"{end - 9}-", ((end - 9, end),)),
            self._range(f"{end - 9}-{end + 1000}", ((end - 9, end),)),
            self._range(f"{LAYER_SIZE}-{LAYER_SIZE + 9}", ()),
            self._range("9-5", ((0, end),)),
        )

    def all_ranges(self) -> tuple[RangeSeen, ...]:
        return (
            *self.single_ranges(), *self.multi_ranges(), *self.odd_ranges(), *self.suffixes(), self.near_ranges()
        )  # fmt: skip

    def past_the_end(self) -> RangeSeen:
        return self._range(f"{LAYER_SIZE}-{LAYER_SIZE + 9}", ())

    def near_ranges(self) -> RangeSeen:
        """Where TOC and tar-split stand in a layer: one after the other, a frame header of eight bytes between."""
        start = LAYER_SIZE // 2
        return self._several(((start, start + 4095), (start + 4104, start + 8199)))

    def suffixes(self) -> tuple[RangeSeen, ...]:
        end = LAYER_SIZE - 1
        return (self._range("-72", ((end - 71, end),)), self._range(f"-{LAYER_SIZE + 5}", ((0, end),)))

    def many_ranges(self) -> RangeSeen:
        return self._several(spread(LAYER_SIZE, 1024))

    def _several(self, wanted: tuple[tuple[int, int], ...]) -> RangeSeen:
        return self._range(",".join(f"{first}-{last}" for first, last in wanted), wanted)

    def _range(self, header: str, wanted: tuple[tuple[int, int], ...]) -> RangeSeen:
        image = self._image
        return ask_range(self._client, self._repository, image.layer, image.blobs[image.layer], header, wanted)

    def redirect(self) -> RedirectSeen:
        image = self._image
        path = f"/v2/{self._repository}/blobs/{image.layer}"
        direct = self._client.request(
            "GET", path, headers={"Range": "bytes=10-19"}, follow_redirects=False, max_bytes=2 * LAYER_SIZE
        )
        return RedirectSeen(seen_response("GET without following redirects", direct), self._range("10-19", ((10, 19),)))

    def mount(self) -> MountSeen:
        target, layer = self._registry.repository("mounted"), self._image.layer
        return self._mount(target, layer, self._repository)

    def impossible_mounts(self) -> tuple[MountSeen, ...]:
        target = self._registry.repository("mounted")
        return (
            self._mount(target, _ABSENT, self._repository),
            self._mount(target, str(Digest.of(b"never pushed")), self._registry.repository("no-such-repository")),
        )

    def _mount(self, target: str, digest: str, source: str) -> MountSeen:
        response = self._client.mount_blob(target, digest, source)
        seen = seen_response(f"mount of {digest} from {source}", response)
        if response.status != 201:
            location = location_of(response, uploads_of(target))
            if response.status == 202 and location:
                self._client.request("DELETE", location, retry=False)
            return MountSeen(seen)
        self._registry.remember_blob(target, digest)
        return MountSeen(seen, seen_response(f"HEAD blobs/{digest}", self._client.head_blob(target, digest)))

    def survival(self) -> SurvivalSeen:
        """Delete the plain manifest and its tag, collect garbage, read everything the sentinel variant needs."""
        repository, image = self._registry.repository("survival"), sample_image(self._registry.prefix + "/survival")
        self._push(repository, image)
        plain = str(Digest.of(image.plain))
        self._registry.put_manifest(repository, "plain", image.plain, MANIFEST_TYPE)
        deletes = (
            seen_response("DELETE the tag plain", self._client.delete_tag(repository, "plain")),
            seen_response("DELETE the plain manifest", self._client.delete_manifest_raw(repository, plain)),
        )
        if self._registry.collect_garbage is not None:
            self._registry.collect_garbage()
        reads = [(image.sentinel, self._get(repository, str(Digest.of(image.sentinel))))]
        reads += [(image.blobs[digest], self._get_blob(repository, digest)) for digest in image.sentinel_blobs]
        return SurvivalSeen(deletes, tuple(reads), self._registry.collect_garbage is not None)

    def wrong_digest(self) -> RefusalSeen:
        repository, claimed = self._repository, str(Digest.of(b"something else " + self._registry.prefix.encode()))
        response = self._client.upload_blob(repository, b"not what the digest says", digest=claimed)
        after = seen_response(f"HEAD blobs/{claimed}", self._client.head_blob(repository, claimed))
        return RefusalSeen(seen_response("upload under a wrong digest", response), after)

    def dangling(self) -> tuple[DanglingSeen, ...]:
        repository = self._registry.repository("dangling")
        config = encode({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [_ABSENT]}})
        self._registry.upload(repository, config)
        layer = {"mediaType": LAYER_ZSTD_TYPE, "digest": _ABSENT, "size": 10}
        manifest = encode(manifest_of(describe(config, CONFIG_TYPE), [layer]))
        index = encode(index_of([manifest_descriptor(manifest)]))
        cases = (
            ("a manifest naming a missing blob", manifest, MANIFEST_TYPE),
            ("an index naming a missing manifest", index, INDEX_TYPE),
        )
        return tuple(self._dangling(repository, *case) for case in cases)

    def _dangling(self, repository: str, what: str, raw: bytes, media_type: str) -> DanglingSeen:
        put = self._registry.put_manifest(repository, "dangling", raw, media_type)
        return DanglingSeen(what, raw, seen_response(f"PUT {what}", put), self._get(repository, str(Digest.of(raw))))

    def content_types(self) -> tuple[StoredSeen, ...]:
        return (
            self._store("a sentinel manifest", self._image.sentinel, MANIFEST_TYPE, "typed-manifest"),
            self._store("an index", self._image.index, INDEX_TYPE, "typed-index"),
        )

    def referrers(self) -> ReferrersSeen:
        repository, image = self._repository, self._image
        empty = b"{}"
        self._registry.upload(repository, empty)
        config = describe(empty, "application/vnd.oci.empty.v1+json")
        artifact = manifest_of(config, [config], artifact_type="application/vnd.example.attestation")
        raw = encode({**artifact, "subject": manifest_descriptor(image.sentinel)})
        put = self._registry.put_manifest(repository, str(Digest.of(raw)), raw, MANIFEST_TYPE)
        subject = str(Digest.of(image.sentinel))
        listed = self._client.referrers(repository, subject)
        for _ in range(_PAGES):  # distribution-spec v1.1.1, "Listing Referrers": the list may have several pages
            following = _NEXT.search(listed.header("Link") or "")
            if listed.status != 200 or following is None or Digest.of(raw).hex.encode() in listed.content:
                break
            base = f"/v2/{repository}/referrers/{subject}"
            listed = self._client.request("GET", join_url(base, following[1]), scope=f"repository:{repository}:pull")
        seen = seen_response(f"GET referrers/{subject}", listed)
        return ReferrersSeen(str(Digest.of(raw)), seen_response("PUT a manifest with a subject", put), seen)

    def mixed_index(self) -> StoredSeen:
        """An index of an OCI and a Docker manifest of one image, as a build with both writes it."""
        repository, image = self._registry.repository("mixed"), sample_image(self._registry.prefix + "/mixed")
        self._push(repository, image)
        fields = decode_object(image.plain, what="manifest")
        config = {**fields["config"], "mediaType": DOCKER_CONFIG_TYPE}
        layer = {**fields["layers"][0], "mediaType": DOCKER_GZIP_TYPE, "annotations": {}}
        docker = encode(manifest_of(config, [layer], media_type=DOCKER_MANIFEST_TYPE))
        self._registry.put_manifest(repository, str(Digest.of(docker)), docker, DOCKER_MANIFEST_TYPE)
        entries = [
            {**manifest_descriptor(docker), "mediaType": DOCKER_MANIFEST_TYPE, "platform": PLATFORM},
            {**manifest_descriptor(image.plain), "platform": {**PLATFORM, "architecture": "arm64"}},
        ]
        raw = encode(index_of(entries))
        return self._store("an index of an OCI and a Docker manifest", raw, INDEX_TYPE, "mixed", repository)

    def concurrent(self) -> tuple[RoundSeen, ...]:
        """Rounds of concurrent pushes; a race shows in some of them only."""
        with self._loading:
            if not self._rounds:
                self._rounds = tuple(self._round(number) for number in range(_ROUNDS))
            return self._rounds

    def _round(self, number: int) -> RoundSeen:
        """Several clients push several pairs into one repository; upload sessions overlap for certain."""
        repository = self._registry.repository(f"load-{number}")
        images = [sample_image(f"{self._registry.prefix}/load/{number}/{worker}") for worker in range(_WORKERS)]
        with ThreadPoolExecutor(_WORKERS) as pool:
            opened = list(pool.map(lambda image: self._open(repository, image), images))
            overlapped = list(pool.map(lambda job: self._finish(repository, *job), opened))
            jobs = [(image, f"load-{worker}") for worker, image in enumerate(images)]
            pushed = [pair for pairs in pool.map(lambda job: self._push(repository, *job), jobs) for pair in pairs]
        refused = [(step, seen) for step, seen in (*overlapped, *pushed) if seen.status != 201]
        repeated = tuple(step() for step, _ in refused)  # as clients do; alone, so that no race is left
        with ThreadPoolExecutor(_WORKERS) as pool:
            reads = pool.map(lambda image: self._read_back(repository, image), images)
        return RoundSeen(tuple(seen for _, seen in refused), repeated, tuple(seen for each in reads for seen in each))

    def _read_back(self, repository: str, image: SampleImage) -> list[tuple[bytes, ResponseSeen]]:
        """Every blob and document of an image, with what the registry gives for it."""
        blobs = [(content, self._get_blob(repository, digest)) for digest, content in image.blobs.items()]
        documents = (image.plain, image.sentinel, image.index)
        return blobs + [(raw, self._get(repository, str(Digest.of(raw)))) for raw in documents]

    def _open(self, repository: str, image: SampleImage) -> tuple[bytes, Response]:
        """Start an upload session for its layer; all are open before one is finished."""
        return image.blobs[image.layer], self._client.request("POST", uploads_of(repository), body=b"")

    def _finish(self, repository: str, content: bytes, session: Response) -> tuple[Step, ResponseSeen]:
        location, digest = location_of(session, uploads_of(repository)), str(Digest.of(content))
        self._registry.remember_blob(repository, digest)
        target = f"{location}{'&' if '?' in location else '?'}{urlencode({'digest': digest})}"
        headers = {"Content-Type": "application/octet-stream"}
        put = self._client.request(
            "PUT", target, headers=headers, body=content, retry=False, scope=f"repository:{repository}:pull,push"
        )
        seen = seen_response(f"upload of {digest} while others are open", put)
        return self._uploading(repository, digest, content), seen

    def apart(self) -> ApartSeen:
        """One image in several repositories."""
        with self._parting:
            if self._apart is None:
                self._apart = Apart(self._registry).observe()
            return self._apart

    def without_accept(self) -> StoredSeen:
        image = self._image
        got = [
            seen_response(
                f"GET manifests/pair with Accept {value!r}",
                self._client.request("GET", f"/v2/{self._repository}/manifests/pair", headers={"Accept": value}),
            )
            for value in ("", "*/*")
        ]
        put = seen_response(
            "the pushed index", self._client.head_manifest(self._repository, "pair", accept=MANIFEST_TYPES)
        )
        stored = msgspec.structs.replace(put, status=201) if put.status == 200 else put
        return StoredSeen("the index", image.index, INDEX_TYPE, str(Digest.of(image.index)), stored, tuple(got))

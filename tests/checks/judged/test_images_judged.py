"""What the checks report of images that are built by hand, word for word (images_judged.json)."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.format.json_problems import KeyKind, KeyProblem
from conformance.format.names import (
    CHUNK_KEYS,
    DOCKER_LIST_TYPE,
    DOCKER_MANIFEST_TYPE,
    INDEX_TYPE,
    MANIFEST_CHECKSUM,
    MANIFEST_TYPE,
    PR681,
    SENTINEL_ANNOTATION,
    SENTINEL_TYPE,
    TARSPLIT_POSITION,
    ZSTD_ANNOTATION,
)
from conformance.format.oci import Descriptor, Index, Platform, read_index
from conformance.observed.evidence import Note
from conformance.observed.image import ImageSeen, ManifestSeen, Stored, TocSummary
from tests.checks.judged.images import AMD64, digest, entry, first, layer, manifest
from tests.told import Told, kept, told

FILE = Path(__file__).parent / "images_judged.json"
IDS = "SENT-"
TRUE = {ZSTD_ANNOTATION: "true", SENTINEL_ANNOTATION: "true"}
ZSTD = {ZSTD_ANNOTATION: "true"}
ARM64 = Platform("arm64", "linux")
V8 = Platform("arm64", "linux", "v8")
UNKNOWN = Platform("unknown", "unknown")
EVIDENCE = (Note("how it was read"),)
KNOWN = next(iter(PR681.sentinel_digests))


def index(
    *manifests: ManifestSeen, media_type: str = INDEX_TYPE, stored: Stored | None = None, **facts: Any
) -> ImageSeen:
    document: Any = type("Indexed", (), {"view": Index(2, (), media_type)})()
    return ImageSeen("image", stored, document, manifests=manifests, **facts)


def single(*manifests: ManifestSeen) -> ImageSeen:
    return ImageSeen("image", manifests=manifests)


def plain(
    *layers: Any, name: str = "plain", annotations: Any = ZSTD, platform: Platform | None = AMD64, **facts: Any
) -> ManifestSeen:
    facts.setdefault("listed", entry(annotations, platform, name))
    return manifest(name, *(layers or (layer("a"), layer("b"))), **facts)


def sentinel(
    *layers: Any, name: str = "sentinel", annotations: Any = TRUE, platform: Platform | None = AMD64, **facts: Any
) -> ManifestSeen:
    return plain(
        *(layers or (first(), layer("a"), layer("b"))), name=name, annotations=annotations, platform=platform, **facts
    )


def unread(name: str = "unread", annotations: Any = ZSTD, stored: Stored | None = None, **facts: Any) -> ManifestSeen:
    lost = stored or Stored(None, "missing", "HTTP 404", evidence=EVIDENCE)
    return ManifestSeen(name, lost, entry=entry(annotations), problem="HTTP 404", **facts)


def toc(name: str, **facts: Any) -> TocSummary:
    described = layer(name, facts.pop("kind", "chunked"), **facts.pop("annotations", {}))
    descriptor = Descriptor(described["mediaType"], described["digest"], 100, annotations=described.get("annotations"))
    return TocSummary(descriptor, **facts)


def key(name: str, path: str = "", offset: int = 7) -> KeyProblem:
    return KeyProblem(KeyKind.CASE, name, path, offset)


PLAIN, SENTINEL = plain(), sentinel()
ARM: dict[str, Any] = {"platform": ARM64, "config": {"architecture": "arm64"}}
OTHER = (
    plain(layer("c"), name="plain2", **ARM),
    sentinel(first(), layer("c"), name="sentinel2", **ARM),
)


def pair(one: ManifestSeen = PLAIN, other: ManifestSeen = SENTINEL) -> ImageSeen:
    """A pair, and after it another with which all is right."""
    return index(one, OTHER[0], other, OTHER[1])


def stored(problem: Any, **facts: Any) -> Stored:
    return Stored(None, problem, evidence=EVIDENCE, **facts)


IMAGES: dict[str, ImageSeen] = {
    "right": pair(),
    "plain alone": index(PLAIN),
    "nothing": index(),
    "a manifest alone": single(manifest("m", first(), layer("a"))),
    "a plain manifest alone": single(manifest("m", layer("a"))),
    # The index.
    "no annotation": pair(other=sentinel(annotations={})),
    "another value": pair(other=sentinel(annotations={SENTINEL_ANNOTATION: "True", ZSTD_ANNOTATION: "1"})),
    "a greater value": pair(other=sentinel(annotations={SENTINEL_ANNOTATION: "true ", ZSTD_ANNOTATION: "yes"})),
    "a lesser value": pair(other=sentinel(annotations={SENTINEL_ANNOTATION: "a", ZSTD_ANNOTATION: "a"})),
    "zstd on the plain entry only": pair(other=sentinel(annotations={SENTINEL_ANNOTATION: "true"})),
    "zstd on the sentinel entry only": pair(plain(annotations={})),
    "zstd on neither": pair(plain(annotations={}), sentinel(annotations={SENTINEL_ANNOTATION: "true"})),
    "zstd of another value": pair(plain(annotations={ZSTD_ANNOTATION: "yes"})),
    "sentinel first": index(SENTINEL, PLAIN, *OTHER),
    "sentinel first, two plain": index(plain(name="early"), SENTINEL, PLAIN, plain(name="late"), *OTHER),
    "sentinel before others": index(*OTHER, SENTINEL, plain(name="arm", platform=ARM64)),
    "zstd before gzip": index(PLAIN, plain(layer("g", "gzip"), name="gzip", annotations={}), SENTINEL),
    "gzip first": index(plain(layer("g", "gzip"), name="gzip", annotations={}), PLAIN, SENTINEL),
    "an attestation behind": index(PLAIN, SENTINEL, plain(name="att", annotations={}, platform=UNKNOWN)),
    "only attestations": index(sentinel(platform=UNKNOWN)),
    "two sentinels": index(PLAIN, SENTINEL, sentinel(name="again"), *OTHER),
    "two sentinels of two platforms": index(PLAIN, SENTINEL, sentinel(name="again", platform=ARM64)),
    "no plain": index(SENTINEL, *OTHER),
    "no plain of the platform": index(sentinel(platform=ARM64), PLAIN),
    "no plain of the layers": pair(plain(layer("x"), layer("y"))),
    "plain of one of the layers": pair(plain(layer("a"), layer("y"))),
    "plain of other kinds": pair(plain(layer("x", "gzip"))),
    "no plain, sentinel without data": index(sentinel(first())),
    "sentinel without data": pair(other=sentinel(first())),
    "a manifest alone without plain": single(manifest("m", first(), layer("a")), *OTHER),
    "plain not in the index": index(plain(listed=None), SENTINEL, *OTHER),
    "sentinel not in the index": index(PLAIN, sentinel(listed=None), *OTHER),
    "no platforms": index(plain(platform=None), sentinel(platform=None), *OTHER),
    "a platform on one only": index(plain(platform=None), SENTINEL, *OTHER),
    "other platform": index(plain(platform=V8), sentinel(platform=ARM64, config={"architecture": "arm64"})),
    "platform not that of the config": pair(plain(platform=ARM64), sentinel(platform=ARM64)),
    "os not that of the config": pair(other=sentinel(config={"os": "windows"})),
    "variant left out by the config": pair(plain(platform=V8), sentinel(platform=V8, config={"architecture": "arm64"})),
    "variant not that of the config": pair(
        plain(platform=V8), sentinel(platform=V8, config={"architecture": "arm64", "variant": "v9"})
    ),
    "variant left out by the entry": pair(
        plain(platform=ARM64), sentinel(platform=ARM64, config={"architecture": "arm64", "variant": "v8"})
    ),
    "architecture left out by the entry": pair(
        plain(platform=Platform("", "linux")), sentinel(platform=Platform("", "linux"))
    ),
    "architecture left out by the config": pair(other=sentinel(config={"architecture": ""})),
    "no config": pair(plain(has_config=False), sentinel(has_config=False)),
    "no plain config": pair(plain(has_config=False)),
    "no sentinel config": pair(other=sentinel(has_config=False)),
    "annotation on a plain manifest": pair(plain(annotations=TRUE)),
    "another value on a plain manifest": pair(plain(annotations={SENTINEL_ANNOTATION: "no"})),
    "annotation on an empty manifest": index(plain(first(), name="m"), *OTHER),
    "annotation on a manifest without layers": index(
        ManifestSeen("m", PLAIN.stored, entry=entry(TRUE), document=manifest("m").document), *OTHER
    ),
    "annotation on an index": index(
        unread("inner", TRUE, inner=read_index(b'{"schemaVersion":2,"manifests":[]}')), *OTHER
    ),
    "an index": index(
        unread("inner", {}, inner=read_index(b'{"schemaVersion":2,"manifests":[]}'), inside=(PLAIN,)), *OTHER
    ),
    "an index with sentinels": index(
        unread("inner", {}, inner=read_index(b'{"schemaVersion":2,"manifests":[]}'), inside=(PLAIN, SENTINEL, *OTHER)),
        *OTHER,
    ),
    "annotation on what was not read": index(unread(annotations=TRUE), *OTHER),
    "what was not read": index(unread(), *OTHER),
    "what was not read alone": index(unread(annotations={SENTINEL_ANNOTATION: "no"}), PLAIN),
    "sentinel in another place": pair(other=sentinel(layer("a"), first(), layer("b"))),
    "sentinel in another place, not stated": pair(other=sentinel(layer("a"), first(), layer("b"), annotations={})),
    "a docker list": index(PLAIN, SENTINEL, media_type=DOCKER_LIST_TYPE),
    "no media type": index(PLAIN, SENTINEL, media_type=""),
    "no media type, stored as a list": index(
        PLAIN, SENTINEL, media_type="", stored=Stored(b"", media_type=DOCKER_LIST_TYPE)
    ),
    "no media type, stored as such": index(PLAIN, SENTINEL, media_type="", stored=Stored(b"", media_type=INDEX_TYPE)),
    "no media type, stored as nothing": index(PLAIN, SENTINEL, media_type="", stored=Stored(b"")),
    "a docker list of plain images": index(PLAIN, media_type=DOCKER_LIST_TYPE),
    "a lesser media type": index(PLAIN, SENTINEL, media_type="a"),
    "two lists of entries": index(PLAIN, SENTINEL, index_key_problems=(key("Manifests"),)),
    "two lists of entries, plain": index(PLAIN, index_key_problems=(key("Manifests"),)),
    "other keys": index(PLAIN, SENTINEL, index_key_problems=(key("Annotations"),)),
    "stored as another type": pair(plain(stored=Stored(b"m", media_type=DOCKER_MANIFEST_TYPE))),
    "stored as its type": pair(plain(stored=Stored(b"m", media_type=MANIFEST_TYPE))),
    "stored as another size": pair(plain(stored=stored("size-mismatch", detail="11 bytes"))),
    "stored as another digest": pair(other=sentinel(stored=stored("digest-mismatch", detail="sha256:x"))),
    "stored, not fetched": pair(plain(stored=stored("not-fetched", detail="no image"))),
    "stored, unreadable": pair(plain(stored=stored("unreadable", detail="HTTP 500"))),
    "stored, too large": pair(plain(stored=stored("too-large", detail="a gigabyte", actual_size=2**30))),
    "stored, too large, size unknown": pair(plain(stored=stored("too-large", detail="a gigabyte"))),
    "an entry without media type": pair(plain(listed=Descriptor("", digest("e"), 10, platform=AMD64))),
    "an entry without media type, stored as one": pair(
        plain(listed=Descriptor("", digest("e"), 10, platform=AMD64), stored=Stored(b"m", media_type=MANIFEST_TYPE))
    ),
    "a platform without sentinel": index(plain(layer("d"), name="arm", platform=V8), PLAIN, SENTINEL),
    "a platform without sentinel nor TOC": index(plain(layer("d", "zstd"), name="arm", platform=V8), PLAIN, SENTINEL),
    "a platform without sentinel nor tar-split": index(
        plain(layer("d", "zstd", **{MANIFEST_CHECKSUM: "x"}), name="arm", platform=V8), PLAIN, SENTINEL
    ),
    "a platform without sentinel, checksum empty": index(
        plain(layer("d", "zstd", **{MANIFEST_CHECKSUM: "", TARSPLIT_POSITION: "1:2:3"}), name="arm", platform=V8),
        PLAIN,
        SENTINEL,
    ),
    "a platform without sentinel, one layer of two": index(
        plain(layer("d"), layer("e", "gzip"), name="arm", platform=V8), PLAIN, SENTINEL
    ),
    "a platform without sentinel nor layers": index(
        ManifestSeen("arm", PLAIN.stored, entry=entry({}, V8), document=manifest("m").document), PLAIN, SENTINEL
    ),
    "a platform without sentinel, not listed": index(
        plain(layer("d"), name="arm", listed=None), sentinel(platform=ARM64)
    ),
    "sentinels not listed": single(plain(layer("d"), name="arm", platform=V8), sentinel(listed=None)),
    "listed twice": index(PLAIN, plain(name="again"), SENTINEL),
    "listed twice, two platforms": index(
        PLAIN,
        sentinel(listed=Descriptor(MANIFEST_TYPE, digest("s"), 1, TRUE, AMD64)),
        plain(name="again", platform=ARM64),
    ),
    "listed three times, and two": index(
        *(plain(name=f"p{n}", listed=Descriptor(MANIFEST_TYPE, digest("p"), 1, {}, AMD64)) for n in range(3)),
        *(sentinel(name=f"s{n}", listed=Descriptor(MANIFEST_TYPE, digest("s"), 1, TRUE, None)) for n in range(2)),
    ),
    "plain images listed twice": index(PLAIN, PLAIN),
    "another image of the platform": index(PLAIN, plain(layer("x"), name="third"), SENTINEL, *OTHER),
    "the same image in gzip": index(
        plain(
            layer("g", "gzip"),
            name="third",
            config={"rootfs": {"type": "layers", "diff_ids": ["sha256:a", "sha256:b"]}},
        ),
        PLAIN,
        SENTINEL,
    ),
    "a third image without config": index(
        plain(layer("x"), name="third", has_config=False, config_problem="HTTP 404"), PLAIN, SENTINEL, *OTHER
    ),
    "a third image without config, another behind": index(
        plain(layer("x"), name="third", has_config=False, config_problem="HTTP 404"),
        plain(layer("y"), name="fourth"),
        PLAIN,
        SENTINEL,
    ),
    "a third image, not listed": index(plain(layer("x"), name="third", listed=None), PLAIN, SENTINEL),
    "a third image of another platform": index(plain(layer("x"), name="third", platform=V8), PLAIN, SENTINEL),
    "a third image without DiffIDs": index(
        plain(layer("x"), name="third", config={"rootfs": {"type": "layers", "diff_ids": []}}), PLAIN, SENTINEL
    ),
    "a third image, long": index(
        plain(layer("x"), name="third", config={"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "9" * 64] * 9}}),
        plain(config={"rootfs": {"type": "layers", "diff_ids": ["sha256:" + "8" * 64] * 9}}),
        SENTINEL,
    ),
    # The manifests.
    "other data layers": pair(other=sentinel(first(), layer("a"), layer("x"))),
    "a data layer of another size": pair(other=sentinel(first(), layer("a"), {**layer("b"), "size": 101})),
    "a data layer less": pair(other=sentinel(first(), layer("a"))),
    "data layers in another order": pair(other=sentinel(first(), layer("b"), layer("a"))),
    "no data layers": pair(plain(first(), annotations=ZSTD), sentinel(first())),
    "two lists of layers": pair(plain(key_problems=(key("Layers"),))),
    "two lists of layers in the sentinel manifest": pair(
        other=sentinel(key_problems=(key("x"), key("Layers", offset=9)))
    ),
    "a layer without TOC": pair(other=sentinel(first(), layer("a", "zstd"), layer("b"))),
    "a docker manifest": pair(other=sentinel(more={"mediaType": DOCKER_MANIFEST_TYPE})),
    "a lesser type": pair(other=sentinel(more={"mediaType": "a"})),
    "schema version 1": pair(other=sentinel(more={"schemaVersion": 1})),
    "schema version 3": pair(other=sentinel(more={"schemaVersion": 3})),
    "no type": pair(other=sentinel(more={"mediaType": ""})),
    "no type, not listed": single(manifest("m", first(), layer("a"), more={"mediaType": ""})),
    "no type, listed as docker": pair(
        other=sentinel(more={"mediaType": ""}, listed=Descriptor(DOCKER_MANIFEST_TYPE, digest("e"), 10, TRUE, AMD64))
    ),
    "annotations lost": pair(plain(more={"annotations": {"a": "b"}, "artifactType": "x", "subject": layer("s")})),
    "annotations changed": pair(
        plain(more={"annotations": {"a": "b"}, "artifactType": "x", "subject": layer("s")}),
        sentinel(
            more={
                "annotations": {"a": "c", "d": "e"},
                "artifactType": "y",
                "subject": {**layer("s"), "size": 1, "x": 1},
            }
        ),
    ),
    "annotations added": pair(
        plain(more={"annotations": {"a": "b"}, "artifactType": "x", "subject": layer("s")}),
        sentinel(more={"annotations": {"a": "b", "d": "e"}, "artifactType": "x", "subject": {**layer("s"), "x": 1}}),
    ),
    "annotations retained": pair(
        plain(more={"annotations": {"a": "b"}, "artifactType": "x", "subject": layer("s")}),
        sentinel(more={"annotations": {"a": "b"}, "artifactType": "x", "subject": layer("s")}),
    ),
    "annotations empty": pair(plain(more={"annotations": {}}), sentinel(more={"annotations": {"a": "b"}})),
    "plain holds a sentinel": pair(plain(layer("a"), {**layer("b"), "digest": KNOWN})),
    "two plain hold a sentinel": pair(
        plain({**layer("b"), "digest": KNOWN}, layer("a"), {**layer("b"), "digest": KNOWN})
    ),
    "plain holds a sentinel, no pair": index(plain(layer("a"), {**layer("b"), "digest": KNOWN})),
    "all have a sentinel": index(sentinel(name="s1"), sentinel(name="s2"), sentinel(name="s3", platform=ARM64)),
    "all have a sentinel, one not listed": single(sentinel(name="s1"), sentinel(name="s2", listed=None)),
    "tables": pair(other=sentinel(tocs=(toc("a", has_tar_split_digest=True), toc("b", has_tar_split_digest=True)))),
    "tables, not all": pair(
        other=sentinel(
            tocs=(
                toc("a", kind="zstd"),
                toc("b", problem="HTTP 404", evidence=EVIDENCE),
                toc("c", evidence=EVIDENCE),
                toc("d", has_tar_split_digest=True, kind="zstd", annotations={MANIFEST_CHECKSUM: "x"}),
                toc("e", kind="zstd", annotations={MANIFEST_CHECKSUM: "x"}),
                toc("f", has_tar_split_digest=True),
            )
        )
    ),
    "described otherwise": pair(
        other=sentinel(first(), layer("a", more="1"), {**layer("b"), "mediaType": "application/x+zstd"})
    ),
    "described without annotations": pair(other=sentinel(first(), layer("a", "zstd"), layer("b"))),
    "plain described without annotations": pair(plain(layer("a", "zstd"), layer("b", "zstd"))),
    "plain described with one": pair(plain(layer("a", "zstd", **{MANIFEST_CHECKSUM: "sha256:toca"}), layer("b"))),
    "plain described with another": pair(plain(layer("a", "zstd", x="y"), layer("b"))),
    # The sentinel's descriptor.
    "another type of a known sentinel": pair(
        other=sentinel({**first(), "digest": KNOWN, "mediaType": "x"}, layer("a"))
    ),
    "another type of an announced sentinel": pair(
        other=sentinel({**first(), "mediaType": "x", "size": 4096}, layer("a"))
    ),
    "a lesser type of an announced sentinel": pair(other=sentinel({**first(), "mediaType": "a"}, layer("a"))),
    "another type, too large": pair(other=sentinel({**first(), "mediaType": "x", "size": 4097}, layer("a"))),
    "another type, with a TOC": pair(other=sentinel({**layer("s"), "mediaType": "x"}, layer("a"))),
    "another type, second": pair(other=sentinel(layer("a"), {**first(), "mediaType": "x"})),
    "another type, not announced": pair(other=sentinel({**first(), "mediaType": "x"}, layer("a"), annotations=ZSTD)),
    "another type, not listed": single(manifest("m", {**first(), "mediaType": "x"}, layer("a"))),
    "another type, announced otherwise": pair(
        other=sentinel({**first(), "mediaType": "x"}, layer("a"), annotations={SENTINEL_ANNOTATION: "1"})
    ),
    "a known sentinel in the second place": pair(
        other=sentinel(first(), layer("a"), {**first("9"), "mediaType": "x", "digest": KNOWN})
    ),
    **{
        f"a sentinel that is {problem}, {size}": pair(
            other=sentinel(
                first(),
                layer("a"),
                first("9"),
                layer("b"),
                sentinels={
                    0: stored(problem, detail="so it was", actual_size=size),
                    2: stored("missing", detail="HTTP 404"),
                },
            )
        )
        for problem in ("unreadable", "not-fetched", "too-large", "size-mismatch", "missing")
        for size in (None, 100, 101, 99)
    },
    "a sentinel of another digest": pair(
        other=sentinel(sentinels={0: stored("digest-mismatch", actual_digest="sha256:z", actual_size=5)})
    ),
    "a sentinel with TOC annotations": pair(
        other=sentinel({**first(), "annotations": dict.fromkeys((*CHUNK_KEYS[:2], "y"), "x")}, layer("a"))
    ),
    "a sentinel with other annotations": pair(other=sentinel({**first(), "annotations": {"y": "x"}}, layer("a"))),
    "two sentinel layers": pair(other=sentinel(first(), layer("a"), first("9"))),
    "three sentinel layers and more": pair(
        other=sentinel(
            first(),
            layer("a"),
            first("9"),
            {**layer("9"), "annotations": {}},
            first("8"),
            layer("5"),
            more={"config": {"mediaType": "x", "digest": digest("9"), "size": 1}},
        )
    ),
    "a config of the type": pair(
        other=sentinel(more={"config": {"mediaType": SENTINEL_TYPE, "digest": digest("c"), "size": 1}})
    ),
    "more in the descriptor": pair(other=sentinel({**first(), "urls": [], "x": 1}, layer("a"), first("9"))),
    # The configs.
    "other DiffIDs": pair(
        other=sentinel(config={"rootfs": {"type": "layers", "diff_ids": ["sha256:5", "sha256:a", "sha256:x"]}})
    ),
    "no DiffIDs": pair(other=sentinel(config={"rootfs": {"type": "layers", "diff_ids": []}})),
    "a DiffID less": pair(plain(config={"rootfs": {"type": "layers", "diff_ids": ["sha256:a"]}})),
    "a DiffID more": pair(plain(config={"rootfs": {"type": "layers", "diff_ids": ["sha256:a"] * 3}})),
    "runs otherwise": pair(
        other=sentinel(
            config={
                "os.version": "1",
                "config": {"User": "1", "Env": ["A=b"], "ArgsEscaped": True, "Labels": {"a": "b"}},
            }
        )
    ),
    "runs the same": pair(
        plain(config={"variant": "", "config": {"User": "", "Env": ["A=b"], "Labels": {}}}),
        sentinel(config={"config": {"Env": ["A=b"]}}),
    ),
    "plain states how to run": pair(plain(config={"config": {"User": "1", "Labels": {"a": "b"}, "Healthcheck": {}}})),
    "fields lost": pair(
        plain(config={"created": "now", "author": "me", "x": None, "config": {"Labels": {"a": "b"}, "Cmd": ["x"]}})
    ),
    "labels changed": pair(
        plain(config={"config": {"Labels": {"a": "b"}}}), sentinel(config={"config": {"Labels": {"a": "c"}}})
    ),
    "fields added": pair(other=sentinel(config={"created": "now", "config": {"Memory": 1}})),
    **{
        f"history of {before} and {after}": pair(
            plain(config={"history": [{"created_by": each} for each in before]}),
            sentinel(config={"history": [{"created_by": each} for each in after]}),
        )
        for before, after in (
            ("ab", "ab"),
            ("ab", "sab"),
            ("ab", "abs"),
            ("ab", "ssab"),
            ("ab", "b"),
            ("ab", "xb"),
            ("ab", "ba"),
            ("", "s"),
            ("ab", "sxb"),
        )
    },
    **{
        f"a config that is {problem}, {size}": pair(
            plain(config_stored=stored(problem, detail="so it was", actual_size=size)),
            sentinel(config_stored=stored(problem, actual_size=size)),
        )
        for problem in ("unreadable", "not-fetched", "too-large", "missing", "size-mismatch")
        for size in (None, 100)
    },
    "configs of plain images": index(plain(config_stored=stored("missing"))),
    "a config not inspected": pair(plain(config_stored=None), sentinel(config_stored=None)),
    "a config of what was not read": index(unread(config_stored=stored("missing")), *OTHER),
    "a docker config": pair(
        plain(more={"config": {"mediaType": "x", "digest": digest("c"), "size": 1}}),
        sentinel(more={"config": {"mediaType": "a", "digest": digest("c"), "size": 1}}),
    ),
}
USUAL = told(IMAGES["right"], IDS)


def shortened(seen: ImageSeen) -> Told:
    """What differs from what is stated about the right image: what is stated beside it, and (-) of what nothing is
    said.

    Checks of which the same holds stand together.
    """
    if seen is IMAGES["right"]:
        return USUAL
    said = told(seen, IDS)
    together: dict[tuple[str, ...], list[str]] = {}
    for name in sorted({*said, *USUAL}):
        lines, usual = said.get(name, []), USUAL.get(name, [])
        new = [line for line in lines if line not in usual or lines.count(line) > usual.count(line)]
        left = [f"- {line.split(' | ')[2]}" for line in usual if line not in lines]
        left = ["- nothing else"] if left and len(lines) == len(new) else left
        if new or left:
            together.setdefault((*new, *left), []).append(name.removeprefix(IDS))
    return {" ".join(names): list(lines) for lines, names in together.items()}


DUE = kept(FILE, {name: partial(shortened, seen) for name, seen in IMAGES.items()})


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_what_is_said_of_an_image(name: str) -> None:
    assert shortened(IMAGES[name]) == DUE[name]


def test_the_image_is_right() -> None:
    assert {line.partition(" | ")[0] for lines in USUAL.values() for line in lines if line[0] != " "} == {"pass"}

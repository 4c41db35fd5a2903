"""Images written to destinations other than a registry (SENT-PUSH-017), and pushes of truncated input (LAYER-011)."""

import gzip
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Final

from conformance.format.digest import Digest
from conformance.format.document import MAX_DOCUMENT, encode
from conformance.format.names import REF_NAME
from conformance.format.oci import examine_index
from conformance.images.inputs import BASE, Image, image
from conformance.implementations.runner import Run, Values
from conformance.observed.image import ImageSeen
from conformance.observed.outcome import ENDED
from conformance.observed.producer import BrokenInputSeen, StoredSeen
from conformance.results import Judgement, not_run, unsupported
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from conformance.trials.at_once import at_once
from conformance.trials.place import Place, a_place
from conformance.trials.producer.control import failed_control
from conformance.trials.under_test import ImplementationUnderTest

_MAX_LAYER: Final = 2**24
# Seconds for a push of broken input: many times those of the whole image, within these limits. skopeo 1.9.3 never ends
# when the tar ends early.
_SHORTEST: Final = 15.0
_LONGEST: Final = 60.0
_TIMES: Final = 20


def stored_images(subject: ImplementationUnderTest) -> Iterator[StoredSeen | Judgement]:
    """One image as zstd:chunked into a new OCI layout."""
    target = subject.new_directory("stored") / "image"
    layout = image().write(subject.new_directory("layout") / "image")
    run = subject.run("store", {"layout": layout, "target": target, "compression": "zstd:chunked"})
    if run.outcome == "unsupported":
        yield unsupported(run.reason, where="store")
    elif run.outcome not in ENDED:
        yield not_run(run.reason, where="store", evidence=run.evidence)
    else:
        after, missing = read_layout(target) if run.succeeded else (None, ())
        yield StoredSeen("an OCI layout", run.outcome, after, missing, run.reason, run.evidence)


def read_layout(layout: Path) -> tuple[ImageSeen | None, tuple[str, ...]]:
    """The image in a layout, and the digests that it names and lacks."""
    source = LayoutSource(LayoutReference(layout, _tag(layout)))
    try:
        seen = observe_image(source)
        missing = [m.name for m in seen.manifests if m.stored.content is None]
        for manifest in seen.manifests:
            view = manifest.document.view if manifest.document else None
            for blob in (view.config, *view.layers) if view else ():
                if source.blob(blob, _MAX_LAYER).content is None:
                    missing.append(blob.digest)
    except SourceError:
        return None, ()
    return seen, tuple(dict.fromkeys(missing))


def _tag(layout: Path) -> str:
    """The name in a layout where one entry only has one, else "": other entries are ignored."""
    try:
        with (layout / "index.json").open("rb") as file:
            index = examine_index(file.read(MAX_DOCUMENT)).document
    except OSError:
        return ""
    names = [entry.annotation(REF_NAME) for entry in index.view.manifests] if index is not None else []
    named = [name for name in names if name]
    return named[0] if len(named) == 1 else ""


def broken_pushes(subject: ImplementationUnderTest) -> Iterator[BrokenInputSeen | Judgement]:
    """A push of each broken input, after one of a positive control."""
    with a_place() as place:
        twin = _push(subject, place, image([BASE], "gzip"), "twin", {}, _LONGEST)
        arrived = place.root("broken/twin") is not None
        if problem := failed_control(twin, arrived=arrived, what="the same image whole", where="push"):
            yield problem
            return
        seconds = min(_LONGEST, max(_SHORTEST, _TIMES * twin.elapsed))
        jobs = [
            partial(_broken_push, subject, place, str(number), what, *given, seconds)
            for number, (what, given) in enumerate(_broken().items())
        ]
        yield from at_once(jobs, subject.at_once)


def _broken_push(
    subject: ImplementationUnderTest,
    place: Place,
    name: str,
    what: str,
    given: Image,
    damage: Mapping[str, bytes | None],
    seconds: float,
) -> BrokenInputSeen:
    run = _push(subject, place, given, name, damage, seconds)
    tagged = place.root(f"broken/{name}") is not None
    ended = run.outcome if run.outcome in ENDED else "crashed"
    return BrokenInputSeen(what, ended, tagged, run.reason, run.evidence)


def _broken() -> dict[str, tuple[Image, Mapping[str, bytes | None]]]:
    """Images, and the blobs of their layouts that are replaced or (None) taken away."""
    whole = image([BASE], "gzip")
    layer = next(digest for digest, content in whole.blobs.items() if content[:2] == b"\x1f\x8b")
    content = whole.blobs[layer]
    cut = content[: len(content) // 2]
    short = gzip.decompress(content)[:7000]
    return {
        "a layer file that ends early": (whole, {layer: cut}),
        "a layer file that is missing": (whole, {layer: None}),
        "a gzip stream that ends early, under its own digest": (_with_layer(whole, layer, cut), {}),
        "a tar that ends early, under its own digest": (_with_layer(whole, layer, gzip.compress(short, mtime=0)), {}),
    }


def _with_layer(whole: Image, layer: str, content: bytes) -> Image:
    digest = str(Digest.of(content))
    root = whole.root.replace(layer.encode(), digest.encode())
    root = root.replace(b'"size":%d' % len(whole.blobs[layer]), b'"size":%d' % len(content))
    return Image({**whole.blobs, digest: content}, root)


def _push(
    subject: ImplementationUnderTest,
    place: Place,
    given: Image,
    name: str,
    damage: Mapping[str, bytes | None],
    seconds: float,
) -> Run:
    layout = given.write(subject.new_directory("layout") / "image")
    for digest, content in damage.items():
        path = layout / "blobs" / "sha256" / digest.partition(":")[2]
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
    compression = "zstd:chunked" if "zstd:chunked" in subject.adapter.compressions else "gzip"
    values: Values = {"layout": layout, "reference": place.name(f"broken/{name}"), "compression": compression}
    return subject.run("push", values, hosts=(place.host,), timeout=seconds)


def without_diff_ids(given: Image) -> Image:
    """The image over a config that names no layers: no variant of it can be created."""
    config = encode({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}})
    old = given.config_digest
    root = given.root.replace(old.encode(), str(Digest.of(config)).encode())
    root = root.replace(b'"size":%d' % len(given.blobs[old]), b'"size":%d' % len(config))
    return Image({**given.blobs, str(Digest.of(config)): config}, root)

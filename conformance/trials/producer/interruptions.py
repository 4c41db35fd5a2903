"""Pushes of which every request fails in turn (SENT-PUSH-024, -025), and layers that no TOC can represent (TOC-016)."""

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from queue import SimpleQueue
from typing import Final

import msgspec

from conformance.checks.artifact.pairs import data_layers, plain_manifests
from conformance.format.digest import Digest
from conformance.format.positions import ChunkedAnnotations
from conformance.images.inputs import SMALL, Image, image, image_of_tars
from conformance.implementations.runner import Run, Values
from conformance.observed.evidence import Note
from conformance.observed.image import ImageSeen
from conformance.observed.outcome import ENDED
from conformance.observed.producer import InterruptedSeen, UnrepresentableSeen
from conformance.results import Judgement, not_run
from conformance.trials.at_once import at_once
from conformance.trials.contents import has_entries
from conformance.trials.place import Place, a_place
from conformance.trials.producer.control import failed_control
from conformance.trials.producer.push_log import WAYS, Interrupts, TakesAnyOrder, Way
from conformance.trials.under_test import ImplementationUnderTest

Booth = tuple[Place, Interrupts]
"""A registry, and what interrupts its requests: for one push at a time."""
MAX_REQUESTS: Final = 60
"""Of a push with more requests, these many are failed, evenly spread."""


def interrupted_pushes(
    subject: ImplementationUnderTest, ways: Sequence[Way] = WAYS
) -> Iterator[InterruptedSeen | Judgement]:
    """One push for every request and each of these ways in which it fails."""
    source = image(SMALL)
    with ExitStack() as stack:
        booths: SimpleQueue[Booth] = SimpleQueue()
        for _ in range(subject.at_once):
            interrupts = Interrupts()
            booths.put((stack.enter_context(a_place(interrupts, TakesAnyOrder())), interrupts))
        place, interrupts = booths.get()
        interrupts.arm(-1)
        undisturbed = _push(subject, place, source, "undisturbed")
        requests = interrupts.disarm()
        if not undisturbed.succeeded:
            yield not_run(f"an undisturbed push did not work: {undisturbed.reason}", evidence=undisturbed.evidence)
            return
        if not requests:
            yield not_run("an undisturbed push sent no request", evidence=undisturbed.evidence)
            return
        # For a tool that writes its own tar only the number of layers is compared.
        contents = source.diff_ids if _has_contents(place, "interrupted/undisturbed", source.diff_ids) else ()
        expected = _shape(place, "interrupted/undisturbed", contents)
        wanted = Wanted(expected, contents)
        booths.put((place, interrupts))

        def push(way: Way, number: int) -> InterruptedSeen | Judgement:
            booth = booths.get()
            try:
                return _interrupted(subject, booth, source, number, way, wanted)
            finally:
                booths.put(booth)

        step = -(-requests // MAX_REQUESTS)
        jobs = [partial(push, way, number) for way in ways for number in range(0, requests, step)]
        yield from at_once(jobs, subject.at_once)


def _interrupted(
    subject: ImplementationUnderTest, booth: Booth, source: Image, number: int, way: Way, wanted: "Wanted"
) -> InterruptedSeen | Judgement:
    place, interrupts = booth
    name = f"{way.replace(' ', '-')}-{number}"
    repository = f"interrupted/{name}"
    place.put(image(SMALL, "gzip"), repository)
    before = place.root(repository)
    interrupts.arm(number, way)
    run = _push(subject, place, source, name)
    hit = interrupts.hit
    interrupts.disarm()
    at = f"request {number} ({hit.method} {_short(hit.path, repository)})" if hit else f"request {number} (not sent)"
    if run.outcome not in ENDED:
        return not_run(f"the push was not tried: {run.described}", where=f"{at}: {way}", evidence=run.evidence)
    shape = _shape(place, repository, wanted.contents) if place.root(repository) != before else None
    return InterruptedSeen(
        at,
        way,
        run.outcome,
        before,
        place.root(repository),
        whole=shape is not None and shape == wanted.shape,
        complete=shape is not None,
        evidence=run.evidence,
    )


class Wanted(msgspec.Struct, frozen=True):
    """The result of an undisturbed push: ``shape``, and the DiffIDs (``contents``; none: the tool writes its own
    tar).
    """

    shape: tuple[bool, int] | None
    contents: tuple[str, ...]


def _has_contents(place: Place, repository: str, contents: tuple[str, ...]) -> bool:
    return _shape(place, repository, contents) is not None


def _shape(place: Place, repository: str, contents: tuple[str, ...]) -> tuple[bool, int] | None:
    """Whether it is an index, and of how many manifests; None unless it is complete, with these contents."""
    seen = place.observe(repository)
    if seen is None or not place.is_complete(repository, seen):
        return None
    for manifest in seen.manifests:
        if manifest.config is None:
            return None
        if contents and manifest.config.view.rootfs.diff_ids[-len(contents) :] != contents:
            return None
    return seen.index is not None, len(seen.manifests)


def _push(subject: ImplementationUnderTest, place: Place, source: Image, name: str) -> Run:
    layout = source.write(subject.new_directory("layout") / "image")
    compression = "zstd:chunked" if "zstd:chunked" in subject.adapter.compressions else "gzip"
    values: Values = {"layout": layout, "reference": place.name(f"interrupted/{name}"), "compression": compression}
    return subject.run("push", values, hosts=(place.host,))


def _short(path: str, repository: str) -> str:
    """The path without parts that differ between two runs of the same push."""
    rest = path.removeprefix(f"/v2/{repository}/")
    return "blobs/uploads/…" if rest.startswith("blobs/uploads/") else rest


def unrepresentable_pushes(subject: ImplementationUnderTest) -> Iterator[UnrepresentableSeen | Judgement]:
    """One push as zstd:chunked for each kind of tar that no TOC can represent, after a positive control."""
    with a_place() as place:
        twin = _push_tar(subject, place, _tar(), "twin")
        arrived = place.observe("unrepresentable/twin") is not None
        what = "the same tar without that entry"
        if problem := failed_control(twin, arrived=arrived, what=what, where="zstd:chunked"):
            yield problem
            return
        for what, tar in unrepresentable_tars().items():
            name = what.replace(" ", "-").lower()
            run = _push_tar(subject, place, tar, name)
            after = place.observe(f"unrepresentable/{name}") if run.succeeded else None
            yield _unrepresentable(what, tar, run, place, f"unrepresentable/{name}", after)


def _push_tar(subject: ImplementationUnderTest, place: Place, tar: bytes, name: str) -> Run:
    layout = image_of_tars([tar]).write(subject.new_directory("layout") / "image")
    reference = place.name(f"unrepresentable/{name}")
    values: Values = {"layout": layout, "reference": reference, "compression": "zstd:chunked"}
    return subject.run("push", values, hosts=(place.host,))


def _unrepresentable(
    what: str, tar: bytes, run: Run, place: Place, repository: str, after: ImageSeen | None
) -> UnrepresentableSeen:
    plain = plain_manifests(after) if after else ()
    layers = data_layers(plain[0]) if plain else ()
    keys = [ChunkedAnnotations.of(layer.annotations) for layer in layers]
    diff_ids = place.diff_ids(repository, layers)
    return UnrepresentableSeen(
        what,
        run.outcome if run.outcome in ENDED else "crashed",
        str(Digest.of(tar)),
        diff_ids[0] if diff_ids else "",
        any(key.is_chunked or key.is_legacy for key in keys),
        has_entries(tar, next(iter(place.tars(repository, layers)), b"")),
        run.reason,
        (*run.evidence, Note(f"the tar has {len(tar)} bytes and the digest {Digest.of(tar)}")),
    )


def unrepresentable_tars() -> dict[str, bytes]:
    """Tars with one entry that a TOC cannot represent, and an ordinary file."""
    return {
        "a PAX global header": _tar(pax_headers={"comment": "global"}),
        "a sparse file": _tar(_sparse()),
        "an unknown type of entry": _tar(_of_type(b"Z")),
        "a name that is not UTF-8": _tar(_named("caf\udce9")),
    }


def _tar(odd: tarfile.TarInfo | None = None, pax_headers: Mapping[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    form = tarfile.PAX_FORMAT if pax_headers else tarfile.GNU_FORMAT
    with tarfile.open(
        fileobj=out, mode="w", format=form, pax_headers=pax_headers, encoding="utf-8", errors="surrogateescape"
    ) as writer:
        for name in ("before", "after"):
            info = tarfile.TarInfo(name)
            info.size = 5
            writer.addfile(info, io.BytesIO(b"plain"))
            if odd is not None and name == "before":
                writer.addfile(odd, io.BytesIO(bytes(odd.size)))
        end = writer.offset
    return out.getvalue()[: end + 1024]  # two blocks of zeros, without the padding of a record


def _sparse() -> tarfile.TarInfo:
    """A GNU sparse entry without a map: a hole from end to end."""
    info = tarfile.TarInfo("sparse")
    info.type = tarfile.GNUTYPE_SPARSE
    return info


def _of_type(typeflag: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo("odd")
    info.type = typeflag
    return info


def _named(name: str) -> tarfile.TarInfo:
    return tarfile.TarInfo(name)

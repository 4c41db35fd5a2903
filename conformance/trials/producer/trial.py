"""The producer's trial: real pushes from layouts to embedded registries, each run once, and the observations."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Final, Literal

import msgspec

from conformance.checks.artifact.pairs import data_layers, plain_manifests, sentinel_manifests
from conformance.checks.bound import checks_of
from conformance.checks.trial_verdicts import INCONCLUSIVE
from conformance.format.digest import Digest
from conformance.format.document import JsonObject
from conformance.format.names import SENTINEL_TYPE
from conformance.format.oci import Descriptor
from conformance.format.positions import ChunkedAnnotations
from conformance.images.inputs import AMD64, ARM64, BASE, HOLES, TREES, Image, image, index, pair
from conformance.images.trees import tar_of
from conformance.implementations.adapter_document import Option
from conformance.implementations.runner import Run
from conformance.observed.image import ImageSeen, ManifestSeen, Requested
from conformance.observed.outcome import ENDED
from conformance.observed.producer import AgainSeen, ContentsSeen, InterruptedSeen, PushSeen
from conformance.registry.server.deviations import Defect
from conformance.results import Judgement, informed, not_run, unsupported
from conformance.trials.contents import added, lost
from conformance.trials.place import Place, a_place
from conformance.trials.producer.interruptions import interrupted_pushes
from conformance.trials.producer.kept_contents import contents_seen
from conformance.trials.producer.other_pushes import without_diff_ids
from conformance.trials.producer.push_log import WAYS, Rejects, TakesAnyOrder, Way, events_of
from conformance.trials.trial import Trial
from conformance.trials.under_test import ImplementationUnderTest

Kind = Literal["single", "no-diff-ids", "padded", "holes", "platforms", "chunked", "estargz", "sentinel", "index"]
Where = Literal["any-order", "no-sentinels", "no-indexes"]
_KEPT: Final = {"org.example.flavour": "vanilla"}
_DIGEST: Final = "by digest"


class PushJob(msgspec.Struct, frozen=True):
    """One push that is requested; ``onto`` is another push (by name) after which, and to whose tag, it is created."""

    name: str
    kind: Kind = "single"
    compression: Requested = "zstd:chunked"
    options: tuple[Option, ...] = ()
    where: Where = "any-order"
    onto: str = ""
    to_digest: bool = False


JOBS: Final = {
    job.name: job
    for job in (
        PushJob("single"),
        PushJob("single, sentinels off", options=("no-sentinel",)),
        PushJob("platforms", "platforms", options=("all",)),
        PushJob("padded", "padded"),
        PushJob("holes", "holes"),
        PushJob("again", onto="single"),
        PushJob("platforms again", "platforms", options=("all",), onto="platforms"),
        PushJob("gzip", compression="gzip"),
        PushJob("zstd", compression="zstd"),
        PushJob("digests preserved", "chunked", options=("preserve-digests",)),
        PushJob("no DiffIDs", "no-diff-ids"),
        PushJob(_DIGEST, "chunked", to_digest=True),
        PushJob("eStargz", "estargz", "gzip"),
        PushJob("sentinel variant", "sentinel"),
        PushJob("pair", "index", options=("all",)),
        PushJob("signed", options=("sign",)),
        PushJob("sentinels rejected", where="no-sentinels"),
        PushJob("indexes rejected", where="no-indexes"),
    )
}
_WHOLE: Final = ("single", "platforms")
JOBS_OF: Final[Mapping[str, Sequence[str]]] = {
    "SENT-PUSH-001": _WHOLE,
    "SENT-PUSH-002": _WHOLE,
    "SENT-PUSH-003": _WHOLE,
    "SENT-PUSH-004": ("single",),
    "SENT-PUSH-005": ("platforms",),
    "SENT-PUSH-006": ("digests preserved",),
    "SENT-PUSH-007": ("gzip", "zstd"),
    "SENT-PUSH-010": ("single",),
    "SENT-PUSH-011": ("sentinels rejected", "indexes rejected"),
    "SENT-PUSH-012": ("signed",),
    "SENT-PUSH-013": (_DIGEST,),
    "SENT-PUSH-015": ("platforms",),
    "SENT-PUSH-016": ("eStargz",),
    "SENT-PUSH-020": ("no DiffIDs",),
    "SENT-PUSH-021": ("single, sentinels off",),
    "SENT-PUSH-022": ("again", "platforms again"),
    "SENT-PUSH-023": ("again", "platforms again"),
}
OF_CONTENTS: Final = ("single", "platforms", "padded", "holes", "gzip", "zstd", "digests preserved", _DIGEST, "again",
                      "pair")  # fmt: skip
"""Pushes whose contents are compared (SENT-PUSH-026)."""
AGAIN: Final = ("sentinel variant", "pair")
"""Pushes of images that already have sentinels (SENT-PUSH-014)."""
# Requirements by which failed pushes are judged too.
_JUDGES_ENDS: Final = frozenset({"SENT-PUSH-011", "SENT-PUSH-013", "SENT-PUSH-020"})


class Pushed(msgspec.Struct, frozen=True):
    """A push that was run, and its observation; ``seen`` is None where it is unsupported."""

    run: Run
    seen: PushSeen | None
    repository: str


class ProducerTrial(Trial):
    """``with ProducerTrial(subject) as trial``: embedded registries; pushes are run when they are requested.

    ``ways`` are those in which each request of a push fails.
    """

    def __init__(self, subject: ImplementationUnderTest, ways: Sequence[Way] = WAYS) -> None:
        super().__init__(subject)
        self._ways = ways
        self.images = _images()
        self._pushes: dict[str, Pushed] = {}
        self._log = TakesAnyOrder()
        self.own_files: tuple[str, ...] = ()

    def _open(self) -> None:
        own = self.subject.certificate
        self._places: dict[Where, Place] = {
            "any-order": self._stack.enter_context(a_place(self._log, certificate=own)),
            "no-sentinels": self._stack.enter_context(
                a_place(*_old(SENTINEL_TYPE.encode(), index=False), certificate=own)
            ),
            "no-indexes": self._stack.enter_context(a_place(*_old(b"", index=True), certificate=own)),
        }

    def judgements(self, requirement_id: str) -> list[Judgement]:
        """The judgements on one requirement of JOBS_OF, over its pushes."""
        check = checks_of(PushSeen)[requirement_id]
        problem = self.control()
        if problem:
            return [self.inconclusive(problem)]
        found: list[Judgement] = []
        for name in JOBS_OF[requirement_id]:
            pushed = self.pushed(name)
            if requirement_id == "SENT-PUSH-010" and pushed.seen is not None:
                twin = self.pushed("single, sentinels off")
                if twin.seen is None:
                    found.append(unsupported(twin.run.reason, where=name))
                    continue
                pushed = _with_twin(pushed, twin)
            ended = _no_result(pushed, name, judges_ends=requirement_id in _JUDGES_ENDS)
            if ended is not None:
                found.append(ended)
            elif pushed.seen is not None:
                found += check(pushed.seen)
        return found

    def contents(self) -> list[Judgement]:
        """SENT-PUSH-026: every push that was made, each with the images that it was given."""
        check = checks_of(ContentsSeen)["SENT-PUSH-026"]
        if problem := self.control():
            return [self.inconclusive(problem)]
        found: list[Judgement] = []
        for name in OF_CONTENTS:
            pushed, job = self.pushed(name), JOBS[name]
            if pushed.seen is None or not pushed.run.succeeded:
                continue
            if pushed.seen.after is None:
                found += filter(None, [_no_result(pushed, name, judges_ends=False)])
                continue
            given = self.images[job.kind]
            for seen in contents_seen(name, given, pushed.seen.after, self.place, pushed.repository):
                found += check(msgspec.structs.replace(seen, evidence=pushed.seen.evidence))
        return found

    def again(self) -> list[Judgement]:
        """SENT-PUSH-014 of a producer."""
        check = checks_of(AgainSeen)["SENT-PUSH-014"]
        problem = self.control()
        if problem:
            return [self.inconclusive(problem)]
        found: list[Judgement] = []
        for name in AGAIN:
            pushed = self.pushed(name)
            ended = _no_result(pushed, name, judges_ends=False)
            if pushed.run.outcome == "refused":
                ended = informed(f"nothing was written: {pushed.run.described}", where=name)
            if ended or pushed.seen is None:
                found += [ended] if ended else []
                continue
            source = self.images[JOBS[name].kind]
            found += check(AgainSeen(name, source.observe(), pushed.seen.after, pushed.seen.evidence))
        return found

    @cached_property
    def interrupted(self) -> tuple[InterruptedSeen | Judgement, ...]:
        """A push for each request that fails."""
        return tuple(interrupted_pushes(self.subject, self._ways))

    def inconclusive(self, problem: str) -> Judgement:
        """The verdict on everything, when the control failed."""
        evidence = tuple(item for pushed in self._pushes.values() for item in pushed.run.evidence)[:2]
        return not_run(f"{INCONCLUSIVE}{problem}", evidence=evidence)

    @property
    def place(self) -> Place:
        """The registry of the ordinary pushes."""
        return self._places["any-order"]

    def pushed(self, name: str) -> Pushed:
        """Run this push, or return the earlier run."""
        if name not in self._pushes:
            self._pushes[name] = self._push(JOBS[name])
        return self._pushes[name]

    def _control(self) -> str:
        """The ordinary push: did it write the compression requested, and the contents given?"""
        chunked = "zstd:chunked" in self.subject.adapter.compressions
        pushed = self.pushed("single" if chunked else "gzip")
        if not pushed.run.succeeded:
            return f"an ordinary image could not be pushed ({pushed.run.described})"
        after = pushed.seen.after if pushed.seen else None
        plain = plain_manifests(after) if after else ()
        if after is None or not plain:
            return "an ordinary push reported success, but there is no image in the registry"
        # The plain variant may be left without a TOC: then the layers of its sentinel variant are inspected.
        wrong = [_not_written_as(manifest, chunked) for manifest in (plain[0], *sentinel_manifests(after))]
        if all(wrong):
            return f"requested {'zstd:chunked' if chunked else 'gzip'} it pushed layers of {', '.join(wrong[0])}"
        problem = self._lost(pushed.repository, plain[0])
        return f"an ordinary image has other contents in the registry than those given: {problem}" if problem else ""

    def _lost(self, repository: str, plain: ManifestSeen) -> str:
        """The first lost file; a tool may write its own tar, with additional files."""
        layers = data_layers(plain)
        if self.place.diff_ids(repository, layers) == self.images["single"].diff_ids:
            return ""
        given, found = [tar_of(tree) for tree in TREES], self.place.tars(repository, layers)
        self.own_files = added(given, found)
        return lost(given, found)

    def _push(self, job: PushJob) -> Pushed:
        place, source = self._places[job.where], self.images[job.kind]
        repository = JOBS[job.onto].name if job.onto else job.name
        repository = f"push/{'-'.join(repository.lower().replace(',', '').split())}"
        if job.onto:
            self.pushed(job.onto)
        if job.where == "any-order":
            self._log.take_bodies()
        reference = place.name(repository)
        if job.to_digest:
            reference = f"{place.host}/{repository}@{source.descriptor.digest}"
        before = place.root(repository)
        there = frozenset(place.blobs(repository))
        layout = source.write(self.subject.new_directory("layout") / "image")
        with place.registry.watching() as exchanges:
            run = self.subject.run(
                "push",
                {"layout": layout, "reference": reference, "compression": job.compression},
                hosts=(place.host,),
                options=job.options,
            )
        if run.outcome not in ENDED:
            return Pushed(run, None, repository)
        tag = source.descriptor.digest if job.to_digest else "1"
        after = place.observe(repository, tag)
        seen = PushSeen(
            job.name,
            run.outcome,
            source.root,
            after,
            requested=job.compression,
            reason=run.reason,
            before=before,
            events=tuple(events_of(exchanges, self._log.take_bodies())) if job.where == "any-order" else (),
            there_before=there,
            preserve_digests="preserve-digests" in job.options,
            to_digest=source.descriptor.digest if job.to_digest else "",
            source_is_estargz=job.kind == "estargz",
            again=bool(job.onto),
            rejects={"any-order": "", "no-sentinels": "sentinel manifests", "no-indexes": "indexes"}[job.where],
            rejected=tuple(exchange for exchange in exchanges if exchange.status == 400),
            signed=_signed(place, repository, after) if "sign" in job.options else None,
            sentinels_off="no-sentinel" in job.options,
            due=job.kind == "no-diff-ids",
            output=f"{run.stdout}\n{run.stderr}",
            evidence=run.evidence,
        )
        return Pushed(run, seen, repository)


def _old(pattern: bytes, *, index: bool) -> tuple[Defect, ...]:
    """An old registry: it rejects unknown media types, and does not check the entries of an index."""
    return Rejects(pattern, index=index), TakesAnyOrder()


def _images() -> dict[Kind, Image]:
    chunked = image(compression="zstd:chunked")
    pairs, sentinel = pair(chunked)

    def member(platform: JsonObject) -> tuple[Image, JsonObject]:
        return image(TREES if platform == AMD64 else (BASE,), platform=platform), {
            "platform": platform,
            "annotations": _KEPT,
        }

    return {
        "single": image(),
        "padded": image(blocks=20),
        "holes": image(HOLES),
        "platforms": index([member(AMD64), member(ARM64)]),
        "chunked": chunked,
        "no-diff-ids": without_diff_ids(chunked),
        "estargz": image(compression="estargz"),
        "sentinel": sentinel,
        "index": pairs,
    }


def _not_written_as(manifest: ManifestSeen, chunked: bool) -> list[str]:
    """The media types of data layers that are not in the compression requested."""
    return [layer.media_type for layer in data_layers(manifest) if not _is_written_as(layer, chunked)]


def _is_written_as(layer: Descriptor, chunked: bool) -> bool:
    keys = ChunkedAnnotations.of(layer.annotations)
    return keys.is_chunked or keys.is_legacy if chunked else layer.media_type.endswith("gzip")


def _no_result(pushed: Pushed, where: str, *, judges_ends: bool) -> Judgement | None:
    """The judgement on a push without a result."""
    run = pushed.run
    if run.outcome == "absent":
        return not_run(run.reason, where=where)
    if pushed.seen is None:
        return unsupported(run.reason, where=where)
    if judges_ends:
        return None
    if not run.succeeded:
        return not_run(f"the push was not made: {run.described}", where=where, evidence=run.evidence)
    if pushed.seen.after is None:
        message = f"{INCONCLUSIVE}it reported success, but there is no image in the registry"
        return not_run(message, where=where, evidence=run.evidence)
    return None


def _with_twin(pushed: Pushed, twin: Pushed) -> Pushed:
    assert pushed.seen is not None
    assert twin.seen is not None
    return Pushed(pushed.run, msgspec.structs.replace(pushed.seen, twin=twin.seen.after), pushed.repository)


def _signed(place: Place, repository: str, after: ImageSeen | None) -> tuple[str, ...]:
    """The digests, of the root and the manifests, that something in the registry refers to."""
    if after is None:
        return ()
    documents = [after.index_stored] if after.index_stored else []
    documents += [manifest.stored for manifest in after.manifests]
    digests = [str(Digest.of(stored.content)) for stored in documents if stored.content is not None]
    return tuple(digest for digest in digests if place.signatures(repository, digest))

"""The copier's trial: real copies between two embedded registries, each run once, and the observations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Literal

import msgspec

from conformance.checks.artifact.pairs import copy_of_one, data_layers
from conformance.checks.trial_verdicts import INCONCLUSIVE
from conformance.format.digest import Digest
from conformance.format.names import LAYER_GZIP_TYPE
from conformance.images.inputs import (
    Image,
    image,
    other_sentinel,
    pair,
    pairs_of_two_platforms,
    sentinel_of_two_readings,
    with_a_diff_id_less,
)
from conformance.implementations.adapter_document import Operation, Option
from conformance.implementations.outcome import Outcome
from conformance.implementations.runner import Run
from conformance.observed.evidence import Evidence, Exchange
from conformance.observed.image import CopySeen, ImageSeen, Requested
from conformance.observed.producer import AgainSeen, PushSeen
from conformance.results import Judgement, failed, informed, not_run, unsupported
from conformance.sources.errors import SourceError
from conformance.sources.image import observe_image
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from conformance.trials.place import Place, a_place, signature_tag
from conformance.trials.producer.push_log import TakesAnyOrder, events_of
from conformance.trials.under_test import ImplementationUnderTest

Source = Literal["plain", "plain-gzip", "sentinel", "index", "other", "other-index", "short", "dual", "platforms"]
_SOURCE: Final = "source"


class CopyJob(msgspec.Struct, frozen=True):
    """One requested copy, and its source image."""

    name: str
    source: Source = "sentinel"
    operation: Operation = "copy"
    requested: Requested = ""
    options: tuple[Option, ...] = ()


def _recompress(name: str, to: Requested, source: Source = "sentinel", *options: Option) -> CopyJob:
    return CopyJob(name, source, "recompress", to, options)


JOBS: Final = {
    job.name: job
    for job in (
        CopyJob("plain", "plain"),
        CopyJob("plain gzip", "plain-gzip"),
        _recompress("plain to gzip", "gzip", "plain"),
        _recompress("plain to uncompressed", "uncompressed", "plain-gzip"),
        _recompress("plain to zstd", "zstd", "plain-gzip"),
        _recompress("plain to zstd:chunked", "zstd:chunked", "plain-gzip"),
        _recompress("to gzip", "gzip"),
        _recompress("to tar", "uncompressed"),
        _recompress("to zstd", "zstd"),
        _recompress("to zstd:chunked", "zstd:chunked"),
        CopyJob("kept"),
        CopyJob("index", "index", options=("all",)),
        _recompress("index to gzip", "gzip", "index", "all"),
        _recompress("index to zstd:chunked", "zstd:chunked", "index", "all"),
        _recompress("gzip, digests preserved", "gzip", "sentinel", "preserve-digests"),
        CopyJob("digests preserved", options=("preserve-digests",)),
        CopyJob("index, digests preserved", "index", options=("all", "preserve-digests")),
        CopyJob("to a layout, digests preserved", "sentinel", "pull", options=("preserve-digests",)),
        CopyJob("to Docker", options=("to-docker",)),
        CopyJob("plain to Docker", "plain", options=("to-docker",)),
        CopyJob("index to Docker", "index", options=("all", "to-docker")),
        _recompress("other sentinel, to gzip", "gzip", "other"),
        CopyJob("plain from storage", "plain", "export"),
        CopyJob("from storage", operation="export"),
        CopyJob("other sentinel, from storage", "other", "export"),
        CopyJob("two readings, from storage", "dual", "export"),
        _recompress("a DiffID less, to gzip", "gzip", "short"),
        CopyJob("index, one platform", "platforms", options=("platform",)),
    )
}
_STRIPS: Final = ("to gzip", "to zstd", "to tar")
JOBS_OF: Final[Mapping[str, Sequence[str]]] = {
    "SENT-STRIP-001": ("to gzip", "index to gzip"),
    "SENT-STRIP-002": ("to tar",),
    "SENT-STRIP-004": _STRIPS,
    "SENT-STRIP-005": (*_STRIPS, "index to gzip", "to zstd:chunked", "index to zstd:chunked"),
    "SENT-STRIP-006": _STRIPS,
    "SENT-STRIP-008": ("kept", "index"),
    "SENT-STRIP-009": ("other sentinel, to gzip",),
    "SENT-STRIP-010": _STRIPS,
    "SENT-STRIP-011": ("index", "index to gzip"),
    "SENT-STRIP-013": (*_STRIPS, "kept"),
    "SENT-STRIP-014": (*_STRIPS, "index to gzip", "kept", "from storage", "other sentinel, to gzip"),
    "SENT-STRIP-015": ("digests preserved", "index, digests preserved", "to a layout, digests preserved"),
    "SENT-STRIP-016": ("plain", "plain gzip"),
    "SENT-STRIP-017": ("index to Docker",),
    "SENT-STRIP-018": _STRIPS,
    "SENT-STRIP-019": _STRIPS,
    "SENT-STRIP-020": ("from storage", "other sentinel, from storage"),
    "SENT-STRIP-021": ("index, one platform",),
    "SENT-STRIP-023": ("a DiffID less, to gzip",),
    "SENT-STRIP-024": ("plain to gzip", "plain to zstd:chunked"),
    "SENT-STRIP-025": ("to zstd",),
    "SENT-STRIP-026": ("to Docker",),
    "SENT-STRIP-027": ("gzip, digests preserved",),
    "SENT-PULL-025": ("kept",),
    "SENT-PULL-026": ("from storage", "two readings, from storage"),
    "SENT-PUSH-018": ("plain", "plain gzip", "plain to zstd:chunked"),
}
TWINS: Final[Mapping[str, str]] = {
    "gzip, digests preserved": "to gzip",
    "a DiffID less, to gzip": "to gzip",
    "two readings, from storage": "plain from storage",
    "to Docker": "plain to Docker",
    "index to Docker": "plain to Docker",
    "from storage": "plain from storage",
    "other sentinel, from storage": "plain from storage",
}
"""Copies that may be refused, each with a positive control: otherwise the refusal has another reason."""
AGAIN: Final = ("to zstd:chunked", "kept", "index", "index to zstd:chunked")
"""Copies after which no manifest may have two sentinels (SENT-PUSH-014)."""
ORDERED: Final = ("plain", "kept", "index", "to gzip", "plain from storage")
"""Copies in which the order of requests is inspected (SENT-PUSH-001)."""
# Copies that a tool may omit that refuses all sentinels because it does not know them.
_OF_STRIPPING: Final = frozenset({"SENT-STRIP-001", "SENT-STRIP-002", "SENT-STRIP-009", "SENT-STRIP-025"})
# The same for a tool that unpacks its copies.
_OF_COPYING: Final = frozenset({"SENT-PULL-025"})
_REFUSER: Final = (
    "it refuses every manifest with a sentinel, as a client that does not know sentinels must (SENT-PULL-031): "
    "nothing was recompressed"
)
# These need a result or a refusal: a crash fails. The others are then not observed.
_NEEDS_A_FINISHED_COPY: Final = frozenset(f"SENT-STRIP-{n:03}" for n in (1, 2, 9, 15, 17, 20, 25, 26, 27))


class Copied(msgspec.Struct, frozen=True):
    """A copy that was run, its observation, and the order of requests at the destination."""

    run: Run
    seen: CopySeen
    order: PushSeen


class CopierTrial:
    """``with CopierTrial(subject) as trial``: two registries, one with the sources; copies are run
    when requested.
    """

    def __init__(self, subject: ImplementationUnderTest) -> None:
        self._subject = subject
        self._stack = ExitStack()
        self._sources = _sources()
        self._copies: dict[str, Copied] = {}
        self._problem: str | None = None
        self._log = TakesAnyOrder()

    def __enter__(self) -> "CopierTrial":
        own = self._subject.certificate
        self._from = self._stack.enter_context(a_place(certificate=own))
        self._to = self._stack.enter_context(a_place(self._log, certificate=own))
        for tag, source in self._sources.items():
            self._from.put(source, _SOURCE, tag)
            self._from.put_signature(_SOURCE, source)
            self._from.put_signature(_SOURCE, source, signature_tag(source.descriptor.digest))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def judgements(self, requirement_id: str, check: Callable[[CopySeen], Iterator[Judgement]]) -> list[Judgement]:
        """The judgements of a SENT-STRIP check on its copies."""
        return [*self._judged(requirement_id, JOBS_OF[requirement_id], lambda copied: check(copied.seen))]

    def again(self, check: Callable[[AgainSeen], Iterator[Judgement]]) -> list[Judgement]:
        """SENT-PUSH-014 of a copier."""
        return [*self._judged("SENT-PUSH-014", AGAIN, lambda copied: check(_as_again(copied.seen)))]

    def in_order(self, check: Callable[[PushSeen], Iterator[Judgement]]) -> list[Judgement]:
        """SENT-PUSH-001 of a copier."""
        able = [name for name in ORDERED if JOBS[name].operation in self._subject.adapter.operations]
        return [*self._judged("SENT-PUSH-001", able, lambda copied: check(copied.order))]

    def control(self) -> str:
        """Why no copy of this tool proves anything: an ordinary image is not copied; "" when it is."""
        if self._problem is None:
            self._problem = self._control()
        return self._problem

    def copied(self, name: str) -> Copied:
        """Run this copy, or return the earlier run."""
        if name not in self._copies:
            job = JOBS[name]
            twin = None
            if job.requested and job.source == "sentinel" and not job.options:
                twin = self._copy(
                    msgspec.structs.replace(job, name=f"{name}, plain counterpart", source="plain")
                ).seen.after
            made = self._copy(job)
            seen = msgspec.structs.replace(made.seen, plain_twin=twin)
            self._copies[name] = Copied(made.run, seen, made.order)
        return self._copies[name]

    def _judged(
        self, requirement_id: str, jobs: Sequence[str], check: Callable[[Copied], Iterator[Judgement]]
    ) -> Iterator[Judgement]:
        problem = self.control()
        if problem:
            yield not_run(f"{INCONCLUSIVE}{problem}", evidence=self._evidence_of_control())
            return
        for name in jobs:
            ended = self._cannot_write(JOBS[name].requested)
            if ended is not None:
                yield msgspec.structs.replace(ended, where=name)
                continue
            copied = self.copied(name)
            ended = _no_result(copied, requirement_id) or self._refused_like_its_twin(copied)
            excused = requirement_id in _OF_STRIPPING or (requirement_id in _OF_COPYING and self._goes_by_storage())
            if ended is None and excused and copied.seen.refused and self._refuses_sentinels():
                ended = informed(_REFUSER, where=name)
            for judgement in [ended] if ended else check(copied):
                yield _with_evidence(judgement, copied.seen.evidence)

    def _cannot_write(self, requested: Requested) -> Judgement | None:
        """A compression counts only where an image without sentinel is written in it.

        Who cannot write it has refused nothing and retained nothing.
        """
        if not requested:
            return None
        control = self.copied(f"plain to {requested}")
        run = control.run
        if run.outcome is Outcome.ABSENT:
            return not_run(run.reason)
        if run.outcome is Outcome.UNSUPPORTED:
            return unsupported(run.reason)
        if run.outcome is Outcome.REFUSED:
            return unsupported(f"it does not write an image without sentinel as {requested} either: {run.reason}")
        if not run.succeeded or control.seen.after is None:
            message = f"{INCONCLUSIVE}an image without sentinel was not written as {requested} either ({run.described})"
            return not_run(message, evidence=run.evidence)
        made = copy_of_one(control.seen.after)
        wrong = [kind for layer in data_layers(made) if not _is_of(kind := layer.media_type, requested)] if made else []
        if made is None or wrong:
            found = (
                f"it wrote layers of {', '.join(sorted(set(wrong)))}" if wrong else "it did not write exactly one image"
            )
            return unsupported(f"requested {requested} with an image without sentinel {found}")
        return None

    def _goes_by_storage(self) -> bool:
        """Whether it unpacks what it copies, as podman and buildah do: a reader of tars must refuse a sentinel."""
        return not {"export", "unpack"}.isdisjoint(self._subject.adapter.operations)

    def _refuses_sentinels(self) -> bool:
        """Whether this is a tool that knows no sentinels, and refuses to read every manifest that has one."""
        if "consumer-aware" in self._subject.adapter.roles:
            return False
        tried = [self.copied(name) for name in ("to gzip", "to zstd", "kept")]
        return all(copied.seen.refused or copied.run.outcome is Outcome.UNSUPPORTED for copied in tried)

    def _refused_like_its_twin(self, copied: Copied) -> Judgement | None:
        """A refusal counts only where the positive control is not refused."""
        name = TWINS.get(copied.seen.name)
        if name is None or not copied.seen.refused:
            return None
        twin = self.copied(name)
        if twin.seen.after is not None:
            return None
        message = f"{INCONCLUSIVE}refused ({copied.run.reason}), and so is {name!r} ({twin.run.described})"
        return not_run(message, where=copied.seen.name, evidence=twin.run.evidence)

    def _control(self) -> str:
        """The operations of the tool, with an image without sentinel."""
        operations = self._subject.adapter.operations
        names = [("copy", "plain"), ("recompress", "plain to gzip")]
        tried = [name for operation, name in names if operation in operations]
        if not tried and "export" in operations:
            tried = ["plain from storage"]
        for name in tried:
            copied = self.copied(name)
            if copied.run.outcome is Outcome.UNSUPPORTED:
                continue
            problem = _wrong_with_control(copied)
            if problem:
                return problem
        return "" if tried else "the adapter has none of copy, recompress and export"

    def _evidence_of_control(self) -> tuple[Evidence, ...]:
        return tuple(evidence for copied in self._copies.values() for evidence in copied.seen.evidence)[:4]

    def _copy(self, job: CopyJob) -> Copied:
        words = "".join(letter if letter.isalnum() else " " for letter in job.name.lower()).split()
        repository = f"copy/{'-'.join(words)}"
        before = self._from.observe(_SOURCE, job.source)
        assert before is not None, "the embedded registry has the image of the suite"
        layout = self._subject.new_directory("layout") / "pulled"
        values: dict[str, str | Path] = {"reference": self._from.name(_SOURCE, job.source)}
        values |= {"layout": layout} if job.operation == "pull" else {"destination": self._to.name(repository)}
        values |= {"compression": job.requested} if job.operation == "recompress" else {}
        values |= {"platform": "linux/amd64"} if "platform" in job.options else {}
        there = frozenset(self._to.blobs(repository))
        self._log.take_bodies()
        with self._to.watching() as exchanges:
            run = self._subject.run(
                job.operation,
                values,
                hosts=(self._from.host, self._to.host),
                options=job.options,
            )
        after = _observe_layout(layout) if job.operation == "pull" else self._to.observe(repository)
        if not run.succeeded:
            after = None
        root = self._sources[job.source].descriptor.digest
        seen = CopySeen(
            job.name,
            before,
            after,
            requested=job.requested,
            preserve_digests="preserve-digests" in job.options,
            to_docker="to-docker" in job.options,
            refused=run.outcome is Outcome.REFUSED,
            wrote=any(_stores(exchange) for exchange in exchanges),
            data_diff_ids=_diff_ids(self._to, repository, after) if job.operation != "pull" else (),
            from_storage=job.operation == "export",
            partial="platform" in job.options,
            damaged=job.source == "short",
            referrers_before=self._from.signatures(_SOURCE, root),
            referrers_after=self._signatures(repository, after),
            evidence=(*run.evidence, *_manifests_put(exchanges)),
        )
        events = tuple(events_of(exchanges, self._log.take_bodies()))
        order = PushSeen(job.name, "succeeded", b"", after, events=events, there_before=there)
        return Copied(run, seen, order)

    def _signatures(self, repository: str, after: ImageSeen | None) -> tuple[str, ...]:
        root = _root(after)
        return self._to.signatures(repository, str(Digest.of(root))) if root is not None else ()


def _sources() -> dict[Source, Image]:
    plain = image(compression="zstd:chunked", annotations={"org.example.kept": "yes"})
    index, sentinel = pair(plain)
    other_index, other = pair(plain, other_sentinel())
    return {
        "plain": plain,
        "plain-gzip": image(compression="gzip"),
        "index": index,
        "sentinel": sentinel,
        "other": other,
        "other-index": other_index,
        "platforms": pairs_of_two_platforms(),
        "short": with_a_diff_id_less(sentinel),
        "dual": sentinel_of_two_readings(),
    }


def _no_result(copied: Copied, requirement_id: str) -> Judgement | None:
    """The judgement on a copy that neither succeeded nor was refused."""
    run, where = copied.run, copied.seen.name
    if run.outcome is Outcome.ABSENT:
        return not_run(run.reason, where=where)
    if run.outcome is Outcome.UNSUPPORTED:
        return unsupported(run.reason, where=where)
    if run.outcome in (Outcome.CRASHED, Outcome.TIMED_OUT):
        if requirement_id in _NEEDS_A_FINISHED_COPY:
            message = "The copy neither succeeded nor was refused; a crash is not a refusal."
            return failed(message, where=where, expected="done, or refused with a reason", found=run.described)
        return not_run(f"the copy was not made: {run.described}", where=where)
    if run.succeeded and copied.seen.after is None:
        return not_run(f"{INCONCLUSIVE}it reported success, but there is no copy", where=where)
    return None


def _wrong_with_control(copied: Copied) -> str:
    run, seen = copied.run, copied.seen
    if not run.succeeded:
        return f"an image without sentinel could not be copied either ({seen.name}; {run.described})"
    made = copy_of_one(seen.after) if seen.after is not None else None
    if made is None:
        return f"it reported success for an image without sentinel, but there is no copy ({seen.name})"
    config = seen.before.manifests[0].config
    if config is None or seen.data_diff_ids != config.view.rootfs.diff_ids:
        return f"the copy of an image without sentinel has other contents ({seen.name})"
    types = {layer.media_type for layer in data_layers(made)}
    if seen.requested == "gzip" and types != {LAYER_GZIP_TYPE} and not all(kind.endswith("gzip") for kind in types):
        return (
            f"requested gzip it wrote layers of {', '.join(sorted(types))}: it reports an operation that it did not do"
        )
    return ""


def _as_again(seen: CopySeen) -> AgainSeen:
    return AgainSeen(seen.name, seen.before, seen.after, seen.evidence)


def _with_evidence(judgement: Judgement, evidence: tuple[Evidence, ...]) -> Judgement:
    if judgement.outcome == "pass" or judgement.evidence:
        return judgement
    return msgspec.structs.replace(judgement, evidence=evidence)


def _diff_ids(place: Place, repository: str, after: ImageSeen | None) -> tuple[str, ...]:
    made = copy_of_one(after) if after is not None else None
    return place.diff_ids(repository, data_layers(made)) if made is not None else ()


def _observe_layout(layout: Path) -> ImageSeen | None:
    try:
        return observe_image(LayoutSource(LayoutReference(layout)))
    except SourceError:
        return None


def _root(after: ImageSeen | None) -> bytes | None:
    if after is None:
        return None
    stored = after.index_stored or (after.manifests[0].stored if after.manifests else None)
    return stored.content if stored else None


def _stores(exchange: Exchange) -> bool:
    """Whether a manifest was put: unreferenced blobs do no harm, and a registry removes them."""
    return exchange.method == "PUT" and exchange.status == 201 and "/manifests/" in exchange.url


def _is_of(media_type: str, requested: Requested) -> bool:
    if requested == "uncompressed":
        return not media_type.endswith(("gzip", "zstd"))
    return media_type.endswith("gzip" if requested == "gzip" else "zstd")


def _manifests_put(exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    return tuple(exchange for exchange in exchanges if exchange.method == "PUT" and "/manifests/" in exchange.url)[-3:]

"""Copies between two embedded registries, each run once, and the judgements over them."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from conformance.checks.artifact.pairs import copy_of_one, data_layers
from conformance.checks.bound import checks_of
from conformance.checks.copier.whole import PLATFORM
from conformance.checks.trial_verdicts import INCONCLUSIVE
from conformance.format.digest import Digest
from conformance.observed.evidence import Evidence, Exchange
from conformance.observed.image import CopySeen, ImageSeen
from conformance.observed.producer import AgainSeen, PushSeen
from conformance.results import Judgement, informed, not_run, unsupported
from conformance.trials.copier.jobs import ALSO, CONTROLS, JOBS, JOBS_OF, TWINS, CopyJob, sources
from conformance.trials.copier.layouts import diff_ids_in, missing_in, observe_layout
from conformance.trials.copier.outcomes import Copied, cannot_write, no_result, wrong_with_control
from conformance.trials.place import Place, a_place, signature_tag
from conformance.trials.producer.push_log import TakesAnyOrder, events_of
from conformance.trials.trial import Trial
from conformance.trials.under_test import ImplementationUnderTest

_SOURCE: Final = "source"
# Copies that a tool may omit that refuses all sentinels because it does not know them.
_OF_STRIPPING: Final = frozenset({"SENT-STRIP-001", "SENT-STRIP-002", "SENT-STRIP-009", "SENT-STRIP-025"})
# The same for a tool that unpacks its copies.
_OF_COPYING: Final = frozenset({"SENT-PULL-025"})
_NO_ZSTD: Final = "it reads gzip layers and no zstd layers"
_REFUSER: Final = (
    "it refuses every manifest with a sentinel, as a client that does not know sentinels must (SENT-PULL-031): "
    "nothing was recompressed"
)


class CopierTrial(Trial):
    """``with CopierTrial(subject) as trial``: two registries, one with the sources; copies are run
    when requested.
    """

    def __init__(self, subject: ImplementationUnderTest) -> None:
        super().__init__(subject)
        self._sources = sources()
        self._copies: dict[str, Copied] = {}
        self._log = TakesAnyOrder()

    def _open(self) -> None:
        own = self.subject.certificate
        self._from = self._stack.enter_context(a_place(certificate=own))
        self._to = self._stack.enter_context(a_place(self._log, certificate=own))
        for tag, source in self._sources.items():
            self._from.put(source, _SOURCE, tag)
            self._from.put_signature(_SOURCE, source)
            self._from.put_signature(_SOURCE, source, signature_tag(source.descriptor.digest))

    def judgements(self, requirement_id: str) -> list[Judgement]:
        """The judgements on one requirement of JOBS_OF, over its copies."""
        return [*self._judged(requirement_id, _check_of(requirement_id))]

    def _able(self, requirement_id: str) -> Iterator[tuple[str, bool]]:
        """The copies that show a requirement, and whether what hinders one leaves it undecided.

        The order of requests is shown by those that the tool can make.
        """
        operations = self.subject.adapter.operations
        in_order = requirement_id == "SENT-PUSH-001"
        for name in JOBS_OF[requirement_id]:
            if not in_order or JOBS[name].operation in operations:
                yield name, True
        yield from ((name, False) for name in ALSO.get(requirement_id, ()) if JOBS[name].operation in operations)

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

    def _judged(self, requirement_id: str, check: Callable[[Copied], Iterator[Judgement]]) -> Iterator[Judgement]:
        problem = self.control()
        if problem and self._lacks_zstd():
            yield unsupported(_NO_ZSTD)
            return
        if problem:
            yield not_run(f"{INCONCLUSIVE}{problem}", evidence=self._evidence_of_control())
            return
        for name, is_due in self._able(requirement_id):
            requested = JOBS[name].requested
            ended = cannot_write(requested, self.copied(f"plain to {requested}")) if requested else None
            if ended is not None:
                yield from [msgspec.structs.replace(ended, where=name)] if is_due else []
                continue
            copied = self.copied(name)
            ended = no_result(copied, requirement_id) or self._refused_like_its_twin(copied)
            excused = requirement_id in _OF_STRIPPING or (requirement_id in _OF_COPYING and self._goes_by_storage())
            if ended is None and excused and copied.seen.refused and self._refuses_sentinels():
                ended = informed(_REFUSER, where=name)
            if ended is not None and not is_due:
                continue
            for judgement in [ended] if ended else check(copied):
                yield _with_evidence(judgement, copied.seen.evidence)

    def _goes_by_storage(self) -> bool:
        """Whether it unpacks what it copies, as podman and buildah do: a reader of tars must refuse a sentinel."""
        return not {"export", "unpack"}.isdisjoint(self.subject.adapter.operations)

    def _refuses_sentinels(self) -> bool:
        """Whether this is a tool that knows no sentinels, and refuses to read every manifest that has one."""
        if "consumer-aware" in self.subject.adapter.roles:
            return False
        tried = [self.copied(name) for name in ("to gzip", "to zstd", "kept")]
        return all(copied.seen.refused or copied.run.outcome == "unsupported" for copied in tried)

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
        tried = self._controls()
        for name, _ in tried:
            copied = self.copied(name)
            if copied.run.outcome == "unsupported":
                continue
            problem = wrong_with_control(copied)
            if problem:
                return problem
        return "" if tried else "the adapter has none of copy, recompress and export"

    def _controls(self) -> list[tuple[str, str]]:
        operations = self.subject.adapter.operations
        own = [CONTROLS[operation] for operation in ("copy", "recompress") if operation in operations]
        return own or ([CONTROLS["export"]] if "export" in operations else [])

    def _lacks_zstd(self) -> bool:
        """Whether it copies an image with gzip layers, and refuses the same one with zstd layers."""
        tried = self._controls()
        refused = [self.copied(name).run.outcome in ("refused", "unsupported") for name, _ in tried]
        return bool(tried) and all(refused) and not any(wrong_with_control(self.copied(name)) for _, name in tried)

    def _evidence_of_control(self) -> tuple[Evidence, ...]:
        return tuple(evidence for copied in self._copies.values() for evidence in copied.seen.evidence)[:4]

    def _copy(self, job: CopyJob) -> Copied:
        words = "".join(letter if letter.isalnum() else " " for letter in job.name.lower()).split()
        repository = f"copy/{'-'.join(words)}"
        before = self._from.observe(_SOURCE, job.source)
        assert before is not None, "the embedded registry has the image of the suite"
        layout = self.subject.new_directory("layout") / "pulled"
        to_layout = self.subject.adapter.uses(job.operation, "layout", (*job.options, job.requested))
        values: dict[str, str | Path] = {"reference": self._from.name(_SOURCE, job.source)}
        values |= {"layout": layout} if to_layout else {"destination": self._to.name(repository)}
        values |= {"compression": job.requested} if job.operation == "recompress" else {}
        values |= {"platform": PLATFORM} if "platform" in job.options else {}
        there = frozenset(self._to.blobs(repository))
        self._log.take_bodies()
        with self._to.registry.watching() as exchanges:
            run = self.subject.run(
                job.operation,
                values,
                hosts=(self._from.host, self._to.host),
                options=job.options,
            )
        after = observe_layout(layout) if to_layout else self._to.observe(repository)
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
            refused=run.outcome == "refused",
            wrote=any(_stores(exchange) for exchange in exchanges),
            data_diff_ids=diff_ids_in(layout, after) if to_layout else _diff_ids(self._to, repository, after),
            diff_ids_of_each=() if to_layout else _diff_ids_of_each(self._to, repository, after),
            missing=self._missing(layout if to_layout else repository, after),
            from_storage=job.operation == "export",
            built=job.operation == "build",
            partial="platform" in job.options,
            damaged=job.source == "short",
            referrers_before=self._from.signatures(_SOURCE, root),
            referrers_after=self._signatures(repository, after),
            evidence=(*run.evidence, *_manifests_put(exchanges)),
        )
        events = tuple(events_of(exchanges, self._log.take_bodies()))
        order = PushSeen(job.name, "succeeded", b"", after, events=events, there_before=there)
        return Copied(run, seen, order)

    def _missing(self, place: Path | str, after: ImageSeen | None) -> tuple[str, ...]:
        """What a copy names, and the layout or the repository lacks."""
        if after is None:
            return ()
        return missing_in(place, after) if isinstance(place, Path) else self._to.missing(place, after)

    def _signatures(self, repository: str, after: ImageSeen | None) -> tuple[str, ...]:
        root = _root(after)
        return self._to.signatures(repository, str(Digest.of(root))) if root is not None else ()


def _check_of(requirement_id: str) -> Callable[[Copied], Iterator[Judgement]]:
    if requirement_id in (again := checks_of(AgainSeen)):
        return lambda copied: again[requirement_id](_as_again(copied.seen))
    if requirement_id in (pushes := checks_of(PushSeen)):
        return lambda copied: pushes[requirement_id](copied.order)
    return lambda copied: checks_of(CopySeen)[requirement_id](copied.seen)


def _as_again(seen: CopySeen) -> AgainSeen:
    return AgainSeen(seen.name, seen.before, seen.after, seen.evidence)


def _with_evidence(judgement: Judgement, evidence: tuple[Evidence, ...]) -> Judgement:
    if judgement.outcome == "pass" or judgement.evidence:
        return judgement
    return msgspec.structs.replace(judgement, evidence=evidence)


def _diff_ids(place: Place, repository: str, after: ImageSeen | None) -> tuple[str, ...]:
    made = copy_of_one(after) if after is not None else None
    return place.diff_ids(repository, data_layers(made)) if made is not None else ()


def _diff_ids_of_each(place: Place, repository: str, after: ImageSeen | None) -> tuple[tuple[str, ...], ...]:
    """Of the manifests of an index."""
    if after is None or after.index is None:
        return ()
    return tuple(place.diff_ids(repository, data_layers(manifest)) for manifest in after.manifests)


def _root(after: ImageSeen | None) -> bytes | None:
    if after is None:
        return None
    stored = after.index_stored or (after.manifests[0].stored if after.manifests else None)
    return stored.content if stored else None


def _stores(exchange: Exchange) -> bool:
    """Whether a manifest was put: unreferenced blobs do no harm, and a registry removes them."""
    return exchange.method == "PUT" and exchange.status == 201 and "/manifests/" in exchange.url


def _manifests_put(exchanges: Sequence[Exchange]) -> tuple[Exchange, ...]:
    return tuple(exchange for exchange in exchanges if exchange.method == "PUT" and "/manifests/" in exchange.url)[-3:]

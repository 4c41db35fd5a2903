"""What a producer pushed, judged as artifacts: fixed images, and generated ones that are shrunk when they fail."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from hypothesis import assume
from hypothesis.errors import Flaky

from conformance import checks
from conformance.audit.checking import CheckOptions, judge_source
from conformance.cases.vectors.counterexamples import keep_pushed
from conformance.checks.artifact.pairs import data_layers, plain_manifests
from conformance.checks.bound import checks_of
from conformance.format.positions import ChunkedAnnotations
from conformance.images.draft import Drafted
from conformance.images.inputs import Image, image
from conformance.images.trees import Tree
from conformance.implementations.runner import Run, Values
from conformance.observed.evidence import Note
from conformance.observed.producer import ContentsSeen
from conformance.requirements import Requirement, find_checks, load_catalogue
from conformance.results import Finding, RequirementResult, conclude
from conformance.sources.source import ImageSource
from conformance.strategies.shapes import Tally
from conformance.trials.consumer.generated import MAX_TRIES, exploring, usable
from conformance.trials.producer.kept_contents import contents_seen
from conformance.trials.producer.trial import ProducerTrial

Results = tuple[RequirementResult, ...]


class _Broken(AssertionError):  # noqa: N818 (a finding, not a failure of the suite)
    """A generated image fails what the fixed one does not."""


def judged_artifacts(trial: ProducerTrial, name: str, *, replay: str) -> Results:
    """The requirements on artifacts that bind producers, of a push by name; not-run when the control failed."""
    problem = trial.control()
    if problem:
        bound, judgement = find_checks(checks), trial.inconclusive(problem)
        return tuple(conclude(requirement, [judgement]) for requirement in _binding() if requirement.id in bound)
    pushed = trial.pushed(name)
    if pushed.seen is None or pushed.seen.after is None:
        return ()
    return _judged(trial.place.source(pushed.repository), replay)


def remark_on(trial: ProducerTrial, name: str) -> str:
    """Notes outside the requirements of this revision: a failed push, legacy layers with another tar."""
    pushed = trial.pushed(name)
    if trial.control() or pushed.seen is None:
        return ""
    if name == "single" and trial.own_files:
        listed = ", ".join(repr(file) for file in trial.own_files[:10])
        return f"it writes its own tar, with files that were not given: {listed}"
    if not pushed.run.succeeded:
        return f"an image ({name}) could not be pushed: {pushed.run.described}"
    plain = plain_manifests(pushed.seen.after) if pushed.seen.after else ()
    if not plain or plain[0].config is None:
        return ""
    layers = data_layers(plain[0])
    found, said = trial.place.diff_ids(pushed.repository, layers), plain[0].config.view.rootfs.diff_ids
    if found == said or any(ChunkedAnnotations.of(layer.annotations).is_chunked for layer in layers):
        return ""
    return f"an image ({name}) was pushed with layers that do not have the DiffIDs that its config names"


class GeneratedPushes:
    """Pushes of generated trees as zstd:chunked, counted by a tally.

    ``refused`` are the reasons of pushes that were not made; ``found`` states that a tree was found that fails.
    """

    def __init__(self, trial: ProducerTrial, *, replay: str, keep: Path, tally: Tally) -> None:
        self._trial, self._replay, self._keep, self._tally = trial, replay, keep, tally
        self._tried: dict[str, Results] = {}
        self._repositories: dict[str, str] = {}
        self._known: frozenset[str] = frozenset()
        self.refused: dict[str, None] = {}
        self.found = False

    def explore(self, examples: int, number: int) -> Iterator[RequirementResult]:
        """The results of ``examples`` trees from this seed; or of one that fails, shrunk, preserved as a layout."""
        if self._trial.control() or "zstd:chunked" not in self._trial.subject.adapter.compressions:
            return
        # Failures of the fixed image are not repeated.
        self._known = _failed(judged_artifacts(self._trial, "single", replay=self._replay))
        failing: list[Tree] = []

        @exploring(examples, number)
        def push(drawn: Tree) -> None:
            tree = usable(drawn)
            is_new = repr(tree) not in self._tried
            assume(not is_new or len(self._tried) < MAX_TRIES)
            is_broken = bool(_failed(self._results(tree)) - self._known)
            assume(is_new or is_broken)  # a tree that was tried takes the place of no other
            if is_broken:
                failing.append(tree)
                raise _Broken

        try:
            push()
        except (_Broken, Flaky):
            self.found = True
            yield from self._kept(failing[-1], number)
            return
        for results in self._tried.values():
            yield from results

    def _results(self, tree: Tree) -> Results:
        key = repr(tree)
        if key not in self._tried:
            self._tally.count([tree])
            self._tried[key] = self._push(tree)
        return self._tried[key]

    def _push(self, tree: Tree) -> Results:
        subject, place = self._trial.subject, self._trial.place
        repository = f"generated/{len(self._tried)}"
        given = image([tree])
        layout = given.write(subject.new_directory("layout") / "image")
        values: Values = {"layout": layout, "reference": place.name(repository), "compression": "zstd:chunked"}
        self._repositories[repr(tree)] = repository
        run = subject.run("push", values, hosts=(place.host,))
        if not run.succeeded or place.root(repository) is None:
            self.refused[f"a generated image could not be pushed: {run.described}"] = None
            return ()
        return (*_judged(place.source(repository), self._replay), *self._contents(given, run, repository))

    def _contents(self, given: Image, run: Run, repository: str) -> Results:
        """Whether the tree has arrived (SENT-PUSH-026)."""
        place, requirement = self._trial.place, load_catalogue()["SENT-PUSH-026"]
        after, check = place.observe(repository), checks_of(ContentsSeen)[requirement.id]
        if after is None:
            return ()
        seen = contents_seen("a generated image", given, after, place, repository)
        told = (msgspec.structs.replace(each, evidence=run.evidence) for each in seen)
        return (conclude(requirement, [found for each in told for found in check(each)], replay=self._replay),)

    def _kept(self, tree: Tree, number: int) -> Results:
        """The results of the smallest failing tree, with a note where its image is: as a case, and as a layout."""
        source, results = image([tree]), self._results(tree)
        broken = sorted(_failed(results) - self._known) + sorted(_failed(results) & self._known)
        pushed = self._trial.place.drafted(self._repositories[repr(tree)])
        given = Drafted({**source.blobs, source.descriptor.digest: source.root}, source.root)
        directory = keep_pushed(self._keep, broken, pushed, given, number)
        source.write(directory / "layout")
        where = f"{self._keep.name}/{directory.name}"
        note = Note(f"the smallest image found that fails, of {len(tree)} entries: {where}, seed {number}")

        def noted(finding: Finding) -> Finding:
            return msgspec.structs.replace(finding, evidence=(note, *finding.evidence))

        return tuple(
            msgspec.structs.replace(result, findings=tuple(noted(finding) for finding in result.findings))
            for result in results
        )


def _binding() -> tuple[Requirement, ...]:
    return tuple(each for each in load_catalogue().of_role("producer") if "artifact" in each.roles)


def _judged(source: ImageSource, replay: str) -> Results:
    """With a command that rebuilds the image: its registry no longer exists then."""
    names = {requirement.id for requirement in _binding()}
    report = judge_source(source, CheckOptions(deep=True))

    def renamed(finding: Finding) -> Finding:
        return msgspec.structs.replace(finding, replay=replay) if finding.replay else finding

    return tuple(
        msgspec.structs.replace(result, findings=tuple(renamed(finding) for finding in result.findings))
        for result in report.verdicts
        if result.id in names
    )


def _failed(results: Results) -> frozenset[str]:
    return frozenset(result.id for result in results if result.verdict == "fail" and result.level == "MUST")

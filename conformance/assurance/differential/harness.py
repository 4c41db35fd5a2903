"""The loop of the harness: batches of archives are judged and given to the readers at the same time."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Final

import msgspec

from conformance.assurance.differential.corpus import Seed, generated, seeds
from conformance.assurance.differential.judging import Verdict, judge_tar
from conformance.assurance.differential.mutating import mutated
from conformance.assurance.differential.oracle import Fault, Pair, compare_case, refused_by_clients
from conformance.assurance.differential.shrinking import shrink
from conformance.assurance.differential.steering import Steering
from conformance.readers.panel import Panel
from conformance.readers.reading import Reading

BATCH: Final = 64
_UNMUTATED: Final = 0.03
MAX_FAULTS: Final = 200
"""Maximum number of recorded kinds of faults; with more, the suite has to be corrected first."""
_PER_KIND: Final = 2


class Found(msgspec.Struct, frozen=True):
    """A fault, the shrunk archive that shows it, and the number of its case."""

    fault: Fault
    tar: bytes
    readings: dict[str, Reading]
    case: int


class Options(msgspec.Struct, frozen=True):
    """``commands``: one of this many archives that pass is also given to the readers that are commands (0: none).

    ``seconds``: stop after this time (0: when ``cases`` are done).
    """

    cases: int = 2000
    seed: int = 0
    commands: int = 50
    seconds: float = 0
    shrinks: bool = True


class Summary(msgspec.Struct):
    """The results of a run."""

    cases: int = 0
    seed: int = 0
    seconds: float = 0
    passed: int = 0
    failed: int = 0
    unwritten: int = 0
    asked_commands: int = 0
    crashes: Counter[str] = msgspec.field(default_factory=Counter)
    pairs: Counter[Pair] = msgspec.field(default_factory=Counter)
    caught_by: dict[Pair, Counter[str]] = {}
    refused_by_clients: Counter[str] = msgspec.field(default_factory=Counter)
    faults: Counter[str] = msgspec.field(default_factory=Counter)
    readers: dict[str, str] = {}


class Harness:
    """One run with a started panel; ``on_fault`` is called with each new kind of fault."""

    def __init__(self, panel: Panel, options: Options, on_fault: Callable[[Found], None]) -> None:
        self._panel, self._options, self._on_fault = panel, options, on_fault
        self._random = Random(options.seed)
        self._corpus = seeds()
        self._steering = Steering(self._corpus, lambda tar: judge_tar(tar).passes)
        self.summary = Summary(seed=options.seed, readers={info.name: info.version for info in panel.readers})

    def run(self, progress: Callable[[Summary], None] = lambda _: None) -> Summary:
        """Run all cases, first the unmutated corpus."""
        begun = time.monotonic()
        waiting = list(self._corpus)
        with ThreadPoolExecutor(1) as beside:
            while self.summary.cases < self._options.cases:
                batch = [waiting.pop() if waiting else self._case() for _ in range(min(BATCH, self._left()))]
                future = beside.submit(self._panel.read_tars, [seed.tar for seed in batch])
                verdicts = [judge_tar(seed.tar) for seed in batch]
                for seed, verdict, readings in zip(batch, verdicts, future.result(), strict=True):
                    self._one(seed, verdict, readings)
                self._with_clients(batch, verdicts)
                self.summary.seconds = time.monotonic() - begun
                progress(self.summary)
                if 0 < self._options.seconds <= self.summary.seconds:
                    break
        return self.summary

    def _left(self) -> int:
        return self._options.cases - self.summary.cases

    def _case(self) -> Seed:
        if self._random.random() < _UNMUTATED:
            return generated(self._random)
        return Seed("mutated", mutated(self._steering.pick(self._random), self._random))

    def _one(self, seed: Seed, verdict: Verdict, readings: dict[str, Reading]) -> None:
        summary = self.summary
        summary.cases += 1
        summary.passed += verdict.passes
        summary.failed += bool(verdict.must)
        summary.unwritten += bool(verdict.unwritten)
        for name, reading in readings.items():
            summary.crashes[name] += reading.crashed
        if verdict.passes and self._options.commands and summary.passed % self._options.commands == 0:
            summary.asked_commands += 1
            readings = readings | self._panel.read_with_commands(seed.tar)
        shown = compare_case(seed.tar, verdict, readings, ordinary=seed.ordinary)
        if not verdict.unwritten:
            self._steering.learn(seed.tar, shown.pairs)
        summary.pairs.update(shown.pairs)
        caught = verdict.must or verdict.should or ((_UNWRITTEN,) if verdict.unwritten else ())
        for pair in shown.pairs:
            summary.caught_by.setdefault(pair, Counter()).update(caught)
        if shown.fault is not None:
            self._fault(seed, shown.fault, readings)

    def _fault(self, seed: Seed, fault: Fault, readings: dict[str, Reading]) -> None:
        self.summary.faults[fault.signature] += 1
        if self.summary.faults[fault.signature] > _PER_KIND or len(self.summary.faults) > MAX_FAULTS:
            return
        tar = seed.tar
        if self._options.shrinks and fault.pairs:
            tar = shrink(tar, lambda smaller: self._still(smaller, fault, bool(readings.keys() - self._fast())))
        if tar != seed.tar:
            readings = self._panel.read_tars([tar])[0] | self._panel.read_with_commands(tar)
        self._on_fault(Found(fault, tar, readings, self.summary.cases))

    def _fast(self) -> set[str]:
        return {info.name for info in self._panel.readers if info.op == "tar"}

    def _still(self, tar: bytes, fault: Fault, with_commands: bool) -> bool:
        """Whether a smaller archive shows the same difference for one of the pairs."""
        verdict = judge_tar(tar)
        if not verdict.passes:
            return False
        readings = self._panel.read_tars([tar])[0]
        if with_commands:
            readings |= self._panel.read_with_commands(tar)
        now = compare_case(tar, verdict, readings).fault
        return now is not None and now.kind == fault.kind and bool(set(now.pairs) & set(fault.pairs))

    def _with_clients(self, batch: list[Seed], verdicts: list[Verdict]) -> None:
        """Add the readings of the client library for TOC and tar-split of layers that pass."""
        passing = [(seed, verdict) for seed, verdict in zip(batch, verdicts, strict=True) if verdict.passes]
        if not passing:
            return
        for (seed, verdict), readings in zip(
            passing, self._panel.read_layers([verdict.layer for _, verdict in passing]), strict=True
        ):
            if refusal := refused_by_clients(readings):
                self.summary.refused_by_clients[refusal[:120]] += 1
            shown = compare_case(b"", verdict, readings)
            if shown.fault is not None:
                self._fault(seed, shown.fault, readings)


_UNWRITTEN: Final = "the reference writer refuses it"

"""Which inputs are mutated further: those that made a new pair of readers differ, or differ in a new way."""

from collections import Counter
from random import Random
from typing import Final

from conformance.differential.corpus import Seed, generated
from conformance.differential.oracle import Pair

MAX_KEPT: Final = 4000
_FRESH: Final = 0.35
_CORPUS: Final = 0.6


class Steering:
    """The corpus, and the inputs that brought something new."""

    def __init__(self, corpus: tuple[Seed, ...]) -> None:
        self._corpus = corpus
        self._kept: list[bytes] = []
        self.seen: Counter[Pair] = Counter()

    def pick(self, random: Random) -> bytes:
        """An archive to mutate: newly made, from the corpus, or one that was kept."""
        chance = random.random()
        if chance < _FRESH or not self._corpus:
            return generated(random).tar
        if chance < _CORPUS or not self._kept:
            return random.choice(self._corpus).tar
        return random.choice(self._kept)

    def learn(self, tar: bytes, pairs: tuple[Pair, ...]) -> bool:
        """Count the pairs; keep the archive when one of them is new."""
        new = any(pair not in self.seen for pair in pairs)
        self.seen.update(pairs)
        if new and len(self._kept) < MAX_KEPT:
            self._kept.append(tar)
        return new

    @property
    def kept(self) -> int:
        return len(self._kept)

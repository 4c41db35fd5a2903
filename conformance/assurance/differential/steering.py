"""Which inputs are mutated further: those that made a new pair of readers differ, or differ in a new way."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Final

from conformance.assurance.differential.corpus import Seed, generated
from conformance.assurance.differential.oracle import Pair

MAX_KEPT: Final = 4000
_SOUND: Final = 0.3
_ODD: Final = 0.07
_KEPT: Final = 0.28
"""Shares of the archives that are mutated; the others are newly made."""


class Steering:
    """The corpus, and the inputs that brought something new."""

    def __init__(self, corpus: tuple[Seed, ...], sound: Callable[[bytes], bool] = lambda _: True) -> None:
        """``sound`` indicates whether the judge passes an archive: a mutation of one that fails seldom passes."""
        self._sound = tuple(seed for seed in corpus if sound(seed.tar))
        self._odd = tuple(seed for seed in corpus if seed not in self._sound)
        self._kept: list[bytes] = []
        self.seen: Counter[Pair] = Counter()

    def pick(self, random: Random) -> bytes:
        """An archive to mutate: newly made, from the corpus, or one that was kept."""
        chance = random.random()
        if chance < _SOUND and self._sound:
            return random.choice(self._sound).tar
        if chance < _SOUND + _ODD and self._odd:
            return random.choice(self._odd).tar
        if chance < _SOUND + _ODD + _KEPT and self._kept:
            return random.choice(self._kept)
        return generated(random).tar

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

"""Selects archives to mutate; preferred are those on which a new pair of readers differed, or in a new way."""

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
"""Shares of the sources of archives; the other archives are generated."""


class Steering:
    """The corpus, and the archives that showed a new difference."""

    def __init__(self, corpus: tuple[Seed, ...], sound: Callable[[bytes], bool] = lambda _: True) -> None:
        """``sound`` states whether an archive passes: a mutation of one that fails seldom passes."""
        self._sound = tuple(seed for seed in corpus if sound(seed.tar))
        self._odd = tuple(seed for seed in corpus if seed not in self._sound)
        self._kept: list[bytes] = []
        self.seen: Counter[Pair] = Counter()

    def pick(self, random: Random) -> bytes:
        """An archive to mutate: generated, from the corpus, or a kept one."""
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

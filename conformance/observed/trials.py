"""Observations of an implementation with crafted images: the input of the checks on consumers."""

from collections.abc import Mapping

import msgspec

from conformance.observed.evidence import Evidence, Exchange
from conformance.observed.outcome import RunOutcome


class EntrySeen(msgspec.Struct, frozen=True):
    """One object of a file tree: ``content`` is the digest of a file, or the target of a symbolic link."""

    kind: str
    mode: int = 0
    content: str = ""
    links: int = 1
    owner: tuple[int, int] = (0, 0)
    mtime: int = 0
    xattrs: Mapping[str, bytes] = {}


TreeSeen = Mapping[str, EntrySeen]


class LayerFacts(msgspec.Struct, frozen=True):
    """A data layer of the image: ``toc_size`` are the bytes of TOC and tar-split, compressed (0: it names none)."""

    digest: str
    size: int
    toc_size: int = 0


class RunSeen(msgspec.Struct, frozen=True):
    """One operation: its outcome, its files, and its requests.

    ``tree`` is None for an operation that unpacks nothing. ``output`` is what it printed. ``identity`` are the local
    ids that it reported, if any. ``peak_memory`` in bytes is 0 when it stayed below that of the suite.
    """

    operation: str
    ending: RunOutcome
    reason: str = ""
    tree: TreeSeen | None = None
    output: str = ""
    identity: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    peak_memory: int = 0
    elapsed: float = 0.0
    evidence: tuple[Evidence, ...] = ()

    @property
    def succeeded(self) -> bool:
        return self.ending == "succeeded"


class TrialSeen(msgspec.Struct, frozen=True):
    """A case: one crafted image or fault, the run it led to, and the run on its positive control, one edit away.

    ``about`` are the requirements that the case was created for, ``what`` names it in the user's words ("a TOC with a
    wrong digest"). ``expected`` is the tree that a success must give (None: there must be none), ``twin_expected`` that
    of the twin; ``forbidden`` is the other reading, where the image has two. ``marker`` is what a scan of the
    conforming image prints. ``escaped`` are changed paths outside the root; ``redirected`` the requests to
    the second host; ``memory_limit`` in bytes, 0 for none; ``earlier`` are runs that came before in the same
    storage, or to compare with. ``twin_layers`` are the layers of the twin.
    """

    name: str
    what: str
    about: tuple[str, ...]
    run: RunSeen
    expected: TreeSeen | None = None
    twin: RunSeen | None = None
    twin_expected: TreeSeen | None = None
    forbidden: TreeSeen | None = None
    layers: tuple[LayerFacts, ...] = ()
    sentinel: str = ""
    marker: str = ""
    escaped: tuple[str, ...] = ()
    redirected: tuple[Exchange, ...] = ()
    memory_limit: int = 0
    earlier: tuple[RunSeen, ...] = ()
    twin_layers: tuple[LayerFacts, ...] = ()

    def on_twin(self) -> "TrialSeen":
        """The run on the positive control, for the same checks."""
        return self if self.twin is None else msgspec.structs.replace(self, run=self.twin, layers=self.twin_layers)

"""The model of vectors: cases, their bytes by digest, and the expected results."""

from typing import Any, Final, Literal

import msgspec

SCHEMA: Final = "zcc-vectors/1"

Kind = Literal["image", "layer", "blob", "http", "requests"]
Expect = Literal["accept", "refuse", "either", "tree-or-refuse"]
Stage = Literal[
    "index",
    "manifest",
    "config",
    "sentinel",
    "annotation",
    "footer",
    "frame",
    "toc",
    "tarsplit",
    "chunk",
    "tar",
    "transfer",
]
Importance = Literal["high", "medium", "low"]
Feature = Literal[
    "devices", "gzip", "hardlinks", "http", "names-beyond-ascii", "sentinel", "sha512", "tar-split", "xattrs"
]
Requested = Literal["blob", "range"]
ResponseKind = Literal[
    "shifted",
    "other-range",
    "cut",
    "long",
    "whole",
    "first-range",
    "changed",
    "not-found",
    "unsatisfiable",
    "error",
    "redirect",
]
StepKind = Literal["upload", "put", "mount", "delete", "get-blob", "get-manifest"]


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """The response of a registry to GET requests for blobs (``range``: those with a Range header) instead of the blob.

    The first ``skip`` requests that match are served, then ``count`` (0: all others) get ``response``.
    """

    on: Requested
    response: ResponseKind = msgspec.field(name="answer")
    skip: int = 0
    count: int = 0


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request to a registry, in the repository ``name``, and what its response has to be.

    ``reference`` is a digest or tag. ``content`` is the digest of the bytes to send; of a read that of the bytes that a
    response of 200 has to have. ``source`` is the repository of a mount. ``status`` are the right statuses (none: all),
    ``seen`` is the one that came when the case was found.
    """

    do: StepKind
    name: str
    status: tuple[int, ...]
    seen: int
    reference: str = ""
    content: str = ""
    media_type: str = ""
    source: str = ""


class Input(msgspec.Struct, frozen=True, omit_defaults=True):
    """The input of a case: its root, and all its blobs.

    ``root`` is the digest of the root document of an image, of a layer or of a sentinel blob. ``blobs`` are stored
    under their own sha256; ``stored_as`` are digests under which a case has *other* bytes, by the sha256 of those.
    ``descriptor`` and ``diff_id`` are of a layer. ``script`` states about an image of the kind ``http`` how the
    registry that serves it misbehaves. ``steps`` are of the kind ``requests``, which has no root.
    """

    root: str
    blobs: tuple[str, ...] = ()
    stored_as: dict[str, str] = {}
    descriptor: dict[str, Any] = {}
    diff_id: str = ""
    script: tuple[Rule, ...] = ()
    steps: tuple[Step, ...] = ()

    @property
    def files(self) -> dict[str, str]:
        """The sha256 of the bytes of each blob, by the digest that the case uses for it."""
        return {digest: digest for digest in self.blobs} | self.stored_as


class Case(msgspec.Struct, frozen=True, omit_defaults=True):
    """One vector. A negative case (``refuse``, ``either``) ``breaks`` requirements, the intended one first.

    ``stages`` are those at which a refusal is for the right reason; ``twin`` is the id of the positive control, a
    conforming case that differs by one edit. A positive case (``accept``) ``touches`` the requirements that it is
    about.
    ``tree-or-refuse``: the pull yields the tree of ``tree_sha256``, or is refused at any stage.
    ``tree_sha256``: the tree that an accepted case yields (docs/vectors.md). ``features``: a runner without support for
    one skips the case. ``advisories``: public advisories about such a defect, by CVE or GHSA id.
    ``seed`` is of a counterexample: what Hypothesis drew it from.
    """

    id: str
    requirement: str
    level: str
    profiles: tuple[str, ...]
    kind: Kind
    expect: Expect
    input: Input
    comment: str
    source: str
    breaks: tuple[str, ...] = ()
    touches: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = ()
    twin: str = ""
    tree_sha256: str = ""
    features: tuple[Feature, ...] = ()
    importance: Importance | None = None
    advisories: tuple[str, ...] = ()
    seed: str = ""


class Index(msgspec.Struct, frozen=True):
    """All cases, in the order of their ids; ``omitted`` are mutants and variants without vectors, and the reasons.

    ``suite`` is the version of this project that made them.
    """

    revision: str
    licence: str
    cases: tuple[Case, ...]
    omitted: dict[str, str]
    schema: str = SCHEMA
    suite: str = ""


class Vectors(msgspec.Struct, frozen=True):
    """The index, and the bytes of every blob by their sha256."""

    index: Index
    blobs: dict[str, bytes]


class VectorError(ValueError):
    """Vectors, or results of a runner, cannot be read; the message names the place."""

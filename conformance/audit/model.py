"""The result of an audit for one image, and the options of the audit."""

from functools import cache
from hashlib import sha256
from typing import Final, Literal

import msgspec

from conformance import __version__
from conformance.registry.client.options import ConnectionOptions
from conformance.requirements import Level, load_catalogue
from conformance.results import Claim, Ending, Finding, Verdict

MAX_FINDINGS: Final = 1000
"""Maximum number of stored findings of one image."""
MAX_NOTES: Final = 200

LayerKind = Literal["in-parts", "whole", "legacy", "lost-annotations", "foreign"]


class AuditOptions(msgspec.Struct, frozen=True):
    """At most ``connections`` to one host; ``workers`` processes for deep checks; ``max_bytes`` of responses, 0: no
    bound.

    ``scheduler`` is the address of a Dask scheduler, whose workers then read the layers; "" for none. ``pulls``: store
    the content of the TOCs, and compute the cost of pulls of consecutive tags.
    """

    connection: ConnectionOptions = ConnectionOptions()
    deep: bool = False
    use_panel: bool = True
    connections: int = 4
    workers: int = 1
    max_bytes: int = 0
    fresh: bool = False
    scheduler: str = ""
    pulls: bool = False

    @property
    def checker(self) -> str:
        """Everything that a verdict depends on besides the content: the version, the catalogue, and the depth."""
        asked = f"{' deep' * self.deep}{' panel' * self.use_panel}{' pulls' * self.pulls}"
        return f"{__version__} {_catalogue_digest()}{asked}"


@cache
def _catalogue_digest() -> str:
    return sha256(msgspec.json.encode(load_catalogue())).hexdigest()[:16]


class LayerFacts(msgspec.Struct, frozen=True):
    """A data layer of an image: how clients pull it, and the requirements that fail on it; sizes in bytes."""

    digest: str
    size: int
    kind: LayerKind
    failing: tuple[str, ...] = ()
    toc_size: int = 0
    toc_compressed: int = 0


class Variant(msgspec.Struct, frozen=True):
    """The data layers, as (digest, size), that a client of one platform pulls; ``created`` as the config states."""

    platform: str
    created: str
    layers: tuple[tuple[str, int], ...]


class ImageVerdict(msgspec.Struct, frozen=True):
    """The verdict of ``zcc check`` on an image, without evidence, and the facts for a summary.

    Findings that only request a deep check are left out: ``needs_deep`` names their requirements.

    ``verdicts`` has every requirement that binds the image. ``failing`` are (id, level). ``dropped`` counts findings
    beyond MAX_FINDINGS, which are not stored. ``reusable``: everything that was needed could be read. ``variants`` are
    stored for the cost of pulls only.
    """

    ending: Ending
    claims: tuple[Claim, ...]
    verdicts: dict[str, Verdict]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    needs_deep: tuple[str, ...]
    unchecked: tuple[str, ...]
    failing: tuple[tuple[str, Level], ...]
    layers: tuple[LayerFacts, ...]
    has_sentinel: bool
    reusable: bool
    dropped: int = 0
    variants: tuple[Variant, ...] = ()

    @property
    def profile(self) -> str:
        """The claimed profile: "pair", "layer", or "" for none."""
        return self.claims[0].profile if self.claims else ""

    @property
    def is_mixed(self) -> bool:
        """Whether some of its layers can be pulled in parts and others cannot."""
        kinds = {layer.kind == "in-parts" for layer in self.layers if layer.kind != "foreign"}
        return len(kinds) == 2

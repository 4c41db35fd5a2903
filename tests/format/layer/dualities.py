"""Layers whose TOC and tar describe different trees, in one attribute or by one construct."""

import json
from collections.abc import Callable
from typing import Final

import msgspec

from conformance.images.layer_draft import LayerDraft, draft_layer, toc_document
from conformance.images.trees import Node, Tree, tar_of
from conformance.strategies.tamperings import BASE

_LIE: Final = "sha256:" + "cd" * 32


class Duality(msgspec.Struct, frozen=True):
    """One way in which two readers of a layer read different trees; at least one of the requirements must fail."""

    what: str
    broken: tuple[str, ...]
    make: Callable[[], LayerDraft]


def _edited(edit: Callable[[LayerDraft], object]) -> Callable[[], LayerDraft]:
    def make() -> LayerDraft:
        draft = draft_layer(BASE)
        edit(draft)
        return draft

    return make


def _spelt(old: bytes, new: bytes) -> Callable[[], LayerDraft]:
    def make() -> LayerDraft:
        draft = draft_layer(BASE)
        draft.document = toc_document(draft).replace(old, new, 1)
        return draft

    return make


def _appended(hidden: Tree) -> Callable[[], LayerDraft]:
    """A second archive after the first, recorded by the tar-split: only readers that continue see it."""
    return lambda: draft_layer(BASE, trailing=tar_of(hidden))


def _hidden_frame() -> LayerDraft:
    draft = draft_layer(BASE)
    draft.frames.append(draft_layer((Node("hidden", content=b"hidden"),)).frames[0])
    return draft


def _without(name: str) -> Callable[[], LayerDraft]:
    return _edited(lambda draft: draft.toc["entries"].remove(draft.entry(name)))


DUALITIES: Final = (
    Duality("name", ("SEC-001",), _edited(lambda draft: draft.entry("other").update(name="another"))),
    Duality("mode without setuid", ("SEC-001",), _edited(lambda draft: draft.entry("base").update(mode=0o755))),
    Duality("owner", ("SEC-001",), _edited(lambda draft: draft.entry("base").update(uid=0))),
    Duality("content", ("SEC-001",), _edited(lambda draft: draft.entry("base").update(digest=_LIE))),
    Duality("link target", ("SEC-001",), _edited(lambda draft: draft.entry("link").update(linkName="other"))),
    Duality("whiteout in the tar only", ("SEC-001",), _without(".wh.gone")),
    Duality(
        "whiteout in the TOC only",
        ("SEC-001",),
        _edited(lambda draft: draft.toc["entries"].append({"type": "reg", "name": ".wh.base"})),
    ),
    Duality("entry in the tar only", ("SEC-001",), _without("other")),
    Duality("hidden frame", ("SEC-012", "LAYER-002"), _hidden_frame),
    Duality("second archive", ("SEC-011", "SEC-012"), _appended((Node("hidden", content=b"hidden"),))),
    Duality("key in another case", ("TOC-002",), _spelt(b'"mode":2541', b'"mode":493,"Mode":2541')),
    Duality("key twice", ("TOC-002",), _spelt(b'"mode":2541', b'"mode":493,"mode":2541')),
    Duality("empty key", ("TOC-002",), _spelt(b'"mode":2541', b'"":0,"mode":2541')),
    Duality(
        "name twice",
        ("TOC-005",),
        _edited(lambda draft: draft.toc["entries"].append(json.loads(json.dumps(draft.entry("link"))))),
    ),
)

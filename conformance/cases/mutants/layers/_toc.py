"""Layers with a TOC that is not the one of the tar."""

import base64
import re
from itertools import pairwise

from conformance.cases.mutants.layers._parts import HOLES, OTHER, SMALL, TOOL
from conformance.images.free_layer import Choices, free_layer
from conformance.images.layer_draft import LayerDraft, conforming_layer, draft_layer, toc_document
from conformance.images.trees import Node, tar_of
from conformance.requirements import mutant

_TREE = ("TOC-003", "TARSPLIT-003", "SEC-001")


@mutant("TOC-001")
def version_two() -> LayerDraft:
    draft = conforming_layer()
    draft.toc["version"] = 2
    return draft


@mutant("TOC-001")
def no_entries_at_all() -> LayerDraft:
    draft = draft_layer(())
    del draft.toc["entries"]
    return draft


@mutant("TOC-001")
def data_behind_the_document() -> LayerDraft:
    draft = conforming_layer()
    draft.document = toc_document(draft) + b"{}"
    return draft


@mutant("TOC-002", implies=("SEC-001",))
def key_in_another_case() -> LayerDraft:
    """Setuid for readers that ignore case, and not for others."""
    return _reencoded(b'"mode":420', b'"mode":420,"Mode":2541')


@mutant("TOC-002")
def key_twice() -> LayerDraft:
    return _reencoded(b'"mode":420', b'"mode":511,"mode":420')


@mutant("TOC-002", implies=("SEC-001",))
def empty_key() -> LayerDraft:
    return _reencoded(b'"mode":420', b'"":0,"mode":420')


@mutant("TOC-001")
def time_written_empty() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(SMALL)["modtime"] = ""
    return draft


@mutant("TOC-001")
def tar_split_digest_written_empty() -> LayerDraft:
    draft = conforming_layer()
    draft.document = re.sub(rb'"tarSplitDigest":"[^"]*"', b'"tarSplitDigest":""', toc_document(draft))
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001", "TAR-049"))
def mode_without_setuid() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(TOOL)["mode"] = 0o755
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001", "TAR-049"))
def owner_root() -> LayerDraft:
    draft = conforming_layer()
    del draft.entry(TOOL)["uid"]
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001"))
def link_elsewhere() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/link")["linkName"] = "../other"
    return draft


@mutant("TOC-003", implies=("TARSPLIT-003", "SEC-001"))
def entry_renamed() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/pipe")["name"] = "usr/pipe2"
    return draft


@mutant("TOC-004", implies=("SEC-001",))
def digest_of_other_content() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(SMALL)["digest"] = draft.entry(OTHER)["digest"]
    return draft


@mutant("TOC-005", implies=_TREE)
def name_twice() -> LayerDraft:
    draft = conforming_layer()
    draft.toc["entries"].append(dict(draft.entry("usr/pipe")))
    return draft


@mutant("TOC-006", implies=_TREE)
def unknown_type() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/pipe")["type"] = "socket"
    return draft


@mutant("TOC-007")
def range_inside_a_frame() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(SMALL)["offset"] += 1
    return draft


@mutant("TOC-008")
def ranges_exchanged() -> LayerDraft:
    draft = conforming_layer()
    small, other = draft.entry(SMALL), draft.entry(OTHER)
    for key in ("offset", "endOffset"):
        small[key], other[key] = other[key], small[key]
    return draft


@mutant("TOC-008")
def range_without_its_last_frame() -> LayerDraft:
    draft = free_layer(tar_of((Node("file", content=b"content in two frames\n"),)), Choices(frames=2))
    draft.entry("file")["endOffset"] = len(draft.frames[0]) + len(draft.frames[1])
    return draft


@mutant("TOC-008")
def ranges_up_to_the_next_file() -> LayerDraft:
    draft = free_layer(tar_of(tuple(Node(name, content=b"content of " + name.encode()) for name in "abc")))
    files = [entry for entry in draft.toc["entries"] if "endOffset" in entry]
    for file, following in pairwise(files):
        file["endOffset"] = following["offset"]
    return draft


@mutant("TOC-009", implies=("ANNOT-002",))
def toc_declared_too_large() -> LayerDraft:
    draft = conforming_layer()
    draft.toc_uncompressed_off = 150 * 2**20
    return draft


@mutant("TOC-010", implies=("TARSPLIT-003", "SEC-001"))
def xattr_not_in_base64() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES)["xattrs"]["user.one"] = "first!"
    return draft


@mutant("TOC-010", implies=("TARSPLIT-003", "SEC-001"))
def xattr_of_another_value() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(HOLES)["xattrs"]["user.one"] = base64.b64encode(b"second").decode()
    return draft


@mutant("TOC-011")
def year_one_spelt_out() -> LayerDraft:
    draft = conforming_layer()
    draft.entry(SMALL)["accesstime"] = "0001-01-01T00:00:00Z"
    return draft


@mutant("TOC-021")
def hard_link_before_its_target() -> LayerDraft:
    return draft_layer((Node("link", "hardlink", link_name="file"), Node("file", content=b"content")))


@mutant("TOC-021", implies=("TOC-041",))
def hard_link_out_of_the_root() -> LayerDraft:
    return draft_layer((Node("file", content=b"content"), Node("link", "hardlink", link_name="../file")))


@mutant("TOC-021")
def hard_link_to_a_directory() -> LayerDraft:
    return draft_layer((Node("d", "dir"), Node("link", "hardlink", link_name="d")))


@mutant("TOC-021")
def hard_link_to_a_whiteout() -> LayerDraft:
    return draft_layer((Node(".wh.gone"), Node("link", "hardlink", link_name=".wh.gone")))


@mutant("TOC-015", implies=("TOC-006", *_TREE))
def whiteout_as_device() -> LayerDraft:
    draft = conforming_layer()
    draft.entry("usr/.wh.gone").update(type="symlink")
    return draft


@mutant("TOC-015")
def whiteout_with_content() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node(".wh.gone", content=b"still here")))


@mutant("TOC-015")
def opaque_whiteout_with_content() -> LayerDraft:
    return draft_layer((Node("d", "dir"), Node("d/.wh..wh..opq", content=b"y")))


@mutant("TOC-015")
def file_below_the_name_of_a_whiteout() -> LayerDraft:
    """podman 4.3.1 leaves it out, others unpack it."""
    return draft_layer((Node("f", content=b"one"), Node("./.wh..wh.plnk/1", content=b"two")))


def _reencoded(old: bytes, new: bytes) -> LayerDraft:
    """The TOC with the first ``old`` replaced after encoding, for forms that Python's JSON objects cannot represent."""
    draft = conforming_layer()
    document = toc_document(draft)
    assert old in document
    draft.document = document.replace(old, new, 1)
    return draft

"""Images whose layers do not fit one above the other."""

from collections.abc import Sequence

from conformance.images.draft import Draft
from conformance.images.drafted import put_layers
from conformance.images.layer_draft import draft_layer
from conformance.images.trees import Node
from conformance.requirements import mutant

_DIRECTORY = (Node("etc", "dir"), Node("etc/f", content=b"lower"))


@mutant("TAR-056")
def file_below_a_link_of_a_lower_layer(draft: Draft) -> None:
    """By tar it replaces etc/f; podman 6, by TOC, creates a directory named link."""
    link = Node("link", "symlink", link_name="etc")
    _two_layers(draft, (*_DIRECTORY, link), (Node("link/f", content=b"upper"),))


@mutant("TAR-056")
def file_below_a_file_of_a_lower_layer(draft: Draft) -> None:
    _two_layers(draft, (Node("a", content=b"lower"),), (Node("./a/b/c", content=b"upper"),))


@mutant("TAR-056")
def whiteout_below_a_link_of_a_lower_layer(draft: Draft) -> None:
    link = Node("link", "symlink", link_name="etc")
    _two_layers(draft, (*_DIRECTORY, link), (Node("link/.wh.f"), Node("other", content=b"upper")))


@mutant("TAR-056")
def opaque_whiteout_below_a_link_of_a_lower_layer(draft: Draft) -> None:
    """umoci and containerd empty etc, podman 4 and crane do nothing, podman 6, by TOC, creates a directory."""
    link = Node("link", "symlink", link_name="etc")
    _two_layers(draft, (*_DIRECTORY, link), (Node("link/.wh..wh..opq"), Node("other", content=b"upper")))


@mutant("TAR-058")
def opaque_whiteout_at_the_root(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("./.wh..wh..opq"), Node("other", content=b"upper")))


@mutant("TAR-059")
def hard_link_to_a_file_of_a_lower_layer(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("h", "hardlink", link_name="./etc/f"), Node("other", content=b"upper")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_file_that_its_layer_removes(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("etc/.wh.f"), Node("h", "hardlink", link_name="etc/f")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_file_that_an_opaque_directory_hides(draft: Draft) -> None:
    upper = (Node("etc", "dir"), Node("etc/.wh..wh..opq"), Node("h", "hardlink", link_name="etc/f"))
    _two_layers(draft, _DIRECTORY, upper)


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_below_a_file_of_its_layer(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("etc", content=b"upper"), Node("h", "hardlink", link_name="etc/f")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_name_that_no_layer_has(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("h", "hardlink", link_name="etc/g"), Node("other", content=b"upper")))


@mutant("TAR-057", implies=("TAR-059",))
def hard_link_to_a_directory_of_a_lower_layer(draft: Draft) -> None:
    _two_layers(draft, _DIRECTORY, (Node("h", "hardlink", link_name="./etc"), Node("other", content=b"upper")))


def _two_layers(draft: Draft, lower: Sequence[Node], upper: Sequence[Node]) -> None:
    put_layers(draft, draft_layer(tuple(lower)), draft_layer(tuple(upper)))

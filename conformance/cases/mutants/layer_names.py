"""Layers whose names do not form one tree."""

from conformance.format.tarheader import BLOCK
from conformance.format.writer import WriterOptions
from conformance.images.layer_draft import LayerDraft, draft_layer, draft_of_tar
from conformance.images.raw_tar import GNU, file
from conformance.images.trees import Node
from conformance.requirements import mutant

_ANY_NAMES = WriterOptions(unique_names=False)


@mutant("TOC-018")
def name_that_climbs() -> LayerDraft:
    return draft_layer((Node("../etc/f", content=b"one"), Node("other")))


@mutant("TOC-018")
def name_that_climbs_within() -> LayerDraft:
    return draft_layer((Node("usr/../etc/f", content=b"one"),))


@mutant("TOC-019", implies=("TARSPLIT-008",))
def name_with_a_dot() -> LayerDraft:
    return draft_layer((Node("etc/f", content=b"one"), Node("./etc/f", content=b"two")), _ANY_NAMES)


@mutant("TOC-019", implies=("TOC-043",))
def name_from_the_root() -> LayerDraft:
    """The cleaning of tar-split retains the slash: the two names are equal only below a root."""
    return draft_layer((Node("etc/f", content=b"one"), Node("/etc/f", content=b"two")), _ANY_NAMES)


@mutant("TOC-019", implies=("TARSPLIT-008",))
def directory_and_file_of_one_name() -> LayerDraft:
    return draft_layer((Node("etc/", "dir"), Node("etc", content=b"two")), _ANY_NAMES)


@mutant("TAR-035")
def entry_below_a_link() -> LayerDraft:
    return draft_layer((Node("lib", "symlink", link_name="usr/lib"), Node("lib/f", content=b"one")))


@mutant("TAR-035")
def entry_below_a_file() -> LayerDraft:
    return draft_layer((Node("a/b/c/d", content=b"one"), Node("./a", content=b"two")))


@mutant("TAR-050")
def whiteout_of_nothing() -> LayerDraft:
    return draft_layer((Node("d", "dir"), Node("d/.wh.")))


@mutant("TAR-050")
def whiteout_of_its_directory() -> LayerDraft:
    return draft_layer((Node("d", "dir"), Node("d/.wh..")))


@mutant("TAR-050")
def whiteout_of_the_parent() -> LayerDraft:
    """crane 0.22.1 removes all that lower layers have."""
    return draft_layer((Node("d", "dir"), Node("d/.wh...")))


@mutant("TAR-048")
def file_and_its_whiteout() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node("./.wh.f")))


@mutant("TAR-048")
def directory_beside_its_whiteout() -> LayerDraft:
    return draft_layer((Node(".wh.d"), Node("d/", "dir"), Node("d/f", content=b"one")))


@mutant("TAR-048")
def file_below_a_name_that_a_whiteout_removes() -> LayerDraft:
    return draft_layer((Node("a/.wh.b"), Node("a/b/c/f", content=b"one")))


@mutant("TAR-049")
def hard_link_that_sets_the_user_id() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node("h", "hardlink", link_name="f", mode=0o4644)))


@mutant("TAR-049")
def hard_link_of_another_owner() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node("h", "hardlink", link_name="./f", uid=1000)))


@mutant("TAR-049")
def hard_link_with_an_attribute() -> LayerDraft:
    """podman and containerd give it to the file, umoci does not."""
    return draft_layer((Node("f", content=b"one"), Node("h", "hardlink", link_name="f", xattrs={"user.a": "b"})))


@mutant("TOC-023")
def root_that_is_a_file() -> LayerDraft:
    return draft_of_tar(
        file(b".", b"hello", magic=GNU) + file(b"other", b"x", magic=GNU) + bytes(2 * BLOCK), _ANY_NAMES
    )


@mutant("TOC-023")
def root_that_is_a_link() -> LayerDraft:
    link = file(b".", b"", b"2", magic=GNU, linkname=b"elsewhere")
    return draft_of_tar(link + file(b"other", b"x", magic=GNU) + bytes(2 * BLOCK), _ANY_NAMES)


@mutant("TOC-041")
def hard_link_beside_a_symlink() -> LayerDraft:
    """busybox and Python link to a/f, GNU tar and umoci to f."""
    nodes = (Node("a/b", "dir"), Node("a/f", content=b"one"), Node("f", content=b"two"))
    return draft_layer((*nodes, Node("l", "symlink", link_name="a/b"), Node("h", "hardlink", link_name="l/../f")))


@mutant("TOC-041")
def hard_link_to_a_file_with_a_slash() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node("h", "hardlink", link_name="f/")))


@mutant("TOC-041")
def hard_link_to_a_file_with_a_dot() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node("h", "hardlink", link_name="f/.")))


@mutant("TOC-042")
def hard_link_through_a_symlink() -> LayerDraft:
    nodes = (Node("a", "dir"), Node("a/f", content=b"one"), Node("l", "symlink", link_name="/a"))
    return draft_layer((*nodes, Node("h", "hardlink", link_name="./l/f")))


@mutant("TOC-043")
def file_with_an_absolute_name() -> LayerDraft:
    return draft_layer((Node("/etc/f", content=b"one"),))


@mutant("TOC-043")
def hard_link_with_an_absolute_target() -> LayerDraft:
    return draft_layer((Node("f", content=b"one"), Node("h", "hardlink", link_name="/f")))

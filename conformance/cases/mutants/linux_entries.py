"""Layers with an entry that Linux cannot have as the tar states it."""

from conformance.images.layer_draft import LayerDraft, draft_layer, draft_of_tar
from conformance.images.raw_tar import END, extended, file
from conformance.images.trees import Node
from conformance.requirements import mutant


@mutant("TAR-051")
def owner_that_chown_ignores() -> LayerDraft:
    """Unpacked by root it is a set-user-ID program of root."""
    return draft_layer((Node("tool", content=b"one", mode=0o4755, uid=2**32 - 1),))


@mutant("TAR-051")
def group_that_chown_ignores() -> LayerDraft:
    return draft_layer((Node("d", "dir", mode=0o2755, gid=2**32 - 1), _FILE))


@mutant("TAR-052")
def device_whose_low_bits_are_a_whiteout() -> LayerDraft:
    return draft_layer((Node("gone", "char", device=(4096, 0)), _FILE))


@mutant("TAR-052")
def block_device_of_a_large_minor() -> LayerDraft:
    return draft_layer((Node("disk", "block", device=(8, 2**20)), _FILE))


@mutant("TAR-053")
def attribute_of_a_symlink() -> LayerDraft:
    return draft_layer((Node("l", "symlink", link_name="f", xattrs={"user.a": "b"}), _FILE))


@mutant("TAR-053")
def attribute_of_a_fifo() -> LayerDraft:
    return draft_layer((Node("pipe", "fifo", xattrs={"user.a": "b"}), _FILE))


@mutant("TAR-054")
def capability_of_two_bytes() -> LayerDraft:
    return _with_attribute(b"security.capability", b"\x01\x00")


@mutant("TAR-054")
def capability_of_revision_1() -> LayerDraft:
    """Linux reads it, and since 4.14 does not set it."""
    return _with_attribute(b"security.capability", b"\x01\0\0\x01" + bytes(8))


@mutant("TAR-054")
def access_control_list_that_is_none() -> LayerDraft:
    return _with_attribute(b"system.posix_acl_access", b"user::rw-")


@mutant("TAR-054")
def attribute_with_a_long_name() -> LayerDraft:
    return _with_attribute(b"user." + b"n" * 251, b"1")


@mutant("TAR-054")
def attribute_with_a_long_value() -> LayerDraft:
    return _with_attribute(b"user.a", b"1" * 65537)


@mutant("TAR-054")
def attribute_of_a_namespace_alone() -> LayerDraft:
    return _with_attribute(b"user.", b"1")


@mutant("TAR-055")
def component_of_256_bytes() -> LayerDraft:
    """In 86 characters."""
    return draft_layer((Node("d/" + "\N{EURO SIGN}" * 85 + "x", content=b"one"),))


@mutant("TAR-055")
def name_of_4096_bytes() -> LayerDraft:
    return draft_layer((Node("/".join(["d" * 240] * 17)[:4096].rstrip("/").ljust(4096, "d"), content=b"one"),))


@mutant("TAR-055")
def target_of_4096_bytes() -> LayerDraft:
    return draft_layer((Node("l", "symlink", link_name="x" * 4096), _FILE))


_FILE = Node("file", content=b"one")


def _with_attribute(key: bytes, value: bytes) -> LayerDraft:
    return draft_of_tar(extended([(b"SCHILY.xattr." + key, value)]) + file(b"file", b"one") + END)

"""Other tars in a layer, permitted by POSIX pax, ustar and GNU tar, with TOC and tar-split."""

import io
import struct
import tarfile
from collections.abc import Sequence

from conformance.images import raw_tar
from conformance.images.draft import Drafted
from conformance.images.drafted import image_of, image_with
from conformance.images.free_layer import Choices, free_layer
from conformance.images.layer_draft import draft_layer
from conformance.images.trees import Node, tar_of
from conformance.requirements import variant

_FILE = Node("f", content=b"content\n")


def _members(members: Sequence[tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]], form: int, blocks: int = 2) -> bytes:
    """A tar by Python's tarfile with so many blocks of zeros at its end."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=form) as writer:
        for each in members:
            info, content = each if isinstance(each, tuple) else (each, b"")
            info.size = len(content)
            writer.addfile(info, io.BytesIO(content))
        end = writer.offset
    return archive.getvalue()[:end] + bytes(512 * blocks)


def _info(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.mtime = 0o644, 1_600_000_000
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def _free(tar: bytes) -> Drafted:
    return image_with(free_layer(tar))


def _alone(*nodes: Node) -> Drafted:
    """An image of this layer only."""
    return image_of(draft_layer(nodes))


@variant("LAYER-002", "TOC-003")
def gnu_with_a_long_name() -> Drafted:
    """GNU tar's long names (docs/format.md section 9.3)."""
    return _free(_members([(_info("n" * 150), b"a")], tarfile.GNU_FORMAT))


@variant("LAYER-002", "TOC-003")
def pax_with_a_long_name() -> Drafted:
    """A pax ``path`` record (POSIX pax, "pax Extended Header")."""
    return _free(_members([(_info("n" * 150), b"a")], tarfile.PAX_FORMAT))


@variant("LAYER-002", "TOC-003")
def ustar_with_a_prefix() -> Drafted:
    """A ustar name in two fields (POSIX pax, "ustar Interchange Format", prefix)."""
    return _free(_members([(_info("p" * 60 + "/" + "n" * 80), b"a")], tarfile.USTAR_FORMAT))


@variant("LAYER-002", "TOC-003")
def utf8_name_in_ustar() -> Drafted:
    """A name in UTF-8 in a ustar header: all writers use it for characters outside of ISO 646."""
    return _free(_members([(_info("café"), b"a")], tarfile.USTAR_FORMAT))


@variant("TOC-003")
def owner_in_base_256() -> Drafted:
    """A user id that exceeds the octal field (GNU tar, base-256)."""
    return _free(_members([(_info("f", uid=3_000_000_000), b"a")], tarfile.GNU_FORMAT))


@variant("TOC-011", "TOC-003")
def times_at_and_before_1970() -> Drafted:
    """mtime 0, and a negative one (GNU tar, base-256)."""
    members = [(_info("zero", mtime=0), b"a"), (_info("before", mtime=-5), b"b")]
    return _free(_members(members, tarfile.GNU_FORMAT))


@variant("TOC-010", "TOC-011")
def extended_attributes_and_times_by_pax() -> Drafted:
    """SCHILY.xattr records with atime and ctime (POSIX pax; star)."""
    headers = {"SCHILY.xattr.user.a": "b", "atime": "1600000001", "ctime": "1600000002"}
    return _free(_members([(_info("f", pax_headers=headers), b"a")], tarfile.PAX_FORMAT))


@variant("TOC-003", "TOC-010")
def records_that_no_toc_has() -> Drafted:
    """Comments, and LIBARCHIVE attributes in addition to the relevant ones (POSIX pax: unknown keywords are
    ignored).
    """
    headers = {
        "comment": "by hand",
        "LIBARCHIVE.xattr.user.a": "Yg",
        "SCHILY.xattr.user.a": "b",
    }
    return _free(_members([(_info("f", pax_headers=headers), b"a")], tarfile.PAX_FORMAT))


@variant("LAYER-002")
def twenty_end_blocks() -> Drafted:
    """A record of twenty blocks (POSIX pax, "-b": the default is 20)."""
    return _free(_members([(_info("f"), b"a")], tarfile.GNU_FORMAT, blocks=20))


@variant(warns=("TAR-028",))
def access_control_list() -> Drafted:
    """An ACL as star writes it: conforming pax, and no TOC can represent it."""
    headers = {"SCHILY.acl.access": "user::rw-,group::r--,other::r--"}
    return _free(_members([(_info("f", pax_headers=headers), b"a")], tarfile.PAX_FORMAT))


@variant(warns=("TAR-025",))
def one_end_block() -> Drafted:
    """One block of zeros only, as old writers write it; every reader accepts it."""
    return _free(_members([(_info("f"), b"a")], tarfile.GNU_FORMAT, blocks=1))


@variant(warns=("TAR-025",))
def no_end_block() -> Drafted:
    """No end mark, as between concatenated archives; every reader accepts it."""
    return _free(_members([(_info("f"), b"a")], tarfile.GNU_FORMAT, blocks=0))


@variant("LAYER-002", "SEC-012")
def one_mebibyte_of_zeros_at_the_end() -> Drafted:
    """Any number of zero blocks (POSIX pax: at least two)."""
    return _free(_members([(_info("f"), b"a")], tarfile.GNU_FORMAT, blocks=2048))


@variant("SEC-011", "TARSPLIT-002", warns=("SEC-012",))
def undefined_bytes_in_the_last_record() -> Drafted:
    """POSIX pax, "ustar Interchange Format": bytes after the end mark in the last record are undefined."""
    tar = _members([(_info("f"), b"a")], tarfile.GNU_FORMAT)
    return _free(tar + b"\xaa" * (10240 - len(tar) % 10240))


@variant("TOC-003", "TARSPLIT-008")
def names_with_dot_slash() -> Drafted:
    """``./a`` and ``./``, as tar -C DIR . writes them (docs/format.md section 11.1: names are as in the header)."""
    return _alone(
        Node("./", "dir", mode=0o755),
        Node("./a", content=b"1"),
        Node("./d/", "dir", mode=0o755),
        Node("./d/b", "hardlink", link_name="./a"),
    )


@variant("TOC-003", "TARSPLIT-008", warns=("TOC-043",))
def names_that_begin_with_a_slash() -> Drafted:
    """``/a``: container clients remove the slash (docs/format.md section 11.1: names are as in the header)."""
    return _alone(Node("/d/", "dir", mode=0o755), Node("/d/a", content=b"1"), Node("/b", "hardlink", link_name="/d/a"))


@variant("TOC-003", "TARSPLIT-008")
def directories_with_and_without_a_slash() -> Drafted:
    """``d/`` as in most tars, and ``e``: the type marks a directory (POSIX pax, typeflag 5)."""
    return _alone(Node("d/", "dir", mode=0o755), Node("e", "dir", mode=0o755), Node("e/f", content=b"1"))


@variant("TOC-003")
def parents_omitted() -> Drafted:
    """Parent directories that no layer has: image-spec v1.1.1 layer.md does not require them."""
    return _alone(Node("a/b/c", content=b"1"))


@variant("TOC-003")
def parents_of_the_layer_below() -> Drafted:
    """A changed file alone: its directories are in the layer below (image-spec v1.1.1 layer.md, "Changesets")."""
    lower = draft_layer((Node("a", "dir", mode=0o755), Node("a/b", "dir", mode=0o755), Node("a/b/c", content=b"1")))
    return image_of(lower, draft_layer((Node("a/b/d", content=b"2"),)))


@variant("TOC-003")
def a_file_before_its_directory() -> Drafted:
    """Entries in any order (image-spec v1.1.1 layer.md gives none)."""
    return _alone(Node("a/c", content=b"1"), Node("a", "dir", mode=0o755))


@variant("TOC-003")
def mode_with_type_bits() -> Drafted:
    """S_IFREG in the mode of header and entry: POSIX pax ignores bits that it does not define."""
    return _alone(Node("f", content=b"1", mode=0o100644))


@variant("TOC-015")
def whiteouts_and_an_opaque_directory() -> Drafted:
    """Whiteouts as empty regular files (image-spec v1.1.1 layer.md, "Whiteouts")."""
    lower = draft_layer((Node("d", "dir", mode=0o755), Node("d/f", content=b"1")))
    return image_of(lower, draft_layer((Node("d", "dir", mode=0o755), Node("d/.wh.f"), Node("d/.wh..wh..opq"))))


@variant("TOC-015")
def whiteouts_with_attributes() -> Drafted:
    """Mode, owner, time and attributes of a whiteout have no meaning (image-spec v1.1.1 layer.md: an empty file)."""
    gone = Node(".wh.f", mode=0o755, uid=7, gid=7, xattrs={"user.a": "b"})
    return image_of(draft_layer((_FILE,)), draft_layer((gone, Node("g", content=b"2"))))


@variant("TOC-015", "TAR-058", "TAR-059")
def names_that_resemble_whiteouts() -> Drafted:
    """``a.wh.b`` and ``.wh`` are ordinary names (image-spec v1.1.1 layer.md: the prefix is ``.wh.``)."""
    upper = (Node("d.wh.", "dir", mode=0o755), Node("d.wh./f", content=b"1"), Node(".wh", content=b"2"))
    links = (Node("a.wh.b", content=b"3"), Node("h", "hardlink", link_name="./a.wh.b"))
    return image_of(draft_layer((_FILE,)), draft_layer((*upper, *links)))


@variant("TAR-058")
def opaque_whiteout_at_the_root_of_the_lowest_layer() -> Drafted:
    """There is nothing to hide (image-spec v1.1.1 layer.md, "Opaque Whiteout")."""
    return _alone(Node(".wh..wh..opq"), _FILE)


@variant("TAR-056", "TAR-058")
def opaque_directory_in_the_place_of_a_lower_link() -> Drafted:
    """The layer has the directory itself, which replaces the link (image-spec v1.1.1 layer.md, "Modifications")."""
    lower = draft_layer((Node("l", "symlink", link_name="etc"), _FILE))
    return image_of(lower, draft_layer((Node("l", "dir", mode=0o755), Node("l/.wh..wh..opq"))))


@variant("TAR-050", "TAR-048")
def whiteouts_of_names_that_begin_with_dots() -> Drafted:
    """``...`` and ``.profile`` are ordinary names (image-spec v1.1.1 layer.md: the prefix before any base name)."""
    lower = draft_layer((Node("...", content=b"1"), Node(".profile", content=b"2"), _FILE))
    return image_of(lower, draft_layer((Node(".wh...."), Node(".wh..profile"), Node("profile", content=b"3"))))


@variant("TOC-015", warns=("TAR-048",))
def file_made_anew_beside_its_whiteout() -> Drafted:
    """image-spec v1.1.1 layer.md: whiteouts apply to lower layers only, so the new file is not hidden."""
    return image_of(draft_layer((_FILE,)), draft_layer((Node(".wh.f"), Node("f", content=b"new"))))


@variant("TOC-021", warns=("TAR-049",))
def hard_link_with_a_mode_of_its_own() -> Drafted:
    """No source states what a reader does with the mode of a hard link (POSIX pax, typeflag 1)."""
    return _alone(_FILE, Node("h", "hardlink", link_name="f", mode=0o755))


@variant("TOC-021", "TAR-049")
def hard_links_with_and_without_the_attributes_of_their_file() -> Drafted:
    """GNU tar and bsdtar write the attributes of a file once, Go's writers at every name of it."""
    own = {"user.a": "b"}
    links = (Node("g", "hardlink", link_name="f"), Node("h", "hardlink", link_name="f", xattrs=own))
    return _alone(Node("f", content=b"1", xattrs=own), *links)


@variant("TOC-006")
def devices_and_pipes() -> Drafted:
    """Every type of entry (image-spec v1.1.1 layer.md, "File Types")."""
    return _alone(Node("pipe", "fifo"), Node("null", "char", device=(1, 3)), Node("sda", "block", device=(8, 0)), _FILE)


@variant(warns=("LAYER-014",))
def whiteout_of_overlayfs() -> Drafted:
    """A 0:0 device: a conforming tar entry, which overlayfs reads as a whiteout."""
    return _alone(_FILE, Node("gone", "char", device=(0, 0)))


@variant("TOC-021", "TOC-041", "TOC-043")
def hard_link_targets_in_other_spellings() -> Drafted:
    """``./f``, ``.//f``, ``././f``: a link name is a path in the archive (POSIX pax, linkname)."""
    spellings = ("./f", ".//f", "././f")
    links = (Node(f"h{n}", "hardlink", link_name=text) for n, text in enumerate(spellings))
    return _alone(Node("d", "dir", mode=0o755), _FILE, *links)


@variant("TOC-021")
def hard_link_to_a_hard_link() -> Drafted:
    """A chain of hard links: all are the same file."""
    return _alone(_FILE, Node("g", "hardlink", link_name="f"), Node("h", "hardlink", link_name="g"))


@variant("TOC-021")
def hard_link_to_a_symlink() -> Drafted:
    """A hard link to a symlink itself (POSIX pax: links to any file but a directory)."""
    return _alone(Node("s", "symlink", link_name="nowhere"), Node("h", "hardlink", link_name="s"))


@variant("TOC-021", "TAR-057", warns=("TAR-059",))
def hard_link_to_the_layer_below() -> Drafted:
    """The target is in the layer below: no source requires it in the same layer (image-spec v1.1.1 layer.md)."""
    return image_of(draft_layer((_FILE,)), draft_layer((Node("h", "hardlink", link_name="f"),)))


@variant("TOC-021", "TOC-041", warns=("TOC-042",))
def hard_link_through_a_symlink_to_a_directory() -> Drafted:
    """The target's directory is a symlink of the same layer: link(2) follows it."""
    return _alone(
        Node("d", "dir", mode=0o755),
        Node("d/f", content=b"1"),
        Node("l", "symlink", link_name="d"),
        Node("h", "hardlink", link_name="l/f"),
    )


@variant("TOC-021", warns=("TOC-042",))
def hard_link_through_an_absolute_symlink() -> Drafted:
    """The symlink is absolute: it begins at the root of the image."""
    return _alone(
        Node("usr", "dir", mode=0o755),
        Node("usr/bin", "dir", mode=0o755),
        Node("usr/bin/tool", content=b"1"),
        Node("bin", "symlink", link_name="/usr/bin"),
        Node("usr/bin/alias", "hardlink", link_name="bin/tool"),
    )


@variant("CHUNK-001", "LAYER-002")
def one_large_file_and_many_small_ones() -> Drafted:
    """Some hundred files, one of them in chunks."""
    tree = (Node("big", content=bytes(range(256)) * 1000), *(Node(f"s{n}", content=b"%d" % n) for n in range(300)))
    return image_with(free_layer(tar_of(tree), Choices(chunk=65536)))


@variant("TOC-042")
def hard_link_to_a_file_beside_a_symlink() -> Drafted:
    """The last component may be a symlink's neighbour: only directories on the path count (POSIX link)."""
    return _alone(_FILE, Node("l", "symlink", link_name="f"), Node("d/h", "hardlink", link_name="f"))


@variant("TAR-051")
def largest_owner() -> Drafted:
    """2^32 - 2, the largest number that chown(2) sets."""
    return _alone(Node("f", content=b"1", uid=2**32 - 2, gid=2**32 - 2))


@variant("TAR-052")
def largest_device() -> Drafted:
    """12 bits of major and 20 bits of minor (Linux include/linux/kdev_t.h)."""
    return _alone(Node("n", "char", device=(4095, 1048575)), _FILE)


@variant("TAR-053")
def attributes_where_linux_has_them() -> Drafted:
    """user.* on files and directories, trusted.* and security.* on any entry (xattr(7))."""
    return _alone(
        Node("d", "dir", xattrs={"user.a": "b"}),
        Node("f", content=b"1", xattrs={"user.a": "b"}),
        Node("n", content=b"1", xattrs={"user..a": "b", "no_namespace": "b"}),
        Node("l", "symlink", link_name="f", xattrs={"trusted.a": "b"}),
        Node("pipe", "fifo", xattrs={"security.selinux": "system_u:object_r:usr_t:s0"}),
    )


@variant("TAR-054", "TOC-010")
def capabilities_and_access_control_lists() -> Drafted:
    """Revisions 2 and 3 (Linux security/commoncap.c), a list as Linux returns it, and the longest name and value."""
    minimal = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", tag, 4, 2**32 - 1) for tag in (1, 4, 32))
    attributes = (
        (b"security.capability", b"\x01\0\0\x02" + bytes(16)),
        (b"security.capability", b"\x01\0\0\x03" + bytes(20)),
        (b"system.posix_acl_access", minimal),
        (b"user." + b"n" * 250, b"v" * 65536),
    )
    entries = (
        raw_tar.extended([(b"SCHILY.xattr." + key, value)]) + raw_tar.file(b"f%d" % number, b"1")
        for number, (key, value) in enumerate(attributes)
    )
    return image_with(free_layer(b"".join(entries) + raw_tar.END))


@variant("TAR-055")
def longest_names() -> Drafted:
    """255 bytes a component and 4095 in all (Linux include/uapi/linux/limits.h)."""
    return _alone(Node("n" * 255, content=b"1"), Node("l", "symlink", link_name="x" * 4095))


@variant("TAR-056")
def directory_in_the_place_of_a_lower_link() -> Drafted:
    """The layer has the directory itself, which replaces the link (image-spec v1.1.1 layer.md, "Modifications")."""
    lower = draft_layer((Node("l", "symlink", link_name="etc"), _FILE))
    return image_of(lower, draft_layer((Node("l", "dir", mode=0o755), Node("l/f", content=b"2"))))


@variant("TAR-056")
def names_below_what_lower_layers_removed() -> Drafted:
    """A file and a link that whiteouts removed, by name and by an opaque directory, and a link that was replaced."""
    lower = (Node("a", content=b"1"), Node("d", "dir"), Node("d/l", "symlink", link_name="x"), Node("e", content=b"1"))
    middle = (Node(".wh.a"), Node("d", "dir"), Node("d/.wh..wh..opq"), Node("e", "dir"), _FILE)
    upper = (Node("a/f", content=b"2"), Node("d/l/f", content=b"2"), Node("e/f", content=b"2"))
    return image_of(*(draft_layer(nodes) for nodes in (lower, middle, upper)))


@variant("TAR-057", "TOC-021", warns=("TAR-059",))
def hard_link_below_a_link_of_a_lower_layer() -> Drafted:
    """The target is reached through a link of the layer below, as link(2) reaches it."""
    lower = (Node("d", "dir", mode=0o755), Node("d/f", content=b"1"), Node("l", "symlink", link_name="d"))
    return image_of(draft_layer(lower), draft_layer((Node("h", "hardlink", link_name="l/f"), _FILE)))

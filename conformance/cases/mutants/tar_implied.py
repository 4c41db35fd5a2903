"""The requirements that fail together with the rule that a tar construct violates.

A tar that readers read differently fails SEC-001, one with hidden bytes SEC-010. Further: a tar that the tar reader
refuses fails LAYER-002; an entry that a TOC cannot represent is missing in it; two constructs violate two rules.
"""

from typing import Final

HIDING: Final = frozenset(("TAR-008", "TAR-019", "TAR-020"))
ADVISED: Final = frozenset(
    (
        "TAR-023",
        "TAR-024",
        "TAR-025",
        "TAR-028",
        "TAR-030",
        "TAR-032",
        "TAR-033",
        "TAR-034",
        "TAR-040",
        "TAR-041",
        "TAR-042",
        "TAR-044",
        "TAR-045",
        "TAR-046",
    )
)
"""The rules of the level SHOULD, which imply no other requirement."""

_BESIDES: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (
        ("LAYER-002", "SEC-001"),
        """
        device_number_no_number_on_a_file mode_blank_in_the_middle mode_signed mode_negative mode_not_octal
        mode_with_junk mode_hex mode_tab gid_not_octal gid_blank_in_the_middle size_negative
        size_base256_odd_first size_base256_overflow size_base256_negative size_junk_behind size_hex
        mtime_not_octal device_number_no_number checksum_junk_letter checksum_plus checksum_base256
        prefix_under_gnu file_with_slash_nul_type symlink_with_size hard_link_with_size directory_with_size
        device_with_size block_device_with_size fifo_with_size directory_with_size_and_no_content
        hard_link_with_size_and_no_content symlink_with_pax_size directory_with_pax_size
        pax_length_leading_zero pax_length_plus pax_length_leading_blank pax_length_too_short
        pax_length_too_long pax_length_zero pax_length_hex pax_tab_for_blank pax_no_newline pax_unterminated
        pax_no_equals pax_no_key pax_nul_behind pax_junk_behind pax_newline_behind pax_uid_hex
        pax_uid_leading_blank pax_uid_blank_behind pax_uid_fraction pax_uid_underscore pax_uid_text
        pax_uid_huge pax_gid_exponent pax_size_leading_blank pax_size_hex pax_size_fraction pax_size_negative
        pax_size_text pax_size_huge pax_nul_in_path pax_nul_in_linkpath pax_nul_in_key pax_nul_behind_path
        pax_nul_in_uid pax_nul_in_size pax_nul_in_uname pax_nul_in_mtime pax_mtime_exponent pax_mtime_comma
        pax_mtime_text pax_mtime_blank pax_atime_text pax_mtime_only_fraction
        """,
    ),
    (
        ("SEC-001", "TAR-052"),
        """
        device_number_beyond_32_bits
        """,
    ),
    (
        ("TAR-030", "SEC-001"),
        """
        prefix_under_v7 owner_names_under_v7 magic_none_on_long_name
        """,
    ),
    (
        ("TAR-030", "SEC-001", "LAYER-014"),
        """
        device_under_v7
        """,
    ),
    (
        ("TAR-033", "SEC-001"),
        """
        star_tail
        """,
    ),
    (
        ("TOC-003", "TARSPLIT-002", "SEC-001"),
        """
        type_contiguous type_gnu_volume type_gnu_multivolume type_gnu_long_names type_gnu_sparse
        type_solaris_x type_solaris_acl type_inode type_unknown_letter type_unknown_digit type_blank type_high
        global_header_comment global_header_path global_header_linkpath global_header_size global_header_uid
        pax_gnu_sparse_name pax_gnu_sparse_realsize pax_gnu_sparse_size pax_gnu_sparse_major
        pax_gnu_sparse_map pax_gnu_sparse_numblocks pax_gnu_sparse_1_0 pax_path_not_utf8 empty_name
        """,
    ),
    (
        ("TAR-006", "TOC-003", "TARSPLIT-002", "SEC-001"),
        """
        type_gnu_dumpdir
        """,
    ),
    (
        ("TAR-030", "LAYER-002", "SEC-001"),
        """
        file_with_slash_v7
        """,
    ),
    (
        ("SEC-001", "LAYER-014"),
        """
        device_with_slash pax_schily_devmajor_of_a_device pax_sun_devmajor_of_a_device
        """,
    ),
    (
        ("TAR-015", "SEC-001"),
        """
        fifo_with_pax_size_0 pax_size_twice
        """,
    ),
    (
        ("TAR-005", "TOC-003", "TARSPLIT-002", "SEC-001", "SEC-010"),
        """
        x_before_g long_name_before_g
        """,
    ),
    (
        ("SEC-001", "SEC-010"),
        """
        pax_size_one_less
        """,
    ),
    (
        ("TAR-016", "SEC-001"),
        """
        pax_gnu_dumpdir
        """,
    ),
    (
        ("TAR-028", "SEC-001"),
        """
        acl_contradicts_xattr
        """,
    ),
    (
        ("TAR-031", "TOC-003", "TARSPLIT-002", "SEC-001"),
        """
        long_name_empty long_name_only_nul
        """,
    ),
    (
        ("TOC-006", "SEC-001"),
        """
        long_link_empty link_name_on_a_file link_name_on_a_directory pax_linkpath_on_a_file
        long_link_on_a_file link_without_link_name hard_link_without_link_name
        """,
    ),
    (
        ("SEC-010", "TARSPLIT-011"),
        """
        x_at_the_end long_name_at_the_end long_link_at_the_end
        """,
    ),
    (
        ("TOC-006",),
        """
        device_number_on_a_file
        """,
    ),
)
_BY_NAME: Final = {name: implied for implied, names in _BESIDES for name in names.split()}


def implied_by(name: str, requirement: str) -> tuple[str, ...]:
    """The other requirements that a construct breaks."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if requirement in ADVISED:
        return ()
    return ("SEC-010",) if requirement in HIDING else ("SEC-001",)

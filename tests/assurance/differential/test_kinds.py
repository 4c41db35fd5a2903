"""Kinds that the harness found: each is a finding of the suite, and the readers that it is about differ.

When a reader has changed its mind, its line here fails: then the requirement's reason is to be inspected again.
"""

from collections.abc import Iterator

import pytest

from conformance.assurance.differential.judging import judge_tar
from conformance.assurance.differential.oracle import compare_case
from conformance.cases.mutants.tar_constructs import LAWFUL, constructs
from conformance.format.tarheader import BLOCK
from conformance.images.raw_tar import header
from conformance.images.trees import Node, tar_of
from conformance.readers.agreement import differing_pairs
from conformance.readers.panel import Panel
from tests.tools import need

TARS = {construct.name: construct for construct in constructs()}
GO, NODE, RUST, BSD, PERL = "Go archive/tar", "node tar", "Rust tar", "libarchive (bsdtar)", "Perl Archive::Tar"
FOUND = {
    "link_name_on_a_long_name": (GO, NODE),
    "magic_none_on_long_name": (GO, RUST),
    "long_link_beside_no_link_name": (GO, BSD),
    "pax_linkpath_beside_no_link_name": (GO, NODE),
    "pax_hard_link_beside_no_link_name": (GO, BSD),
    "pax_path_newline": (GO, NODE),
    "pax_linkpath_newline": (GO, NODE),
    "long_name_and_pax_mtime": (GO, PERL),
    "pax_record_in_an_xattr": (GO, NODE),
    "pax_record_in_a_comment": (GO, NODE),
    "pax_record_in_a_path": (GO, NODE),
    "device_number_beyond_32_bits": (GO, NODE),
    "long_name_without_name": (GO, NODE),
    "long_name_header_with_slash": (GO, "Java commons-compress"),
    "pax_header_with_slash": None,  # Archive::Tar refuses, or sees another file, by what the records are
    "group_name_of_digits": None,  # busybox, a command: it sees group 0
    "name_in_the_prefix_alone": (GO, PERL),
    "device_number_of_blanks": None,  # 7-Zip, a command: it skips the entry
    "group_root_of_1000_behind_one_of_0": None,
    "extended_header_without_name": None,  # busybox refuses it, node-tar sees the file without the record
}


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with Panel() as running:
        yield running


@pytest.mark.parametrize("name", FOUND)
def test_the_judge_reports_it(name: str) -> None:
    verdict = judge_tar(TARS[name].tar)
    assert TARS[name].requirement in (*verdict.must, *verdict.should)


@pytest.mark.parametrize("name", [name for name, readers in FOUND.items() if readers])
def test_the_readers_do_differ(panel: Panel, name: str) -> None:
    readers = FOUND[name]
    assert readers is not None
    (readings,) = panel.read_tars([TARS[name].tar])
    for reader in readers:
        need(reader in readings, reader)
    assert list(differing_pairs({reader: readings[reader] for reader in readers}))


@pytest.mark.parametrize("name", LAWFUL)
def test_readers_agree_on_conforming_headers(panel: Panel, name: str) -> None:
    tar = LAWFUL[name]
    verdict = judge_tar(tar)
    assert verdict.passes, verdict
    (readings,) = panel.read_tars([tar])
    assert compare_case(tar, verdict, readings | panel.read_with_commands(tar)).fault is None


def test_perl_alone_continues_after_the_end_and_a_should_warns(panel: Panel) -> None:
    valid = tar_of((Node("a", content=b"a"),))
    wrong = bytearray(header(b"hidden/", typeflag=b"5"))
    wrong[148:156] = b"0000000\0"
    tar = valid + bytes(wrong) + bytes(BLOCK)
    verdict = judge_tar(tar)
    (readings,) = panel.read_tars([tar])
    need(PERL in readings, PERL)
    assert (verdict.must, "SEC-012" in verdict.should) == ((), True)
    assert (GO, PERL) in {pair[:2] for pair in differing_pairs({GO: readings[GO], PERL: readings[PERL]})}
    assert compare_case(tar, verdict, readings).fault is None

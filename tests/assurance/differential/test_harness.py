"""The harness itself: what it makes, what it takes for a fault, and how it makes one small."""

from collections.abc import Iterator
from random import Random

import pytest

from conformance.assurance.differential.corpus import Seed, generated, seeds
from conformance.assurance.differential.draft import SPELLINGS, parse, with_checksum
from conformance.assurance.differential.harness import Found, Harness, Options
from conformance.assurance.differential.judging import Verdict, judge_tar
from conformance.assurance.differential.mutating import MAX_SIZE, mutated
from conformance.assurance.differential.oracle import TOC, compare_case
from conformance.assurance.differential.report import lines, table
from conformance.assurance.differential.shrinking import shrink
from conformance.assurance.differential.steering import Steering
from conformance.readers.agreement import Difference
from conformance.readers.panel import Panel
from conformance.readers.reading import Member, Reading
from tests.readers.archives import archive, member, ordinary

A = Reading((Member("61", "reg", 0, 0o644, 0, 0),))
B = Reading((Member("62", "reg", 0, 0o644, 0, 0),))
REFUSED = Reading(refused="no")
PASSES = Verdict(toc=A)


@pytest.fixture(scope="module")
def panel() -> Iterator[Panel]:
    with Panel(only=["python", "go", "perl"]) as running:
        yield running


@pytest.mark.parametrize("form", [0, 1, 2])
def test_taking_apart_and_building_gives_the_same_archive(form: int) -> None:
    tar = ordinary(form) if form else archive(member("a", size=6), form=0)
    assert with_checksum(tar[:512], "usual") != b""
    assert [bytes(piece.payload) for piece in parse(parse(tar).build()).pieces] == [
        bytes(piece.payload) for piece in parse(tar).pieces
    ]
    assert len(parse(tar).build()) == len(tar)


def test_every_spelling_of_a_checksum_is_another_one() -> None:
    block = archive(member("caf\u00e9"), form=0)[:512]
    assert len({with_checksum(block, spelling) for spelling in SPELLINGS}) == len(SPELLINGS)


def test_mutated_archives_are_the_same_for_the_same_seed_and_bounded() -> None:
    tar = ordinary()
    for seed in range(300):
        one = mutated(tar, Random(seed))
        assert one == mutated(tar, Random(seed))
        assert len(one) <= MAX_SIZE


def test_most_mutations_change_the_archive() -> None:
    tar = ordinary()
    assert sum(mutated(tar, Random(seed)) != tar for seed in range(200)) > 180


def test_generated_archives_pass_the_judge() -> None:
    for seed in range(40):
        verdict = judge_tar(generated(Random(seed)).tar)
        assert verdict.passes, (seed, verdict.must, verdict.unwritten)


def test_ordinary_seeds_pass_the_judge() -> None:
    failing = {
        seed.name: verdict.must or verdict.unwritten
        for seed in seeds()
        if seed.ordinary and not (verdict := judge_tar(seed.tar)).passes
    }
    assert failing == {}, "an ordinary archive of a real writer fails"


def test_readers_that_differ_on_what_passes_are_a_fault() -> None:
    fault = compare_case(b"", PASSES, {"one": A, "other": B}).fault
    assert fault is not None
    assert fault.kind == "readers differ"
    assert set(fault.pairs) == {("one", "other", Difference.NAME), (TOC, "other", Difference.NAME)}


def test_reader_that_differs_from_the_toc_is_a_fault() -> None:
    fault = compare_case(b"", PASSES, {"one": B, "other": B}).fault
    assert fault is not None
    assert fault.kind == "a reader differs from the TOC"


@pytest.mark.parametrize(
    ("verdict", "readings"),
    [
        (PASSES, {"one": A, "other": A}),
        (PASSES, {"one": A, "other": REFUSED}),
        (PASSES, {"one": A, "other": Reading(B.members, crashed=True)}),
        (Verdict(must=("SEC-001",)), {"one": A, "other": B}),
        (Verdict(should=("TAR-042",), toc=A), {"Go archive/tar": A, "Perl Archive::Tar": B}),
        (Verdict(unwritten="no tar"), {"one": A, "other": B}),
    ],
)
def test_no_fault(verdict: Verdict, readings: dict[str, Reading]) -> None:
    assert compare_case(b"", verdict, readings).fault is None


@pytest.mark.parametrize(
    ("should", "reader", "seen"),
    [
        ("TAR-042", "node tar", B),
        ("TAR-040", "Perl Archive::Tar", B),
        ("TAR-042", "Perl Archive::Tar", Reading((Member("61", "reg", 0, 0o600, 0, 0),))),
    ],
)
def test_a_should_excuses_its_readers_in_what_it_says_alone(should: str, reader: str, seen: Reading) -> None:
    assert compare_case(b"", Verdict(should=(should,), toc=A), {"Go archive/tar": A, reader: seen}).fault is not None


def test_a_failure_of_an_ordinary_archive_is_a_fault() -> None:
    fault = compare_case(b"", Verdict(must=("SEC-001",)), {"one": A, "other": A}, ordinary=True).fault
    assert fault is not None
    assert fault.kind == "false failure"
    assert fault.failed == ("SEC-001",)


def test_an_archive_that_makes_a_new_pair_differ_is_kept() -> None:
    steering = Steering((Seed("a", ordinary()),))
    pair = ("one", "other", Difference.NAME)
    assert steering.learn(b"first", (pair,))
    assert not steering.learn(b"second", (pair,))
    assert steering.learn(b"third", (("one", "other", Difference.SIZE),))
    assert steering.kept == 2


def test_a_fault_is_made_small() -> None:
    tar = ordinary()
    smaller = shrink(tar, lambda candidate: b"etc/soft" in candidate)
    assert b"etc/soft" in smaller
    assert len(parse(smaller).pieces) == 1


def test_a_short_run_counts_what_it_did(panel: Panel) -> None:
    found: list[Found] = []
    summary = Harness(panel, Options(cases=300, seed=1, commands=0, shrinks=False), found.append).run()
    assert summary.cases == 300
    assert summary.passed + summary.failed + summary.unwritten == 300
    assert summary.passed > 50
    assert summary.pairs
    assert any("300 cases with seed 1" in line for line in lines(summary))
    assert len(list(table(summary))) > 2

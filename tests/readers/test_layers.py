"""``zcc check --deep --readers``: the real readers of this machine on the layers of an image."""

import pytest
from typer.testing import CliRunner

from conformance.checks.artifact.layer_duality import one_tree
from conformance.cli import app
from conformance.format.discrepancy import Discrepancy, Kind
from conformance.format.writer import layer_from_tar
from conformance.images.one_layer import one_layer_image
from conformance.observed.layer import LayersSeen, ReaderSeen
from conformance.readers import layers
from conformance.readers.layers import ask_readers
from conformance.readers.limits import features_of
from conformance.readers.reading import Member, Reading
from conformance.readers.toc_reading import beside
from conformance.results import Judgement
from conformance.sources.image import observe_image
from conformance.sources.layers import LayerReading
from conformance.sources.memory import MemorySource
from tests.readers.archives import archive, extended_before_gnu_name, member, ordinary
from tests.tools import need


def asked(tar: bytes) -> LayersSeen:
    """The layer of this tar, after the readers were asked."""
    blob, written = layer_from_tar(tar)
    source = MemorySource(*one_layer_image(blob, written.descriptor_fields, str(written.diff_id)))
    return ask_readers(source, observe_image(source, reading=LayerReading(deep=True)).layers)


def judged(seen: LayersSeen) -> list[Judgement]:
    return list(one_tree(seen))


def test_readers_agree_on_an_ordinary_layer() -> None:
    seen = asked(ordinary())
    need(len(seen.layers[0].readers) >= 10, "most of the reader panel")
    found = judged(seen)
    assert {judgement.outcome for judgement in found} == {"pass", "info"}
    assert any("all read the tree of the TOC" in judgement.message for judgement in found)


def test_a_reader_that_sees_another_tree_is_named() -> None:
    seen = asked(extended_before_gnu_name())
    need(any(reader.reader == "Go archive/tar" for reader in seen.layers[0].readers), "Go archive/tar")
    failures = [judgement for judgement in judged(seen) if "reads a tree" in judgement.message]
    assert any(judgement.message.startswith("Python tarfile 3.") for judgement in failures)
    assert not any(judgement.message.startswith("Go archive/tar") for judgement in failures)
    assert failures[0].found.endswith(")")


def test_a_layer_that_is_too_large_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_TAR", 1000)
    (layer,) = asked(ordinary()).layers
    assert layer.readers == ()
    outcomes = {judgement.outcome: judgement.message for judgement in judged(LayersSeen((layer,), deep=True))}
    assert outcomes["not-run"].startswith("The real readers were not run: ")


def test_layers_beyond_the_time_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MAX_SECONDS", -1.0)
    (layer,) = asked(ordinary()).layers
    assert "for all layers" in layer.readers_problem


MEMBER = Member("61", "reg", 1, 0o644, 0, 0, digest="ab")
TOC = Reading((MEMBER, Member("62", "symlink", link="63")))


@pytest.mark.parametrize(
    ("members", "kind", "what"),
    [
        (TOC.members[:1], Kind.NOT_IN_TAR, "entry"),
        ((*TOC.members, Member("64", "reg", 0)), Kind.NOT_IN_TOC, "entry"),
        ((*TOC.members, MEMBER), Kind.TWICE, "entry"),
        ((Member("61", "dir"), TOC.members[1]), Kind.ATTRIBUTE, "type"),
        ((Member("61", "reg", 2, digest="ab"), TOC.members[1]), Kind.ATTRIBUTE, "size"),
        ((Member("61", "reg", 1, digest="cd"), TOC.members[1]), Kind.ATTRIBUTE, "content"),
        ((Member("61", "reg", 1, 0o4644, digest="ab"), TOC.members[1]), Kind.ATTRIBUTE, "mode"),
        ((Member("61", "reg", 1, uid=7, digest="ab"), TOC.members[1]), Kind.ATTRIBUTE, "owner"),
        ((MEMBER, Member("62", "symlink", link="64")), Kind.ATTRIBUTE, "link"),
    ],
)
def test_what_differs_is_reported(members: tuple[Member, ...], kind: Kind, what: str) -> None:
    seen = beside(TOC, "it", "1", Reading(members), frozenset())
    assert seen.count == 1
    assert (seen.differences[0].kind, seen.differences[0].what) == (kind, what)


def test_order_and_what_a_reader_does_not_tell_are_no_differences() -> None:
    told_little = Reading((Member("2e2f62", "symlink", link="63"), Member("61", "reg", 1)))
    assert beside(TOC, "it", "1", told_little, frozenset()) == ReaderSeen("it", "1", 2)


def test_many_differences_are_counted_and_some_kept() -> None:
    seen = beside(
        TOC, "it", "1", Reading(tuple(Member(f"{0x61616100 + n:x}", "reg", 0) for n in range(100))), frozenset()
    )
    assert seen.count == 102
    assert len(seen.differences) == 5
    assert isinstance(seen.differences[0], Discrepancy)


def test_a_reader_is_not_compared_on_what_it_never_knows() -> None:
    long_name = archive(member("n" * 150))
    seen = beside(TOC, "Perl Archive::Tar", "2", Reading(), features_of(long_name))
    assert (seen.limited, seen.count) == ("PAX path", 0)


def test_the_command_needs_every_byte() -> None:
    ended = CliRunner().invoke(app, ["check", "--readers", "oci:fixtures/golden/sentinel-single"])
    assert ended.exit_code == 2
    assert "--readers needs --deep" in ended.output


def test_the_command_names_the_readers_that_agree() -> None:
    ended = CliRunner().invoke(app, ["check", "--deep", "--readers", "oci:fixtures/golden/sentinel-single"])
    assert ended.exit_code == 0, ended.output
    assert "all read the tree of the TOC" in ended.output

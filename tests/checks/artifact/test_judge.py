"""What is noted beside the verdicts, what makes an image unreadable, and layers that are judged before their image."""

from typing import Any, get_args

import msgspec
import pytest

from conformance.checks.artifact.judge import (
    has_sentinel,
    judge_blob,
    judge_content,
    judge_image,
    judge_layer,
    needs_deep,
    notes_on,
    unreadable,
)
from conformance.checks.bound import checks_of
from conformance.format.oci import Index, Platform
from conformance.format.sentinel import canonical_sentinel
from conformance.observed.evidence import Note
from conformance.observed.image import ImageSeen, ManifestSeen, Problem, ReaderOutcome, SentinelBlob, Stored
from conformance.observed.layer import LayersSeen
from conformance.requirements import load_catalogue
from conformance.results import conclude, failed, informed, passed, unread, unsupported
from tests.checks.judged import layers
from tests.checks.judged.images import entry, first, layer, manifest

NO_SENTINEL = "no sentinel variant: the requirements on sentinel variants do not apply to this image"
VIEW: Any = type("Indexed", (), {"view": Index(2, (entry(),)), "fields": {"schemaVersion": 2, "manifests": []}})()


def index(*manifests: ManifestSeen, **facts: Any) -> ImageSeen:
    return ImageSeen("image", Stored(b"{}"), VIEW, manifests=manifests, **facts)


PLAIN = manifest("plain", layer("a", "gzip"), listed=entry())
SENTINEL = manifest("sentinel", first(), layer("a"), listed=entry())
LOST = ManifestSeen("lost", Stored(None, "missing", "HTTP 404"), entry(), problem="HTTP 404")
NOT_FETCHED = ManifestSeen("cosign", Stored(None, "not-fetched", "not an image"), entry(), problem="not an image")


def nest(inner: ManifestSeen) -> ManifestSeen:
    """An index that an index lists."""
    return ManifestSeen("inner", Stored(b"{}"), entry(), inner=VIEW, inside=(inner,))


def test_a_sentinel_is_seen_at_any_place_of_any_manifest() -> None:
    late = manifest("late", layer("a"), first())
    assert [has_sentinel(index(each)) for each in (PLAIN, SENTINEL, late, LOST)] == [False, True, True, False]
    assert has_sentinel(index(PLAIN, nest(SENTINEL)))
    assert not has_sentinel(index(PLAIN, nest(PLAIN)))


def test_that_an_index_lists_nothing_is_a_note() -> None:
    empty: Any = type("Indexed", (), {"view": Index(2, ()), "fields": {}})()
    assert notes_on(ImageSeen("image", Stored(b"{}"), empty)) == (NO_SENTINEL, "the index lists no manifest")
    assert notes_on(ImageSeen("image", manifests=(SENTINEL,))) == ()


def test_what_readers_did_is_judged_of_the_first_layer_alone() -> None:
    """The panel reads the sentinel in front; one in another place is judged by its bytes alone."""
    panel = (ReaderOutcome("sometar", "1.0", lenient=False, accepted=True),)
    for layers_of_it, due in (((first(), layer("a")), "fail"), ((layer("a"), first()), "pass")):
        seen = index(manifest("m", *layers_of_it, listed=entry(), panel=panel))
        assert {result.id: result.verdict for result in judge_image(seen)}["SENT-BLOB-001"] == due


def test_that_there_is_no_sentinel_is_a_note_unless_it_is_an_error() -> None:
    assert notes_on(index(PLAIN)) == (NO_SENTINEL,)
    assert notes_on(index(PLAIN), needs_sentinel=True) == ()
    assert notes_on(index(SENTINEL)) == ()


def test_what_was_not_read_is_noted_and_named() -> None:
    wrong = ManifestSeen("wrong", Stored(b"{}", "size-mismatch", "3 bytes, not 2"), entry())
    both = ManifestSeen("both", Stored(b"{}", "size-mismatch", "not told twice"), entry(), problem="no JSON")
    config = msgspec.structs.replace(SENTINEL, name="unconfigured", config=None, config_problem="HTTP 500")
    seen = index(SENTINEL, wrong, both, LOST, config, nest(LOST), index_problem="the list is long")
    assert notes_on(seen) == (
        "index: the list is long",
        "wrong: 3 bytes, not 2",
        "both: no JSON",
        "lost: HTTP 404",
        "lost: HTTP 404",
        "unconfigured: config: HTTP 500",
    )


def test_manifests_that_are_no_images_are_set_aside() -> None:
    unknown = entry(platform=Platform("unknown", "unknown"))
    attestation = manifest("attestation", {**layer("a"), "mediaType": "application/vnd.in-toto+json"}, listed=unknown)
    odd = {"config": {"mediaType": "application/vnd.example+json", "digest": "sha256:c", "size": 1}}
    artifact = manifest("artifact", {**layer("a"), "mediaType": "text/plain"}, listed=entry(), more=odd)
    assert notes_on(index(SENTINEL, attestation, artifact, LOST))[:2] == (
        "attestation is an attestation: its layers are not judged",
        "artifact is an artifact that is not an image: its layers are not judged",
    )


def test_notes_of_layers_have_their_names() -> None:
    noted = layers.layer(notes=("read from another place", "in two parts"))
    seen = index(SENTINEL, layers=LayersSeen((noted,)))
    assert notes_on(seen) == ("layer: read from another place", "layer: in two parts")


def test_an_image_is_unreadable_where_a_document_is_missing() -> None:
    assert unreadable(index(PLAIN, SENTINEL)) == ()
    assert unreadable(index(PLAIN, NOT_FETCHED)) == ()
    assert unreadable(index(PLAIN, LOST, nest(LOST))) == ("lost: HTTP 404", "lost: HTTP 404")
    assert unreadable(index(PLAIN, index_problem="HTTP 500")) == ("index: HTTP 500",)


@pytest.mark.parametrize("problem", get_args(Problem))
def test_every_problem_of_a_manifest_but_one_makes_its_image_unreadable(problem: Any) -> None:
    lost = ManifestSeen("lost", Stored(None, problem, "why"), entry(), problem="why")
    assert unreadable(index(PLAIN, lost)) == (() if problem == "not-fetched" else ("lost: why",))


def test_layers_of_what_was_not_read_are_not_passed() -> None:
    sound = LayersSeen((layers.layer(),), deep=True)
    verdicts = [
        {result.id: result.verdict for result in judge_image(index(SENTINEL, *more, layers=sound))}["LAYER-006"]
        for more in ((), (LOST,))
    ]
    assert verdicts == ["pass", "not-run"]


def test_a_layer_may_be_judged_before_its_image() -> None:
    wrong = layers.layer(whole=layers.whole(blob_digest="sha256:other"))
    seen = LayersSeen((wrong,), deep=True)
    of_layers = judge_layer(wrong, deep=True)
    at_once = {name: tuple(check(seen)) for name, check in checks_of(LayersSeen).items()}
    assert of_layers == {name: judgements for name, judgements in at_once.items() if judgements}
    whole = judge_image(index(SENTINEL, layers=seen))
    assert whole == judge_image(index(SENTINEL, layers=seen), of_layers=of_layers)
    assert whole != judge_image(index(SENTINEL, layers=seen), of_layers={})


def test_what_needs_every_byte_is_left() -> None:
    requirement = load_catalogue()["LAYER-006"]
    left = unread("layer")
    for judgements, due in (([passed("a")], False), ([left], True), ([passed("a"), left], True)):
        assert needs_deep(conclude(requirement, judgements)) is due
    others = [informed("why"), unsupported("why")]
    assert not needs_deep(conclude(requirement, [passed("a"), *others]))
    assert needs_deep(conclude(requirement, [passed("a"), *others, left]))
    assert not needs_deep(conclude(requirement, [left, failed("wrong", where="layer", expected="this", found="that")]))


def test_a_sentinel_blob_is_judged_by_its_content_alone() -> None:
    content = canonical_sentinel()
    alone = judge_content(content)
    assert alone == judge_blob(SentinelBlob("blob", content))
    assert {result.id[:10] for result in alone} == {"SENT-BLOB-"}
    assert "fail" in {result.verdict for result in judge_content(b"x")}


def test_each_content_of_a_sentinel_is_judged_once() -> None:
    evidence = (Note("HTTP 500"),)
    again = manifest("again", first(), layer("a"), listed=entry())
    unreadable_blob = Stored(None, "unreadable", "HTTP 500", evidence=evidence)
    lost = manifest("lost", first(), listed=entry(), sentinels={0: unreadable_blob})
    other = manifest("other", first(), listed=entry(), sentinels={0: Stored(b"x")})
    results = {result.id: result for result in judge_image(index(SENTINEL, again, lost, other))}
    found = results["SENT-BLOB-009"].findings
    assert [(each.outcome, each.where) for each in found if each.outcome != "pass"] == [
        ("not-run", "lost.layers[0]"),
        ("fail", "other.layers[0]"),
    ]
    assert sum("again" in each.where for each in found) == 0

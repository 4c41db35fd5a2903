"""Layers in a registry: their tables by one request, and what is done where a registry serves ranges otherwise."""

from collections.abc import Iterator, Sequence

import msgspec
import pytest

from conformance.audit.checking import CheckOptions, check_image
from conformance.checks.artifact.judge import judge_image
from conformance.format.digest import Digest
from conformance.format.document import encode
from conformance.format.frames import skippable
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE
from conformance.format.oci import Descriptor
from conformance.images.layer_draft import LayerDraft, conforming_layer, finish_layer
from conformance.observed.image import Stored
from conformance.registry.client.client import RegistryClient
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.server import defects
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.reports.model import SubjectReport
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource
from conformance.sources.remote import WHOLE_SENT
from conformance.sources.source import Place
from tests.checks.artifact.pairs import pair_with


def push(registry: EmbeddedRegistry, draft: LayerDraft) -> str:
    """Push a pair whose last layer is this one; its reference."""
    finished = pair_with(finish_layer(draft))
    client = RegistryClient(registry.url)
    for content in finished.blobs.values():
        if content.startswith(b'{"schemaVersion"'):
            continue
        assert client.upload_blob("layers", content).status == 201
    for digest, content in finished.blobs.items():
        if content.startswith(b'{"schemaVersion"'):
            assert client.put_manifest_raw("layers", digest, content, MANIFEST_TYPE).status == 201
    assert client.put_manifest_raw("layers", "latest", finished.root, INDEX_TYPE).status == 201
    client.close()
    return f"{registry.url.partition('://')[2]}/layers:latest"


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[EmbeddedRegistry]:
    deviations = [request.param()] if hasattr(request, "param") else []
    with EmbeddedRegistry(defects=deviations) as started:
        yield started


def check(reference: str, *, deep: bool = False) -> SubjectReport:
    return check_image(reference, CheckOptions(ConnectionOptions(plain_http=True), use_panel=False, deep=deep))


def test_the_tables_of_a_layer_cost_one_request(registry: EmbeddedRegistry) -> None:
    reference = push(registry, conforming_layer())
    before = len(registry.exchanges)
    report = check(reference)
    made = registry.exchanges[before:]
    ranged = [exchange for exchange in made if exchange.request_header("Range")]
    assert report.conforms
    assert len(ranged) == len({exchange.url for exchange in ranged}) == 2, "one for each of the two layers"
    assert sum(exchange.response_size for exchange in ranged) < 8000
    assert not report.needs_deep or "LAYER-002" in report.needs_deep


def test_a_deep_check_downloads_each_layer_once(registry: EmbeddedRegistry) -> None:
    reference = push(registry, conforming_layer())
    before = len(registry.exchanges)
    report = check(reference, deep=True)
    whole = [
        exchange.url
        for exchange in registry.exchanges[before:]
        if "/blobs/" in exchange.url and not exchange.request_header("Range") and exchange.response_size > 512
    ]
    assert report.conforms
    assert not report.needs_deep
    assert len(whole) == len(set(whole))


def apart() -> LayerDraft:
    """TOC and tar-split lie apart, so that two ranges are wanted."""
    draft = conforming_layer()
    draft.behind_toc = skippable(bytes(200_000))
    return draft


@pytest.mark.parametrize("registry", [defects.ignores_range], indirect=True)
def test_a_registry_without_ranges_is_read_whole_and_that_is_reported(registry: EmbeddedRegistry) -> None:
    report = check(push(registry, conforming_layer()))
    assert report.conforms
    assert any(WHOLE_SENT in note for note in report.notes)


@pytest.mark.parametrize(
    "registry", [defects.ignores_multi_range, defects.first_range_only, defects.reorders_parts], indirect=True
)
def test_several_ranges_are_asked_for_singly_where_they_do_not_come_together(registry: EmbeddedRegistry) -> None:
    report = check(push(registry, apart()))
    assert {result.id for result in report.verdicts if result.verdict == "fail"} <= {"LAYER-005"}
    assert report.verdicts


def test_an_unavailable_blob_is_reported_and_not_judged(registry: EmbeddedRegistry) -> None:
    reference = push(registry, conforming_layer())
    digest = str(Digest.of(finish_layer(conforming_layer()).blob))
    client = RegistryClient(registry.url)
    assert client.delete_blob_raw("layers", digest).status == 202
    client.close()
    report = check(reference, deep=True)
    verdicts = {result.id: result.verdict for result in report.verdicts}
    assert not report.conforms
    assert verdicts["LAYER-002"] == verdicts["TOC-001"] == "not-run"


def test_an_unreadable_position_in_the_footer_is_not_judged() -> None:
    class Gone(MemorySource):
        """The first bytes of the blob are not available."""

        def parts(self, descriptor: Descriptor, places: Sequence[Place]) -> tuple[Stored, ...]:
            whole = super().parts(descriptor, places)
            return tuple(
                Stored(problem="unreadable", detail="gone") if offset < 100 else part
                for (offset, _), part in zip(places, whole, strict=True)
            )

    draft = conforming_layer()
    draft.footer = lambda footer: msgspec.structs.replace(footer, toc=msgspec.structs.replace(footer.toc, offset=60))
    layer = finish_layer(draft)
    manifest = encode({"schemaVersion": 2, "config": layer.descriptor, "layers": [layer.descriptor]})
    source = Gone({layer.descriptor["digest"]: layer.blob}, manifest)
    verdicts = {result.id: result.verdict for result in judge_image(observe_image(source))}
    assert verdicts["FOOTER-003"] == "not-run"

"""The client library beside the judge: it takes every conforming layer, and refuses what is forbidden for its sake."""

from collections.abc import Callable, Iterator

import msgspec
import pytest

from conformance.cases.mutants import layers
from conformance.cases.mutants.layers._toc import tar_split_digest_written_empty, time_written_empty
from conformance.cases.variants import artifacts
from conformance.images.draft import Drafted
from conformance.images.layer_draft import LayerDraft, finish_layer
from conformance.readers.panel import TOC_READER, Panel
from conformance.readers.reading import Reading
from conformance.requirements import broken_by, find_mutants, find_variants
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource
from tests.tools import need

REFUSED = [
    *(maker for maker in find_mutants(layers) if "TARSPLIT-011" in broken_by(maker)),
    *(time_written_empty, tar_split_digest_written_empty),
]


@pytest.fixture(scope="module")
def client() -> Iterator[Callable[[bytes, dict[str, str]], Reading]]:
    with Panel(only=["go-storage"]) as panel:
        need(any(info.name == TOC_READER for info in panel.readers), TOC_READER)

        def read(blob: bytes, annotations: dict[str, str]) -> Reading:
            return panel.read_layers([(blob, msgspec.json.encode(annotations))])[0][TOC_READER]

        yield read


@pytest.mark.parametrize("maker", find_variants(artifacts), ids=lambda maker: maker.__name__)
def test_the_client_accepts_conforming_layers(
    client: Callable[[bytes, dict[str, str]], Reading], maker: Callable[[], Drafted]
) -> None:
    image = maker()
    for layer in observe_image(MemorySource(image.blobs, image.root)).layers.layers:
        if layer.is_current and layer.descriptor.digest in image.blobs:
            reading = client(image.blobs[layer.descriptor.digest], layer.descriptor.annotations or {})
            assert reading.accepts, reading.refused


@pytest.mark.parametrize("maker", REFUSED, ids=lambda maker: maker.__name__)
def test_the_client_refuses_what_is_forbidden_for_its_sake(
    client: Callable[[bytes, dict[str, str]], Reading], maker: Callable[[], LayerDraft]
) -> None:
    assert broken_by(maker)
    layer = finish_layer(maker())
    assert not client(layer.blob, layer.descriptor["annotations"]).accepts

"""TAR-056 and TAR-057 on whole images."""

from conformance.checks.artifact.layer_stacks import parents_in_lower_layers
from conformance.images.drafted import image_of
from conformance.images.layer_draft import draft_layer
from conformance.images.trees import Node
from conformance.results import passed
from conformance.sources.image import observe_image
from conformance.sources.memory import MemorySource


def test_layers_that_both_manifests_of_a_pair_have_are_judged_once() -> None:
    made = image_of(draft_layer((Node("d", "dir"),)), draft_layer((Node("d/f", content=b"1"),)))
    (judgement,) = parents_in_lower_layers(observe_image(MemorySource(made.blobs, made.root)))
    assert judgement == passed("", found="2 layers")

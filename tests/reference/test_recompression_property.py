"""Of any image: recompressing the sentinel variant gives what recompressing the plain one gives."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.format.writer import layer_from_tar
from conformance.images.trees import Tree, tar_of
from conformance.strategies.trees import trees
from tests.reference.reference_bench import ReferenceBench, bench


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReferenceBench]:
    """One registry for all examples: every blob is named by its digest."""
    with bench(tmp_path_factory.mktemp("bench")) as made:
        yield made


def recompressed(here: ReferenceBench, digest: str, compression: str) -> bytes:
    ended = here.reference(
        "recompress",
        "--reference",
        here.name(f"a@{digest}"),
        "--destination",
        here.name("b:1"),
        "--compression",
        compression,
    )
    assert ended.status == 0, ended.err
    return here.raw("b:1")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(trees(max_nodes=4, max_size=5000).filter(bool), min_size=1, max_size=3),
    st.sampled_from(("gzip", "uncompressed")),
)
def test_the_sentinel_leaves_no_trace(here: ReferenceBench, layers: list[Tree], compression: str) -> None:
    made = []
    for tree in layers:
        blob, written = layer_from_tar(tar_of(tree))
        made.append((blob, str(written.diff_id), written.annotations))
    here.put_pair("a", made)
    plain, sentinel = (entry["digest"] for entry in here.fields("a:1")["manifests"])
    assert plain != sentinel
    assert recompressed(here, sentinel, compression) == recompressed(here, plain, compression)

"""SENT-PUSH: how a producer pushes both variants (docs/format.md section 16)."""

from collections.abc import Iterator

from conformance.checks.pairs import layers_of, sentinel_manifests
from conformance.format.names import SENTINEL_TYPE
from conformance.observation_producer import AgainSeen
from conformance.requirements import decides
from conformance.results import Judgement, judge


@decides("SENT-PUSH-014")
def no_second_sentinel(seen: AgainSeen) -> Iterator[Judgement]:
    if seen.after is None or not sentinel_manifests(seen.before):
        return
    for manifest in seen.after.manifests:
        count = sum(layer.media_type == SENTINEL_TYPE for layer in layers_of(manifest))
        yield judge(count <= 1, "A sentinel variant was given another sentinel.",
                    where=f"{seen.name}: {manifest.name}", expected="one sentinel layer at most",
                    found=f"{count} sentinel layers", evidence=seen.evidence)  # fmt: skip

"""Each REG requirement with the requests that show it, and the positive control of all."""

from collections.abc import Callable, Mapping, Sequence
from types import MethodType
from typing import Any, Final

from conformance.checks.bound import Scenario, deciding
from conformance.checks.registry import existence, lifecycle, ranges, storage
from conformance.checks.registry.control import control_problem
from conformance.registry.client.client import TransportError
from conformance.trials.registry.probe import RegistryProbe

SCENARIOS: Final[Mapping[str, Scenario[RegistryProbe, Any]]] = dict(
    (
        deciding(storage.accepts_sentinel_manifest, RegistryProbe.sentinel_manifest),
        deciding(storage.keeps_twin_platforms, RegistryProbe.twin_index),
        deciding(storage.byte_for_byte, RegistryProbe.odd_documents),
        deciding(storage.serves_sentinel, RegistryProbe.sentinel_blob),
        deciding(ranges.single, RegistryProbe.single_ranges),
        deciding(ranges.several, RegistryProbe.multi_ranges),
        deciding(ranges.unsatisfiable, RegistryProbe.past_the_end),
        deciding(ranges.redirects_keep_range, RegistryProbe.redirect),
        deciding(storage.head_tells_the_truth, RegistryProbe.blobs),
        deciding(lifecycle.mounts, RegistryProbe.mount),
        deciding(lifecycle.mount_falls_back, RegistryProbe.impossible_mounts),
        deciding(lifecycle.shared_blobs_survive, RegistryProbe.survival),
        deciding(storage.refuses_wrong_digest, RegistryProbe.wrong_digest),
        deciding(storage.dangling_is_refused_or_kept, RegistryProbe.dangling),
        deciding(storage.content_type_kept, RegistryProbe.content_types),
        deciding(lifecycle.lists_referrers, RegistryProbe.referrers),
        deciding(storage.nothing_invented, RegistryProbe.without_accept),
        deciding(ranges.many, RegistryProbe.many_ranges),
        deciding(storage.accepts_a_mixed_index, RegistryProbe.mixed_index),
        deciding(ranges.near_ranges_stay_apart, RegistryProbe.near_ranges),
        deciding(lifecycle.nothing_lost_under_load, RegistryProbe.concurrent),
        deciding(lifecycle.takes_concurrent_pushes, RegistryProbe.concurrent),
        deciding(storage.head_states_the_length, RegistryProbe.blobs),
        deciding(ranges.never_wrong, RegistryProbe.all_ranges),
        deciding(ranges.nothing_missing, RegistryProbe.all_ranges),
        deciding(existence.head_and_get_agree, RegistryProbe.apart),
        deciding(existence.deletes_in_one_repository, RegistryProbe.apart),
    )
)
"""REG-020 has a trial of its own (``machine``)."""
_OF_DOCUMENTS: Final = frozenset(
    {
        RegistryProbe.sentinel_manifest,
        RegistryProbe.twin_index,
        RegistryProbe.odd_documents,
        RegistryProbe.content_types,
        RegistryProbe.referrers,
        RegistryProbe.without_accept,
    }
)
"""These put the same documents into one repository, or get them from there."""
_LONG: Final = frozenset({RegistryProbe.concurrent, RegistryProbe.apart})


def batches(probe: RegistryProbe, wanted: Sequence[str]) -> list[list[Callable[[], Any]]]:
    """What observes the registry for these requirements. Batches may be run at the same time, the first ones first.

    ``_OF_DOCUMENTS`` is one batch, since its requests would meet: distribution 2.8 empties the link of a document
    while it is put again, and refuses an index of it at that moment. That is REG-026, which has its own repositories.
    """
    observed = {SCENARIOS[name].observe: observation_of(probe, name) for name in wanted if name in SCENARIOS}
    together = [job for observe, job in observed.items() if observe in _OF_DOCUMENTS]
    first = [[job] for observe, job in observed.items() if observe in _LONG]
    rest = [[job] for observe, job in observed.items() if observe not in _OF_DOCUMENTS | _LONG]
    return [*first, *filter(None, [together]), *rest]


def control_failure(probe: RegistryProbe) -> str:
    """Why nothing can be decided about this registry, in one sentence; "" when an ordinary push works."""
    try:
        return control_problem(probe.control())
    except TransportError as error:
        return f"An ordinary push fails: {error}"


def observation_of(probe: RegistryProbe, requirement_id: str) -> Callable[[], Any]:
    """What observes the registry for this requirement; several may share one, which is then the same."""
    return MethodType(SCENARIOS[requirement_id].observe, probe)

"""Judges every mutant and variant, one row each."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec

from conformance import checks
from conformance.assurance.matrix import judging, programs
from conformance.assurance.matrix.model import Matrix, Part, Row
from conformance.assurance.matrix.registries import judge_defect
from conformance.cases import variants
from conformance.cases.mutants import (
    all_mutants,
    blob,
    clients,
    clients_input,
    clients_outside,
    clients_select,
    clients_unaware,
    copiers,
    copiers_whole,
    documents,
    layouts,
    metadata,
    producers,
    producers_contents,
)
from conformance.cases.variants import consumers as lawful_consumers
from conformance.cases.variants import copiers as lawful_copiers
from conformance.cases.variants import producers as lawful_producers
from conformance.implementations.adapter import find_adapter
from conformance.registry.server import defects, existence_defects
from conformance.requirements import (
    broken_by,
    find_checks,
    find_variants,
    freedom_of,
    load_catalogue,
    module_of,
    name_of,
)
from conformance.results import RequirementResult, conclude
from conformance.trials.consumer.scenarios import judge_requirement
from conformance.trials.consumer.trial import ConsumerTrials
from conformance.trials.under_test import ImplementationUnderTest

Maker = Callable[..., Any]
Results = Iterable[RequirementResult]
Judge = Callable[[Any], Results]
_PARTS: Final[dict[str, tuple[Part, Judge]]] = {
    blob.__name__: ("artifact", judging.judge_sentinel),
    metadata.__name__: ("artifact", judging.judge_metadata),
    documents.__name__: ("artifact", judging.judge_metadata),
    layouts.__name__: ("artifact", judging.judge_layout),
    defects.__name__: ("registry", judge_defect),
    existence_defects.__name__: ("registry", judge_defect),
    **{m.__name__: ("producer", programs.judge_producer) for m in (producers, producers_contents, lawful_producers)},
    **{module.__name__: ("copier", programs.judge_copier) for module in (copiers, copiers_whole, lawful_copiers)},
    **{
        module.__name__: ("consumer", programs.judge_consumer)
        for module in (
            clients,
            clients_input,
            clients_outside,
            clients_select,
            clients_unaware,
            lawful_consumers,
        )
    },
}


def makers(parts: Iterable[Part] = (), ids: Iterable[str] = ()) -> tuple[Maker, ...]:
    """All mutants, then all variants; only of these parts and about these requirements, where any are named."""
    wanted_parts, wanted_ids = frozenset(parts), frozenset(ids)
    return tuple(
        maker
        for maker in (*all_mutants(), *find_variants(variants))
        if (not wanted_parts or _part(maker)[0] in wanted_parts)
        and (not wanted_ids or wanted_ids.intersection(_about(maker)))
    )


def run(chosen: Iterable[Maker], *, whole: bool = False) -> Iterator[Row]:
    """Yield a row for each of these as soon as it is judged; ``whole`` as in Matrix."""
    for maker in chosen:
        part, judge = _part(maker)
        if maker in clients_input.SHOWN_BY_MEMORY:
            results = tuple(_in_a_process(maker))
        elif part == "consumer" and not whole and not _is_variant(maker):
            results = tuple(programs.judge_consumer(maker, broken_by(maker)))
        else:
            results = tuple(judge(maker))
        yield _variant_row(maker, part, results) if _is_variant(maker) else _mutant_row(maker, part, results)


def matrix_of(rows: Iterable[Row], *, whole: bool = False) -> Matrix:
    """The matrix of these rows; other mutants and variants are counted as left out."""
    catalogue, bound, rows = load_catalogue(), find_checks(checks), tuple(rows)
    judged_names = {row.name for row in rows}
    left: Counter[str] = Counter(_part(maker)[0] for maker in makers() if name_of(maker) not in judged_names)
    judged = tuple(each.id for each in catalogue.requirements if each.id in bound)
    return Matrix(catalogue.revision, judged, rows, whole, dict(left))


_NO_FREEDOM: Final = frozenset(("FOOTER-006",))
"""MAYs about a legacy form: a writer of this revision has no choice."""


def freedoms() -> tuple[str, ...]:
    """The requirements that permit a choice by their wording: MAYs, and statements with "but … may"."""
    bound = find_checks(checks)
    return tuple(
        each.id
        for each in load_catalogue().requirements
        if each.id in bound
        and each.id not in _NO_FREEDOM
        and (each.level == "MAY" or (" but " in each.statement and " may " in each.statement))
    )


def _about(maker: Maker) -> tuple[str, ...]:
    return freedom_of(maker).ids if _is_variant(maker) else broken_by(maker)


def _is_variant(maker: Maker) -> bool:
    return hasattr(maker, "__varies__")


def _part(maker: Maker) -> tuple[Part, Judge]:
    module = module_of(maker)
    if module in _PARTS:
        return _PARTS[module]
    if module.startswith("conformance.cases.variants.registries"):
        return "registry", judge_defect
    if module.startswith("conformance.cases.variants.artifacts"):
        return "artifact", lambda made: judging.judge_drafted(made())
    return "artifact", judging.judge_layer


def _mutant_row(maker: Maker, part: Part, results: tuple[RequirementResult, ...]) -> Row:
    return Row(
        name_of(maker), "mutant", part, tuple(broken_by(maker)), judging.failing(results), decided=_decided(results)
    )


def _variant_row(maker: Maker, part: Part, results: tuple[RequirementResult, ...]) -> Row:
    """The row of a variant. A MAY that fails decides nothing: it is not a failure of a permitted choice."""
    catalogue, freedom = load_catalogue(), freedom_of(maker)
    failed = tuple(name for name in judging.failing(results) if catalogue[name].level != "MAY")
    undecided = tuple(sorted(each.id for each in results if each.verdict == "not-run" and each.level == "MUST"))
    warns = tuple(name for name in freedom.warns if catalogue[name].level != "MAY")
    return Row(name_of(maker), "variant", part, warns, failed, freedom.ids, undecided, _decided(results))


def _decided(results: tuple[RequirementResult, ...]) -> int:
    return sum(result.verdict in ("pass", "fail") for result in results)


def _in_a_process(maker: Maker) -> Results:
    catalogue, adapter = load_catalogue(), find_adapter("reference")
    client = f"{maker.__module__.rpartition('.')[2]}.{maker.__name__}"
    (vector,) = adapter.operations["unpack"]
    run_client = ("{python}", "-m", "conformance.cases.mutants.run_client", client, *vector[3:])
    defective = msgspec.structs.replace(adapter, operations={"unpack": (run_client,)})
    with TemporaryDirectory(prefix="zcc-matrix-") as directory:
        trials = ConsumerTrials(ImplementationUnderTest(defective, "0", Path(directory)), aware=True)
        for name in broken_by(maker):
            yield conclude(catalogue[name], judge_requirement(trials, name))

"""Selection: the table of docs/format.md section 17, the checks, and clients with one defect each."""

import pytest

from conformance.checks.bound import judge_all
from conformance.format.oci import Index, Platform
from conformance.format.selection import Policy, select
from conformance.observed.consumer import SelectionSeen
from conformance.requirements import broken_by, find_mutants
from tests.checks.consumer import clients
from tests.checks.consumer.clients import AMD64, SITUATIONS, Client, index_of, right_client

MUTANTS = find_mutants(clients)
# index | first | zstd | zstd, prefer gzip | aware | aware, prefer gzip
TABLE = [
    ("G Z", "G", "Z", "G", "Z", "G"),
    ("Z S", "Z", "Z", "Z", "S", "S"),
    ("G Z S", "G", "Z", "G", "S", "G"),
    ("S Z", "S", "S", "S", "S", "S"),
    ("z S", "z", "S", "z", "S", "z"),
    ("G z S", "G", "S", "G", "S", "G"),
    ("Z s", "Z", "Z", "s", "Z", "s"),
    ("s Z", "s", "Z", "s", "Z", "s"),
    ("G S", "G", "S", "G", "S", "G"),
    ("G Z s", "G", "Z", "G", "Z", "s"),
    ("Z X", "Z", "Z", "Z", "Z", "Z"),
    ("S", "S", "S", "S", "S", "S"),
]
COLUMNS = [
    (Policy.FIRST, False),
    (Policy.ZSTD, False),
    (Policy.ZSTD, True),
    (Policy.AWARE, False),
    (Policy.AWARE, True),
]


@pytest.mark.parametrize("column", range(5), ids=["first", "zstd", "zstd-gzip", "aware", "aware-gzip"])
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_the_selection_table(row: tuple[str, ...], column: int) -> None:
    policy, prefer_gzip = COLUMNS[column]
    chosen = select(Index(schema_version=2, manifests=index_of(row[0])), policy, AMD64, prefer_gzip=prefer_gzip)
    assert chosen is not None
    assert row[0].split()[chosen] == row[1 + column]


@pytest.mark.parametrize(
    ("wanted", "offered", "expected"),
    [
        (Platform("arm", "linux", "v7"), ["v8", "v6", "v7", ""], 2),
        (Platform("arm", "linux", "v7"), ["v8", "", "v6"], 2),
        (Platform("arm", "linux", "v6"), ["v8", "v7"], None),
        (Platform("arm64", "linux"), ["v8", ""], 1),
        (Platform("arm64", "linux"), ["v9", "v8"], 1),
        (Platform("arm64", "linux", "v9"), ["v8", "", "v9"], 2),
        (Platform("amd64", "linux", "v3"), ["v2", ""], 1),
    ],
)
def test_the_better_variant_wins(wanted: Platform, offered: list[str], expected: int | None) -> None:
    entries = [index_of("Z", Platform(wanted.architecture, wanted.os, variant))[0] for variant in offered]
    assert select(Index(schema_version=2, manifests=tuple(entries)), Policy.AWARE, wanted) == expected


def verdicts(client: Client) -> dict[str, str]:
    return {result.id: result.verdict for result in judge_all(SelectionSeen, [client(one) for one in SITUATIONS])}


def test_a_client_that_chooses_right_passes_every_check() -> None:
    found = verdicts(right_client)
    assert found.pop("SENT-SELECT-011") == "not-applicable"  # of trials: by digest there is nothing to choose
    assert found == {f"SENT-SELECT-{number:03}": "pass" for number in range(1, 11)}


@pytest.mark.parametrize("client", MUTANTS, ids=lambda client: client.__name__)
def test_each_mutant_fails_its_requirement_and_no_unrelated_one(client: Client) -> None:
    failed = {name for name, verdict in verdicts(client).items() if verdict == "fail"}
    assert failed == set(broken_by(client))

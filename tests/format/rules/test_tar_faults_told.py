"""What is found in each odd tar, word for word and byte for byte: users go to the place that a finding names.

The texts are in tar_faults.json. After a change that is meant: ``ZCC_WRITE_FINDINGS=1 pytest THIS FILE``, and read the
difference.
"""

import json
import os
from pathlib import Path

import pytest

from conformance.cases.mutants.tar_constructs import LAWFUL, constructs
from conformance.format.tar_faults import TarRule
from tests.format.rules.watching import watched

FILE = Path(__file__).parent / "tar_faults.json"
TARS = {construct.name: construct.tar for construct in constructs()} | {
    f"conforming {k}": tar for k, tar in LAWFUL.items()
}


def told(tar: bytes) -> list[str]:
    faults = watched(tar)
    return [
        f"{fault.rule} of {fault.name or 'nothing'} at {fault.offset}: {fault.what}: {fault.expected}; {fault.found}"
        for fault in faults.of(TarRule)
    ]


if os.environ.get("ZCC_WRITE_FINDINGS"):
    FILE.write_text(json.dumps({name: told(tar) for name, tar in sorted(TARS.items())}, indent=1) + "\n", "utf-8")
DUE: dict[str, list[str]] = json.loads(FILE.read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(DUE.keys() & TARS.keys()))
def test_what_is_wrong_is_reported_with_its_place(name: str) -> None:
    assert told(TARS[name]) == DUE[name]


def test_every_odd_tar_has_its_words() -> None:
    assert DUE.keys() == TARS.keys()

"""One test for each requirement, named by its id and its check."""

from collections.abc import Iterable
from typing import Any

import pytest

from conformance import checks
from conformance.requirements import find_checks


def one_test_each(ids: Iterable[str]) -> list[Any]:
    """The parameters of a test that decides each of these requirements; KeyError for an id without a check."""
    bound = find_checks(checks)
    return [
        pytest.param(name, id=f"{name}-{bound[name].__name__}", marks=pytest.mark.requirement(name)) for name in ids
    ]

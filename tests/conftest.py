"""What every test needs."""

from collections.abc import Iterator

import pytest

from conformance.observed.masking import SECRETS
from conformance.strategies.profiles import load_profile

# One profile for all tests, whichever of them are run. It has no deadlines: time is measured in benchmarks, and a
# loaded machine fails no test.
load_profile("quick")


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """A password of one test must not be masked in the output of another."""
    yield
    SECRETS.forget()

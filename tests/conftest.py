"""What every test needs."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from conformance.observed.masking import SECRETS

# No deadlines: time is measured in benchmarks, and a loaded machine fails no test.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """A password of one test must not be masked in the output of another."""
    yield
    SECRETS.forget()

"""What every test needs."""

from collections.abc import Iterator

import pytest

from conformance.observed.masking import SECRETS


@pytest.fixture(autouse=True)
def _no_secrets_of_other_tests() -> Iterator[None]:
    """A password of one test must not be masked in the output of another."""
    yield
    SECRETS.forget()

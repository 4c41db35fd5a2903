"""Targets with one deliberate defect, one edit from a positive control: each names the requirement that it violates.

They show that every check can fail (tests/), and are part of the package so that
``zcc requirements`` can list them and third parties can test their own checkers with them.
"""

import sys
from collections.abc import Callable
from typing import Any

from conformance.registry.server import defects, existence_defects
from conformance.requirements import find_mutants


def all_mutants() -> tuple[Callable[..., Any], ...]:
    """The mutants of this package, and those of registries: the defects of the embedded registry."""
    return find_mutants(sys.modules[__name__], defects, existence_defects)

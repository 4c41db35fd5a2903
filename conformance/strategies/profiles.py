"""Profiles of Hypothesis: ``quick`` for daily runs, ``thorough`` for nightly runs, ``certify`` for certification."""

from typing import Literal

from hypothesis import HealthCheck, Phase, settings

_EXAMPLES = {"quick": 25, "thorough": 500, "certify": 2000}
PREFIX = "conformance-"


def load_profile(effort: Literal["quick", "thorough", "certify"]) -> None:
    """Register the three profiles and make ``effort`` the current one.

    There is no deadline: benchmarks measure time, tests do not. ``print_blob`` prints the line that reproduces a
    failure.
    """
    for name, examples in _EXAMPLES.items():
        settings.register_profile(
            PREFIX + name,
            max_examples=examples,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
        )
    settings.load_profile(PREFIX + effort)

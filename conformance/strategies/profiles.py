"""How much Hypothesis generates: ``quick`` for every day, ``thorough`` for a night, ``certify`` for a certificate."""

from typing import Literal

from hypothesis import HealthCheck, Phase, settings

_EXAMPLES = {"quick": 25, "thorough": 500, "certify": 2000}
PREFIX = "conformance-"


def load_profile(effort: Literal["quick", "thorough", "certify"]) -> None:
    """Register the three profiles and make ``effort`` the current one.

    No deadline: time is measured in benchmarks, never by a test. ``print_blob`` gives the line that
    reproduces a failure.
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

"""The positive control of a registry: before an ordinary push works, no requirement is judged."""

from conformance.observed.registry import ControlSeen


def control_problem(seen: ControlSeen) -> str:
    """Why the registry cannot be judged, in one sentence; "" when it took an ordinary image and gave it back."""
    for answered in seen.pushes:
        if answered.status != 201:
            return f"An ordinary push fails: {answered.what}: HTTP {answered.status}, not 201."
    for expected, answered in seen.reads:
        if answered.status != 200 or answered.content != expected:
            got = f"{len(answered.content)} other bytes" if answered.status == 200 else f"HTTP {answered.status}"
            return f"An ordinary image does not come back as it was pushed: {answered.what}: {got}."
    return ""

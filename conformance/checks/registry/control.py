"""The positive control of a registry: before an ordinary push works, no requirement is judged."""

from conformance.observed.registry import ControlSeen


def control_problem(seen: ControlSeen) -> str:
    """Why the registry cannot be judged, in one sentence; "" when it took an ordinary image and gave it back."""
    for response in seen.pushes:
        if response.status != 201:
            return f"An ordinary push fails: {response.what}: HTTP {response.status}, not 201."
    for expected, response in seen.reads:
        if response.status != 200 or response.content != expected:
            got = f"{len(response.content)} other bytes" if response.status == 200 else f"HTTP {response.status}"
            return f"An ordinary image does not come back as it was pushed: {response.what}: {got}."
    return ""

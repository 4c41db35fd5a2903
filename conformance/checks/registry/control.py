"""The positive control of a registry: no requirement is judged unless an ordinary push works."""

from conformance.observed.registry import ControlSeen


def control_problem(seen: ControlSeen) -> str:
    """Why the registry cannot be judged, in one sentence; "" when it stored and returned an ordinary image."""
    for response in seen.pushes:
        if response.status != 201:
            return f"An ordinary push fails: {response.what}: HTTP {response.status}, not 201."
    for expected, response in seen.reads:
        if response.status != 200 or response.content != expected:
            got = f"{len(response.content)} other bytes" if response.status == 200 else f"HTTP {response.status}"
            return f"An ordinary image is not returned as it was pushed: {response.what}: {got}."
    return ""

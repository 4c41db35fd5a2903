"""Whether the checks can be relied on: every case judged, and mutated archives compared with real readers."""

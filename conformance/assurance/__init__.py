"""Tests of the checks: every case judged, and mutated archives compared with real readers."""

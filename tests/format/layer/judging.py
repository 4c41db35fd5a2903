"""Judges one written layer, alone in an image."""

from conformance.suite.invariants import failing_of_layer as judge_layer

__all__ = ["judge_layer"]

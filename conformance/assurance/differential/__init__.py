"""The differential harness: judges mutated archives, and compares the verdicts with real readers.

``python -m conformance.assurance.differential --cases N``, or ``nox -s differential -- --cases N``; docs/soundness.md.
"""

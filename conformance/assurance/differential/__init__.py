"""The differential harness: mutated archives through the judge and through real readers, to find where they disagree.

``python -m conformance.assurance.differential --cases N``, or ``nox -s differential -- --cases N``; docs/soundness.md.
"""

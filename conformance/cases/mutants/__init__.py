"""Deliberately wrong targets, one edit from a positive control: each names the requirement it breaks.

They prove that every check can fail (tests/), and are part of the package so that
``zcc requirements`` can list them and third parties can try their own checkers on them.
"""

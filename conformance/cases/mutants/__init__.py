"""Deliberately wrong subjects, one edit from a conforming twin: each names the requirement it breaks.

They prove that every check can fail (tests/), and are part of the package so that
``zcc requirements`` can say so and third parties can try their own checkers on them.
"""

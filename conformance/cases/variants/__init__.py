"""Permitted choices that the reference implementation does not make: the opposite of mutants.

Each is marked with the requirements that it touches, and its docstring names the source that permits the choice. No
MUST may fail on it or be undecided; a SHOULD fails exactly where the mark states this. They show that no check
fails on a conforming target (tests/), and are part of the package so that ``zcc requirements`` can list them.
"""

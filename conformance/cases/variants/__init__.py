"""Permitted choices that the reference implementation does not take: the opposite of mutants.

Each is marked with the requirements it touches, and its docstring names the source that leaves the choice open. No MUST
may fail on it and none may be left out; a SHOULD fails exactly where the mark states this. They prove that no check
calls a conforming target wrong (tests/), and are part of the package so that ``zcc requirements`` can list them.
"""

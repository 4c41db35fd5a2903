"""Targets with one deliberate defect, one edit from a positive control: each names the requirement that it violates.

They show that every check can fail (tests/), and are part of the package so that
``zcc requirements`` can list them and third parties can test their own checkers with them.
"""

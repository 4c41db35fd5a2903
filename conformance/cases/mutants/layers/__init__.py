"""Layers with one defect each: one edit from a positive control, and the requirement that it violates.

The modules are private, so that the name of a mutant does not state which of them has it: ``mutants.layers.no_footer``.
"""

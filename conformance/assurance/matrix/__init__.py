"""The kill matrix: the verdicts of every requirement on every mutant and every conforming variant."""

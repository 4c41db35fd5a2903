"""The kill matrix: every mutant and every conforming variant judged, and what each requirement states about it."""

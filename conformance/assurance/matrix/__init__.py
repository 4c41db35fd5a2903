"""The kill matrix: every mutant and every lawful variant judged, and what each requirement says of it."""

"""The pytest modules, one per role: what a user runs. Only this package uses pytest."""

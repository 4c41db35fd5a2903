"""The pytest modules, one per role: what a user runs. Only this room speaks pytest."""

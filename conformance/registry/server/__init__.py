"""The embedded registry, its defects and faults, and the launcher of real registries."""

"""Checks of consumers, aware of the sentinel and not."""

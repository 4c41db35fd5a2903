"""Checks of what a producer pushed, and in which order."""

"""Checks of copies."""

"""Checks of registries."""

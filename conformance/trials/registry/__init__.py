"""Trials of registries."""

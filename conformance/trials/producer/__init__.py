"""Trials of producers."""

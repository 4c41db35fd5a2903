"""Trials of consumers."""

"""Runs a tool by its adapter: adapter files, runner, outcomes."""

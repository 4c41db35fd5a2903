"""Observations of images, layers, registries, producers and consumers, and their evidence. Frozen values."""

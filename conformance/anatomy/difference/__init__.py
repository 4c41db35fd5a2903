"""Differences between two images, or between the two readings of one layer (``zcc diff``)."""

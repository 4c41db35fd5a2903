"""Findings from observations, grouped like the catalogue. Pure: a check neither prints, skips nor asserts."""

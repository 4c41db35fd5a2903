"""Findings from observations, grouped as the catalogue is. Pure: a check neither prints, skips nor asserts."""

"""Validation and conformance test suite for zstd:chunked images and their sentinel variants."""

__version__ = "0.2.0"

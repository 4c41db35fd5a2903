"""Hypothesis strategies over the format, public: conforming things, and for each its invalid relatives."""

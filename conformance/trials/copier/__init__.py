"""The copier's trial: real copies between two embedded registries, and what they show."""

"""Builds, pushes and pulls images with the reference writer (``zcc build``, ``push``, ``pull``, ``sentinel``)."""

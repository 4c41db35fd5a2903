"""The error of a build."""


class BuildError(Exception):
    """An image cannot be built; one line states what, why, and what to do. Leads to exit status 2."""

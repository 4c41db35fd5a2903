"""Why an image was not built."""


class BuildError(Exception):
    """One line for the user: what cannot be built, why, and what to do. Leads to exit status 2."""

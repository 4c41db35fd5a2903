"""Why an image could not be read."""


class SourceError(Exception):
    """One line for the user: what could not be judged, why, and the remedy. The exit status is 2."""

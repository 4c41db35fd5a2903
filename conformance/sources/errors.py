"""Why a target could not be observed at all."""


class SourceError(Exception):
    """One line for the user: what could not be judged, why, and what to do. Leads to exit status 2."""

"""Why a subject could not be observed at all."""


class SubjectError(Exception):
    """One line for the user: what could not be judged, why, and what to do. Leads to exit status 2."""

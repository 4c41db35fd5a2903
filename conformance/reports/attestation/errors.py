"""Why nothing is signed, and why an attestation is refused."""


class AttestationError(Exception):
    """One line: what cannot be signed, read or attached, and what to do."""


class RefusedError(AttestationError):
    """One line: why this attestation does not hold for what was given."""

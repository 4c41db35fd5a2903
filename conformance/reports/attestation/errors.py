"""Errors of signing and of verification."""


class AttestationError(Exception):
    """One line: what cannot be signed, read or attached, and the remedy."""


class RefusedError(AttestationError):
    """One line: why this attestation is not valid for the given input."""

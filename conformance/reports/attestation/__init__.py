"""Signed results: an in-toto statement in a DSSE envelope, as a sigstore bundle (docs/reports.md)."""

"""Certificates created for one test."""

from pathlib import Path

import trustme


def certificate(directory: Path, *names: str) -> tuple[tuple[Path, Path], Path]:
    """The files of a certificate chain and its key, for these names (default: 127.0.0.1), and of its authority."""
    authority = trustme.CA()
    issued = authority.issue_cert(*(names or ("127.0.0.1",)))
    chain, key, ca = directory / "chain.pem", directory / "key.pem", directory / "ca.pem"
    for blob in issued.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    return (chain, key), ca

"""Whether an attestation is valid: its signature, the results, and the image or program."""

from pathlib import Path

import msgspec

from conformance.observed.printable import safe
from conformance.reports.attestation import keys
from conformance.reports.attestation.bundle import read_bundle
from conformance.reports.attestation.errors import AttestationError, RefusedError
from conformance.reports.attestation.statement import (
    PAYLOAD_TYPE,
    PREDICATE_TYPE,
    RESULTS_FILE,
    STATEMENT_TYPE,
    Resource,
    Statement,
    make_statement,
)
from conformance.reports.model import Report
from conformance.reports.provenance import CATALOGUE_FILE, Identity, digest_of


class Verified(msgspec.Struct, frozen=True):
    """The content of a valid attestation: its subject, the key and the result."""

    subject: Identity
    fingerprint: str
    statement: Statement


def verify_attestation(
    raw_bundle: bytes, key_file: Path, report: Report, raw_results: bytes, wanted: Identity | None = None
) -> Verified:
    """Check a bundle against the public key, the results and, where given, the image or program.

    Raises RefusedError with the first reason why it is not valid, AttestationError for a key that cannot be used.
    """
    signed = read_bundle(raw_bundle)
    fingerprint = keys.verify(signed, key_file)
    statement = _statement(signed.payload, signed.payload_type)
    _same_results(statement, raw_results)
    subject = _subject(statement)
    try:
        expected = make_statement(report, raw_results, subject)
    except AttestationError as error:
        raise RefusedError(str(error)) from None
    _same_catalogue(statement, expected)
    if statement.predicate != expected.predicate:
        says, comes_to = statement.predicate.result, expected.predicate.result
        raise RefusedError(f"its verdicts ({says}) differ from those of the results ({comes_to})")
    if wanted is not None and wanted.digest != subject.digest:
        raise RefusedError(
            f"it is of {safe(subject.name)} ({subject.digest}), and {safe(wanted.name)} is {wanted.digest}"
        )
    return Verified(subject, fingerprint, statement)


def subject_of(raw_bundle: bytes) -> tuple[Identity, Statement]:
    """The subject of a bundle, without verification of its signature; RefusedError when it is not an attestation of
    this project.
    """
    signed = read_bundle(raw_bundle)
    statement = _statement(signed.payload, signed.payload_type)
    return _subject(statement), statement


def _statement(payload: bytes, payload_type: str) -> Statement:
    if payload_type != PAYLOAD_TYPE:
        raise RefusedError(f"the payload is {safe(payload_type[:80])}, not {PAYLOAD_TYPE}")
    try:
        statement = msgspec.json.decode(payload, type=Statement)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(f"the payload is not a statement on results of tests: {error}") from None
    for what, is_so, must in (
        ("the payload is a", statement.type_, STATEMENT_TYPE),
        ("the predicate is a", statement.predicate_type, PREDICATE_TYPE),
    ):
        if is_so != must:
            raise RefusedError(f"{what} {safe(is_so[:80])}, not a {must}")
    return statement


def _subject(statement: Statement) -> Identity:
    if len(statement.subject) != 1 or "sha256" not in statement.subject[0].digest:
        raise RefusedError("it is not of one subject with a sha256 digest")
    (one,) = statement.subject
    return Identity("image", one.name, f"sha256:{one.digest['sha256']}")


def _same_results(statement: Statement, raw: bytes) -> None:
    bound = _bound(statement, RESULTS_FILE)
    if bound != digest_of(raw):
        raise RefusedError(f"it is of results with digest {bound}, and these have {digest_of(raw)}")


def _same_catalogue(statement: Statement, expected: Statement) -> None:
    bound, own = _bound(statement, CATALOGUE_FILE), _bound(expected, CATALOGUE_FILE)
    if bound != own:
        raise RefusedError(f"it is of a catalogue with digest {bound}, and the results were judged by {own}")


def _bound(statement: Statement, name: str) -> str:
    """The digest of one part of the configuration; RefusedError where it does not occur exactly once."""
    found: list[Resource] = [each for each in statement.predicate.configuration if each.name == name]
    if len(found) != 1 or "sha256" not in found[0].digest:
        raise RefusedError(f"it binds no {name} by a sha256 digest")
    return f"sha256:{found[0].digest['sha256']}"

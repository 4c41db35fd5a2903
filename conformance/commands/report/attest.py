"""``zcc report sign``, ``verify`` and ``attach``: signed results, in a file or attached to an image."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from conformance.commands.manual import DONE, manual
from conformance.commands.report.files import Results, Subject, named_subject, read_file, read_results
from conformance.commands.shared import (
    EXIT_DIFFERS,
    CaFile,
    Insecure,
    PlainHttp,
    Username,
    cannot,
    connection_options,
    registry_client,
)
from conformance.commands.verbosity import say

if TYPE_CHECKING:
    from conformance.observed.image import Stored
    from conformance.registry.client.client import RegistryClient
    from conformance.registry.client.options import ConnectionOptions
    from conformance.reports.attestation.verification import Verified
    from conformance.reports.model import Report
    from conformance.reports.provenance import Identity
    from conformance.sources.reference import RegistryReference

PASSWORD: Final = "ZCC_KEY_PASSWORD"  # noqa: S105 (the name of a variable)
_SUFFIX: Final = ".sigstore.json"
BundleFile = Annotated[
    Path | None,
    typer.Option(
        "--bundle", metavar="FILE", help="The attestation (default: in the directory of RESULTS, as sign writes it)."
    ),
]


def register(report: typer.Typer) -> None:
    """Add the commands."""
    report.command(epilog=manual("report sign results.json --key key.pem", status=DONE))(sign)
    report.command(
        epilog=manual(
            "report verify results.json --key key.pub --subject registry.example/app:tag",
            "report verify results.json --key key.pub --subject registry.example/app:tag --attached",
            status={0: "valid", 1: "refused, with the reason", 2: "failed"},
        )
    )(verify)
    report.command(
        epilog=manual(
            "report attach results.sigstore.json registry.example/app:tag",
            status={0: "attached", 1: "refused: it is of another image", 2: "failed"},
        )
    )(attach)


def sign(
    results: Results,
    key: Annotated[
        Path, typer.Option(metavar="PEM", help=f"Private key, Ed25519 or ECDSA P-256; its password is in {PASSWORD}.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help=f"Default: in the directory of RESULTS, with {_SUFFIX}."),
    ] = None,
    subject: Subject = "",
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Sign results: an in-toto statement on the image or program that was judged, bound to the bytes of RESULTS.

    --subject chooses one where the results have several; of a registry it names the program that was judged.
    """
    import msgspec  # noqa: PLC0415 (start-up time)

    from conformance.observed.masking import SECRETS  # noqa: PLC0415
    from conformance.reports.attestation import keys  # noqa: PLC0415
    from conformance.reports.attestation.bundle import encode_bundle  # noqa: PLC0415
    from conformance.reports.attestation.errors import AttestationError  # noqa: PLC0415
    from conformance.reports.attestation.statement import PAYLOAD_TYPE, make_statement  # noqa: PLC0415

    report, raw = read_results(results)
    wanted = named_subject(
        subject, connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
    )
    password = os.environ.get(PASSWORD, "")
    SECRETS.remember(password)
    target = output or _beside(results)
    try:
        statement = make_statement(report, raw, wanted)
        signed = keys.sign(msgspec.json.encode(statement), PAYLOAD_TYPE, key, password)
        target.write_bytes(encode_bundle(signed))
    except AttestationError as error:
        cannot(str(error))
    except OSError as error:
        cannot(f"{target}: {error.strerror}")
    (one,) = statement.subject
    say(f"{target}: {statement.predicate.result}, of {one.name} (sha256:{one.digest['sha256']})")
    say(f"signed by {signed.keyid}")


def verify(
    results: Results,
    key: Annotated[Path, typer.Option(metavar="PEM", help="Public key of the signer.")],
    bundle: BundleFile = None,
    subject: Subject = "",
    attached: Annotated[
        bool, typer.Option("--attached", help="Take the attestation from the registry of --subject.")
    ] = False,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Verify that an attestation is valid for RESULTS (and --subject)."""
    from conformance.reports.attestation.errors import AttestationError, RefusedError  # noqa: PLC0415 (start-up time)

    report, raw = read_results(results)
    connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
    wanted = named_subject(subject, connection)
    try:
        if attached:
            verified = _verify_attached(subject, wanted, connection, key, report, raw)
        else:
            verified = _verify_file(bundle or _beside(results), key, report, raw, wanted)
    except RefusedError as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(EXIT_DIFFERS) from None
    except AttestationError as error:
        cannot(str(error))
    say(f"verified: {verified.statement.predicate.result}, of {verified.subject.name}")
    say(f"{verified.subject.digest}, signed by {verified.fingerprint}")
    if wanted is None:
        say("it was not compared with an image or program: name one by --subject")


def attach(
    bundle: Annotated[Path, typer.Argument(metavar="ATTESTATION", help="What zcc report sign wrote.")],
    image: Annotated[
        str, typer.Argument(metavar="REF", help="The image in a registry that the attestation describes.")
    ],
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Push an attestation as a referrer of its image, where ``cosign verify-attestation`` and policies find it."""
    from conformance.commands.report.referrer import attach as push  # noqa: PLC0415
    from conformance.format.oci import Descriptor  # noqa: PLC0415 (start-up time)
    from conformance.reports.attestation.bundle import MAX_BUNDLE  # noqa: PLC0415
    from conformance.reports.attestation.errors import AttestationError, RefusedError  # noqa: PLC0415
    from conformance.reports.attestation.verification import subject_of  # noqa: PLC0415
    from conformance.reports.model import now  # noqa: PLC0415

    raw = read_file(bundle, MAX_BUNDLE)
    connection = connection_options(username, plain_http=plain_http, insecure=insecure, ca_file=ca_file)
    try:
        identity, _ = subject_of(raw)
        with _image(image, connection) as (reference, client, root):
            if str(root.actual_digest) != identity.digest:
                raise RefusedError(f"it is of {identity.digest}, and {image} is {root.actual_digest}")
            described = Descriptor(root.media_type, str(root.actual_digest), root.actual_size or 0)
            done = push(client, reference.repository, raw, described, now())
    except RefusedError as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(EXIT_DIFFERS) from None
    except AttestationError as error:
        cannot(str(error))
    listed = f"listed under the tag {done.tag}" if done.tag else "listed by the registry"
    say(f"attached {done.digest} to {image} ({identity.digest}), {listed}")


def _verify_file(bundle: Path, key: Path, report: "Report", raw: bytes, wanted: "Identity | None") -> "Verified":
    from conformance.reports.attestation.bundle import MAX_BUNDLE  # noqa: PLC0415 (start-up time)
    from conformance.reports.attestation.verification import verify_attestation  # noqa: PLC0415

    return verify_attestation(read_file(bundle, MAX_BUNDLE), key, report, raw, wanted)


def _verify_attached(
    image: str, wanted: "Identity | None", connection: "ConnectionOptions", key: Path, report: "Report", raw: bytes
) -> "Verified":
    """One of the attestations in the registry must be valid; otherwise the reason of the last one."""
    from conformance.commands.report.referrer import attached  # noqa: PLC0415
    from conformance.reports.attestation.errors import RefusedError  # noqa: PLC0415 (start-up time)
    from conformance.reports.attestation.verification import verify_attestation  # noqa: PLC0415

    if wanted is None:
        cannot("--attached needs --subject: the image in a registry that the attestation is attached to")
    refusal = RefusedError(f"no attestation is attached to {image} ({wanted.digest})")
    with _image(image, connection) as (reference, client, _):
        for found in attached(client, reference.repository, wanted.digest):
            try:
                return verify_attestation(found, key, report, raw, wanted)
            except RefusedError as error:
                refusal = error
    raise refusal


@contextmanager
def _image(image: str, connection: "ConnectionOptions") -> "Iterator[tuple[RegistryReference, RegistryClient, Stored]]":
    """The image in a registry, with a client for it and its root document; ends the command if there is none."""
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415 (start-up time)
    from conformance.sources.errors import SourceError  # noqa: PLC0415
    from conformance.sources.reference import LayoutReference, parse_reference  # noqa: PLC0415
    from conformance.sources.remote import RemoteSource  # noqa: PLC0415

    try:
        reference = parse_reference(image)
        if isinstance(reference, LayoutReference):
            cannot(f"{image}: a layout has no referrers; name an image in a registry")
        with registry_client(reference, connection) as client:
            yield reference, client, RemoteSource(client, reference).root()
    except (SourceError, CredentialError) as error:
        cannot(str(error))


def _beside(results: Path) -> Path:
    """``results.json`` becomes ``results.sigstore.json``."""
    return results.with_name(results.name.removesuffix(".json") + _SUFFIX)

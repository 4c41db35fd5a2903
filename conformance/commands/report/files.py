"""Results in files, and the image or program that a user names."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.commands.shared import cannot

if TYPE_CHECKING:
    from conformance.registry.client.options import ConnectionOptions
    from conformance.reports.model import Report
    from conformance.reports.provenance import Identity

MAX_RESULTS = 2**29
"""Bytes: a larger file is not read."""

Results = Annotated[Path, typer.Argument(metavar="RESULTS", help="results.json of a run, or of zcc check.")]
Subject = Annotated[
    str,
    typer.Option(metavar="REF|FILE|DIGEST", help="What was judged: an image (REF), a program, or sha256:…"),
]


def read_file(path: Path, limit: int = MAX_RESULTS) -> bytes:
    """The bytes of a file; ends the command if it cannot be read or is too large."""
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        cannot(f"{path}: {error.strerror}")
    if len(raw) > limit:
        cannot(f"{path}: larger than {limit} bytes")
    return raw


def read_results(path: Path) -> "tuple[Report, bytes]":
    """A report and its bytes; ends the command for any other file."""
    from conformance.reports.model import read_report  # noqa: PLC0415 (start-up time)

    raw = read_file(path)
    try:
        return read_report(raw), raw
    except (ValueError, RecursionError) as error:
        cannot(f"{path}: not the results of a run: {error} (zcc check writes them by --format json)")


def named_subject(text: str, connection: "ConnectionOptions") -> "Identity | None":
    """The image or program after ``--subject``; None for "". Ends the command for what is missing."""
    from conformance.audit.checking import open_source  # noqa: PLC0415 (start-up time)
    from conformance.format.digest import Digest  # noqa: PLC0415
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415
    from conformance.reports.provenance import Identity, digest_of, program_identity  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415

    if not text:
        return None
    if text.startswith("sha256:"):
        try:
            return Identity("image", "the digest given", str(Digest.parse(text)))
        except FormatError as error:
            cannot(f"--subject {error.what}")
    if Path(text).is_file():
        return program_identity(Path(text)) or cannot(f"--subject {text}: it cannot be read")
    try:
        content = open_source(text, connection).root().content
    except (SourceError, CredentialError) as error:
        cannot(f"--subject {error}")
    if content is None:
        cannot(f"--subject {text}: it cannot be read")
    return Identity("image", text, digest_of(content))

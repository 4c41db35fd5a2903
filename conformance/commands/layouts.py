"""``zcc layouts``: the OCI layouts of the files that pre-commit names."""

from pathlib import Path
from typing import Annotated

import typer

from conformance.commands.manual import VERDICT, manual
from conformance.commands.shared import cannot, console


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "layouts images/*/index.json",
            status=VERDICT,
        )
    )(layouts)


def layouts(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="index.json of layouts; others are skipped.")],
) -> None:
    """Judge every image of the OCI layouts with these index.json files, as zcc check --deep does.

    For hooks of pre-commit (docs/pipelines.md). The exit status is that of the worst verdict.
    """
    from conformance.audit.checking import CheckOptions, check_image  # noqa: PLC0415 (start-up time)
    from conformance.observed.printable import safe  # noqa: PLC0415
    from conformance.results import EXIT_STATUS, Ending, gravest  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415

    for name in files:
        if not Path(name).is_file():
            cannot(f"{safe(name)}: {'a directory: name its index.json' if Path(name).is_dir() else 'no such file'}")
    endings: list[Ending] = []
    for directory in sorted({Path(name).parent for name in files if Path(name).name == "index.json"}):
        if not (directory / "oci-layout").is_file():
            continue
        for image in _images(directory):
            try:
                report = check_image(image, CheckOptions(deep=True))
            except SourceError as error:
                cannot(str(error))
            failed = [
                verdict.id for verdict in report.verdicts if verdict.verdict == "fail" and verdict.level == "MUST"
            ]
            ending = report.ending or "nothing to judge"
            console().print(f"{safe(image)}: {ending}{': ' if failed else ''}{', '.join(failed)}")
            endings += [report.ending] if report.ending else []
    raise typer.Exit(EXIT_STATUS[gravest(endings)])


def _images(directory: Path) -> tuple[str, ...]:
    """Every named image of a layout, or the one that it is."""
    from conformance.format.document import MAX_DOCUMENT  # noqa: PLC0415 (start-up time)
    from conformance.format.errors import FormatError  # noqa: PLC0415
    from conformance.format.names import REF_NAME  # noqa: PLC0415
    from conformance.format.oci import read_index  # noqa: PLC0415

    try:
        with (directory / "index.json").open("rb") as file:
            index = read_index(file.read(MAX_DOCUMENT + 1)).view
    except (OSError, FormatError) as error:
        cannot(f"{directory}: {error}")
    names = {entry.annotation(REF_NAME) for entry in index.manifests}
    if len(index.manifests) == 1 or None in names:
        return (f"oci:{directory}",)
    return tuple(f"oci:{directory}:{name}" for name in sorted(filter(None, names)))

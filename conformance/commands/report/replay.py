"""``zcc report replay``: repeat the run of a result, against the same target."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from conformance.commands.manual import manual
from conformance.commands.output import PAGE_FORMS, Output, PageForm, chosen_forms, write_forms
from conformance.commands.report.files import Results, read_results
from conformance.commands.shared import CaFile, Insecure, PlainHttp, Username, cannot, connection_options, console
from conformance.commands.verbosity import tell

if TYPE_CHECKING:
    from conformance.reports.model import Report
    from conformance.reports.provenance import Target

_LOGIN: Final = ("OCI_USERNAME", "OCI_PASSWORD")
_OF_A_REGISTRY: Final = ("OCI_REGISTRY", "OCI_ROOT_URL")


def register(report: typer.Typer) -> None:
    """Add the command."""
    report.command(
        epilog=manual(
            "report replay results.json",
            "report replay results.json --target registry.example/app:tag",
            status={
                0: "all is reproduced",
                1: "a verdict differs",
                2: "could not run",
                8: "a verdict cannot be obtained",
            },
        )
    )(replay)


def replay(
    results: Results,
    target: Annotated[
        str,
        typer.Option(
            metavar="REF|URL|NAME|FILE",
            help="Instead of the target in RESULTS: an image, a registry's URL, an adapter or its file.",
        ),
    ] = "",
    form: PageForm = None,
    output: Output = None,
    username: Username = "",
    plain_http: PlainHttp = False,
    insecure: Insecure = False,
    ca_file: CaFile = "",
) -> None:
    """Repeat the run of RESULTS, and compare the verdicts.

    Credentials from the environment are sent only to a registry named by --target: RESULTS may come from another party.
    """
    from conformance.reports.encoding import indented_json  # noqa: PLC0415 (start-up time)
    from conformance.reports.html import render_page  # noqa: PLC0415
    from conformance.reports.page_forms import print_page, render_page_markdown  # noqa: PLC0415
    from conformance.reports.replay import replay_page, replayed  # noqa: PLC0415

    forms = chosen_forms(form or [], output or [], PAGE_FORMS)
    claimed, _ = read_results(results)
    if claimed.provenance is None:
        cannot(f"{results}: it does not state what was judged: an older version made it")
    wanted = _target(claimed.provenance.target, target)
    hidden = () if target else _LOGIN
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    tell(f"zcc: running again: {wanted.kind} {', '.join(wanted.names) or 'embedded registry'}"[:400])
    if wanted.kind == "image":
        now = _check_again(wanted, environment, username, plain_http, insecure, ca_file)
    else:
        reach = (("--username", username), ("--ca-file", ca_file))
        options = [f"{name}={value}" for name, value in reach if value] + (["--insecure"] if insecure else [])
        now = _suite_again(wanted, environment, options)
    outcome = replayed(claimed, now)
    page = replay_page(outcome, claimed, now)
    renderers = {
        "json": lambda: indented_json(outcome),
        "html": lambda: render_page(page),
        "markdown": lambda: render_page_markdown(page),
    }
    write_forms(forms, lambda name: renderers[name]())
    if "-" not in (place for _, place in forms):
        print_page(console(), page)
    if outcome.exit_status:
        raise typer.Exit(outcome.exit_status)


def _target(recorded: "Target", given: str) -> "Target":
    """What is run: the given target instead of the recorded names. No file that RESULTS name is treated as an
    adapter.
    """
    import msgspec  # noqa: PLC0415 (start-up time)

    from conformance.implementations.adapter import builtin_adapters  # noqa: PLC0415

    if given:
        is_file = recorded.kind == "implementation" and Path(given).is_file()
        return msgspec.structs.replace(recorded, names=(str(Path(given).resolve()) if is_file else given,))
    if not recorded.names:
        cannot("the results name no target: name it by --target")
    if recorded.kind == "implementation" and recorded.names[0] not in builtin_adapters():
        cannot("the results are of a tool whose adapter is not shipped: name its file by --target")
    return recorded


def _check_again(
    target: "Target", environment: Mapping[str, str], username: str, plain_http: bool, insecure: bool, ca_file: str
) -> "Report":
    from conformance.audit.checking import CheckOptions, check_image, target_of  # noqa: PLC0415 (start-up time)
    from conformance.registry.client.credentials import CredentialError  # noqa: PLC0415
    from conformance.reports.model import now, run_report  # noqa: PLC0415
    from conformance.reports.provenance import Provenance, catalogue_digest  # noqa: PLC0415
    from conformance.requirements import load_catalogue  # noqa: PLC0415
    from conformance.sources.errors import SourceError  # noqa: PLC0415

    started, clock = now(), time.monotonic()
    try:
        connection = connection_options(
            username, plain_http=plain_http, insecure=insecure, ca_file=ca_file, environment=environment
        )
        options = CheckOptions(
            connection,
            use_panel="no-panel" not in target.flags,
            require_sentinel="require-sentinel" in target.flags,
            require_chunked="require-chunked" in target.flags,
            deep="deep" in target.flags,
            readers="readers" in target.flags,
        )
        subject = check_image(target.names[0], options)
    except (SourceError, CredentialError) as error:
        cannot(str(error))
    return run_report(
        (subject,),
        started=started,
        elapsed=round(time.monotonic() - clock, 3),
        revision=load_catalogue().revision,
        provenance=Provenance(catalogue_digest(), target_of(target.names[0], options)),
    )


def _suite_again(target: "Target", environment: Mapping[str, str], options: list[str]) -> "Report":
    from conformance.commands.suite_run import judge_by_suite  # noqa: PLC0415 (start-up time)

    # The registry is the one of the results, and the embedded one where they name none.
    reduced = {name: value for name, value in environment.items() if name not in _OF_A_REGISTRY}
    with tempfile.TemporaryDirectory(prefix="zcc-replay-") as directory:
        report = judge_by_suite([*_arguments(target), *options], Path(directory), reduced)
    if isinstance(report, str):
        cannot(report)
    return report


def _arguments(target: "Target") -> Iterator[str]:
    """Each value in one word with its option, so that no value is parsed as an option."""
    if target.kind == "registry":
        yield from (f"--registry={name}" for name in target.names[:1] if name)
    elif target.kind == "implementation":
        yield f"--implementation={target.names[0]}"
    else:
        yield from (f"--read-only={name}" for name in target.names)
    yield from (f"--role={role}" for role in target.roles)
    yield from (f"--profile={profile}" for profile in target.profiles)
    if target.effort:
        yield f"--effort={target.effort}"
    if "golden" in target.flags:
        yield "--golden"
    if target.kind == "registry" and not any(target.names):
        # Without one of these options pytest would search for tests in its directory.
        yield "--pyargs"
        yield "conformance.suite"

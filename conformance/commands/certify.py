"""``zcc certify``: run the suite for several tools, each in its roles, then test their interoperability."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from conformance.commands.manual import VERDICT, manual
from conformance.commands.shared import EXIT_CANNOT, cannot, console
from conformance.commands.suite_run import judge_by_suite
from conformance.commands.verbosity import tell

if TYPE_CHECKING:
    from conformance.implementations.adapter import Adapter
    from conformance.implementations.runner import Version
    from conformance.observed.interop import Cell, ImageName
    from conformance.reports.certification import CertificationReport, ToolResult
    from conformance.trials.interop import AvailableRegistry

FILE: Final = "certificate.json"
PAGE: Final = "certificate.html"
Say = Callable[[str], None]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog=manual(
            "certify skopeo podman -o reports/",
            "certify ./mytool.toml --role consumer-aware --no-matrix -o reports/",
            status={**VERDICT, 2: "a tool is absent, or could not be judged at all"},
        )
    )(certify)


def certify(
    tools: Annotated[list[str], typer.Argument(metavar="NAME|FILE…", help="Shipped adapters, or adapter files.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Directory of the results.")],
    role: Annotated[list[str] | None, typer.Option(help="Only this role; may be repeated.")] = None,
    effort: Annotated[str, typer.Option(help="quick, thorough or certify: how much is generated.")] = "quick",
    waivers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file of known failures, with reason and date.")
    ] = None,
    matrix: Annotated[
        bool,
        typer.Option("--matrix/--no-matrix", help="Test one image with every producer, registry, copier and consumer."),
    ] = True,
    large: Annotated[
        bool, typer.Option("--large", help="Also with an image of 6,000 files and more than 100 MB: minutes more.")
    ] = False,
    registries: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also through each registry program in this directory, without copiers."),
    ] = None,
) -> None:
    """Certify tools in their roles, then test their interoperability."""
    from conformance.implementations.adapter import AdapterError, find_adapter  # noqa: PLC0415 (start-up time)
    from conformance.reports.certification import CertificationReport, encode  # noqa: PLC0415
    from conformance.reports.certification_page import certification_page  # noqa: PLC0415
    from conformance.reports.html import render_page  # noqa: PLC0415
    from conformance.reports.model import now  # noqa: PLC0415
    from conformance.results import EXIT_STATUS, gravest  # noqa: PLC0415 (start-up time)
    from conformance.trials.under_test import ask_version  # noqa: PLC0415

    try:
        adapters = [(text, find_adapter(text)) for text in dict.fromkeys(tools)]
        output.mkdir(parents=True, exist_ok=True)
        if registries is not None and not registries.is_dir():
            cannot(f"--registries {registries}: no such directory")
    except AdapterError as error:
        cannot(str(error))
    except OSError as error:
        cannot(f"--output {output}: {error.strerror}")
    names = [adapter.name for _, adapter in adapters]
    if len(set(names)) < len(names):
        cannot(f"two of these adapters have one name: {', '.join(names)}")
    _refuse_idle_roles([adapter for _, adapter in adapters], role or [])
    started, clock = now(), time.monotonic()

    def say(text: str) -> None:
        tell(f"[{time.monotonic() - clock:4.0f} s] {text}")

    known = [f"--waivers={waivers.resolve()}"] if waivers else []
    arguments = [*(f"--role={name}" for name in role or ()), f"--effort={effort}", *known]
    results, versions = [], dict[str, str]()
    for number, (text, adapter) in enumerate(adapters, 1):
        say(f"tool {number} of {len(adapters)}: {adapter.name}")
        version = ask_version(adapter)
        versions[adapter.name] = version.text
        results.append(_judged(text, adapter, version, output, arguments, say))
    present = [adapter for (_, adapter), result in zip(adapters, results, strict=True) if not result.absent]
    images: Sequence[ImageName] = ("small", "large") if large else ("small",)
    cells = tuple(_matrix(present, versions, say, images, registries)) if matrix else ()
    certification = CertificationReport(tuple(results), cells, started, round(time.monotonic() - clock, 1))
    (output / FILE).write_bytes(encode(certification))
    (output / PAGE).write_bytes(render_page(certification_page(certification, links=True)))
    _print(certification, output)
    if not all(result.was_judged for result in results):
        raise typer.Exit(EXIT_CANNOT)
    ending = gravest(each.ending for result in results for each in result.roles)
    if ending != "conforms":
        raise typer.Exit(EXIT_STATUS[ending])


def _refuse_idle_roles(adapters: Sequence["Adapter"], wanted: Sequence[str]) -> None:
    """End with one line where a role is unknown, or a tool has none of the requested roles."""
    from conformance.implementations.adapter_document import KNOWN_WORDS  # noqa: PLC0415 (start-up time)

    for name in wanted:
        if name not in KNOWN_WORDS["roles"]:
            cannot(f"--role {name}: choose from {', '.join(KNOWN_WORDS['roles'])}")
    for adapter in adapters:
        if wanted and not set(wanted) & set(adapter.roles):
            cannot(f"--role {', '.join(wanted)}: {adapter.name} has none of them, only {', '.join(adapter.roles)}")


def _judged(
    text: str, adapter: "Adapter", version: "Version", output: Path, arguments: Sequence[str], say: Say
) -> "ToolResult":
    """The suite for one tool, in its own process; its results stay in ``output``/NAME."""
    from conformance.reports.certification import ToolResult, tool_result  # noqa: PLC0415

    if version.absent:
        say(f"{adapter.name}: absent: {version.absent}")
        return ToolResult(adapter.name, absent=version.absent)
    say(f"{adapter.name} ({version.text})")
    named = str(Path(text).resolve()) if Path(text).is_file() else text
    told = [f"--implementation-version={version.text}"] if version.text else []
    report = judge_by_suite([f"--implementation={named}", *told, *arguments], output / adapter.name)
    return ToolResult(adapter.name, problem=report) if isinstance(report, str) else tool_result(adapter.name, report)


def _matrix(
    adapters: Sequence["Adapter"],
    versions: Mapping[str, str],
    say: Say,
    images: "Sequence[ImageName]",
    directory: Path | None,
) -> Iterator["Cell"]:
    """Every pair of available tools, with every available registry."""
    from conformance.trials.interop import interoperate  # noqa: PLC0415
    from conformance.trials.under_test import ImplementationUnderTest  # noqa: PLC0415

    with ExitStack() as stack:
        registries = [*_registries(stack, say), *(_programs(stack, say, directory) if directory else ())]
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="zcc-matrix-", ignore_cleanup_errors=True))
        subjects = []
        for adapter in adapters:
            directory = Path(place) / adapter.name
            directory.mkdir()
            subjects.append(ImplementationUnderTest(adapter, versions[adapter.name], directory))
        yield from interoperate(subjects, registries, images=images, progress=say)


def _registries(stack: ExitStack, say: Say) -> Iterator["AvailableRegistry"]:
    """The embedded registry, and docker-registry where it is installed."""
    from conformance.registry.server.embedded import EmbeddedRegistry  # noqa: PLC0415
    from conformance.registry.server.launch import LaunchError, docker_registry  # noqa: PLC0415
    from conformance.trials.interop import AvailableRegistry  # noqa: PLC0415

    yield AvailableRegistry("embedded registry", stack.enter_context(EmbeddedRegistry()).url)
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="zcc-registry-"))
    try:
        yield AvailableRegistry("docker-registry", stack.enter_context(docker_registry(Path(directory))).url)
    except LaunchError as error:
        say(f"docker-registry: absent from the matrix: {error}")


def _programs(stack: ExitStack, say: Say, directory: Path) -> Iterator["AvailableRegistry"]:
    """Each registry program in the directory. No copies are made there: they depend on the copier."""
    from conformance.registry.server.launch import LaunchError, launch  # noqa: PLC0415
    from conformance.registry.server.programs import PROGRAMS  # noqa: PLC0415
    from conformance.trials.interop import AvailableRegistry  # noqa: PLC0415

    for program in PROGRAMS:
        path = program.find_in(directory)
        if path is None:
            continue
        if program.username:
            say(f"{program.name}: absent from the matrix: it requires authentication")
            continue
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="zcc-registry-")))
        try:
            launched = stack.enter_context(launch(program, path, place))
        except LaunchError as error:
            say(f"{program.name}: absent from the matrix: {error}")
            continue
        name = " ".join(filter(None, (program.name, program.ask_version(path))))
        yield AvailableRegistry(name, launched.url, with_copies=False)


def _print(certification: "CertificationReport", output: Path) -> None:
    from conformance.reports.certification import matrix_tables, reasons, tools_table, verdict_lines, what_broke  # noqa: PLC0415
    from conformance.reports.model import read_report  # noqa: PLC0415

    screen = console()
    for verdict in verdict_lines(certification.tools):
        screen.print(verdict)
    for tool in certification.tools:
        if tool.was_judged and not all(role.conforms for role in tool.roles):
            for line in what_broke(tool.name, read_report((output / tool.name / "results.json").read_bytes())):
                screen.print(f"  {line}")
    if any(tool.was_judged for tool in certification.tools):
        screen.print()
        screen.print(tools_table(certification.tools))
    for table in matrix_tables(certification.matrix):
        screen.print()
        screen.print(table)
    for line in reasons(certification.matrix):
        screen.print(f"  {line}")
    screen.print(f"\nresults: {output}/{FILE} and {PAGE}, {output}/NAME/results.json and junit.xml")

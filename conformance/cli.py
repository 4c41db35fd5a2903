"""``zcc``: the commands by name. Exit 0 conforms (or done), 1 does not, 2 could not judge, 8 incomplete."""

import functools
import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from conformance import __version__
from conformance.commands import (
    adapter,
    audit,
    bound,
    build,
    certify,
    check,
    diff,
    inspect,
    layouts,
    mutants,
    publish,
    readers,
    registry,
    report,
    requirements,
    shared,
    vectors,
)
from conformance.commands.manual import VERDICT, manual
from conformance.commands.verbosity import with_verbosity
from conformance.suite.signals import end_on_signals

app = typer.Typer(
    name="zcc",
    help="Validation and conformance tests for zstd:chunked images and their sentinel variants.",
    no_args_is_help=True,
    epilog=manual("check registry.example/app:tag", "requirements REG-028", status=VERDICT),
    pretty_exceptions_enable=False,
)
_COMMANDS = (
    *(check, layouts, audit, inspect, diff, build, publish),
    *(certify, adapter, registry, report, readers, requirements, vectors, mutants),
)
for command in _COMMANDS:
    command.register(app)

_EXIT_INTERRUPTED = 130
# The exit status of a process that SIGPIPE ended.
_EXIT_BROKEN_PIPE = 141


class _EndedError(BaseException):
    """What ends a command and is not an error of it; click would give it exit status 1, which is a verdict here."""

    def __init__(self, status: int, line: str = "") -> None:
        super().__init__(line)
        self.status, self.line = status, line


def _ends_cleanly(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same command; signals and a closed output pipe have defined exit statuses."""

    @functools.wraps(function)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            result = function(*arguments, **options)
            sys.stdout.flush()
        except KeyboardInterrupt:
            line = "interrupted: no statement is made on what was not finished"
            raise _EndedError(_EXIT_INTERRUPTED, line) from None
        except BrokenPipeError:  # zcc … | head
            raise _EndedError(_EXIT_BROKEN_PIPE) from None
        return result

    return run


def _prepare(group: typer.Typer) -> None:
    """All commands end cleanly, and have --quiet and --verbose."""
    for registered in group.registered_commands:
        if registered.callback is not None:
            registered.callback = _ends_cleanly(with_verbosity(registered.callback))
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            _prepare(inner.typer_instance)


_prepare(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zcc {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main(argv: Sequence[str] | None = None) -> None:
    """Entry point of the ``zcc`` command."""
    _ready_output()
    end_on_signals()
    try:
        app(args=None if argv is None else list(argv), prog_name="zcc")
        sys.stdout.flush()
    except _EndedError as ended:
        _discard_output()
        sys.stderr.write(f"zcc: {ended.line}\n" if ended.line else "")
        sys.exit(ended.status)
    except KeyboardInterrupt:
        sys.exit(_EXIT_INTERRUPTED)
    except bound.OutOfTimeError as error:
        _discard_output()
        sys.stderr.write(f"zcc: {error}\n")
        sys.exit(shared.EXIT_CANNOT)
    except BrokenPipeError:
        # The output pipe is closed (zcc … | head): that is not a verdict.
        _discard_output()
        sys.exit(_EXIT_BROKEN_PIPE)
    except Exception as error:
        # The last handler. Python's own exit status 1 would mean that the image does not conform.
        if os.environ.get("ZCC_TRACEBACK"):
            raise
        _discard_output()
        sys.stderr.write(f"zcc: {shared.in_words(error)}\n")
        sys.exit(shared.EXIT_CANNOT)


def _ready_output() -> None:
    """Output to a closed stream is discarded; a character that the locale cannot represent is escaped."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_output() -> None:
    """What is still buffered cannot be written, and must not be tried again at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

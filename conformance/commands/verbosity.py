"""``--quiet`` and ``--verbose``, which every command has."""

import contextlib
import functools
import inspect
import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated, Any, Final

import typer

from conformance.observed.masking import SECRETS

_MAX_LINE: Final = 2000
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)

Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No text and no progress: files, --json, --format - and the exit status only."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Each request and each program that is run, on standard error.")
]


def is_quiet() -> bool:
    """Whether the running command has ``--quiet``."""
    return _quiet.get()


def say(text: str) -> None:
    """One line of standard output, unless quiet."""
    if not is_quiet():
        typer.echo(text)


def tell(text: str) -> None:
    """One line on standard error that is no error, unless quiet."""
    if not is_quiet():
        typer.echo(text, err=True)


def quieted() -> contextlib.AbstractContextManager[Any]:
    """Discard standard output of code that prints by itself, if quiet."""
    return contextlib.redirect_stdout(io.StringIO()) if is_quiet() else contextlib.nullcontext()


def with_verbosity(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same command with the two options."""

    @functools.wraps(function)
    def run(*arguments: Any, quiet: bool = False, verbose: bool = False, **options: Any) -> Any:
        if quiet and verbose:
            raise typer.BadParameter("--quiet and --verbose exclude each other")
        token = _quiet.set(quiet)
        try:
            with _log_shown() if verbose else contextlib.nullcontext():
                return function(*arguments, **options)
        finally:
            _quiet.reset(token)

    signature = inspect.signature(function)
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in (("quiet", Quiet), ("verbose", Verbose))
    ]
    run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more])  # type: ignore[attr-defined]
    run.__annotations__ = {**function.__annotations__, "quiet": Quiet, "verbose": Verbose}
    return run


class _OneLine(logging.Formatter):
    """One line for each record, without secrets and control characters."""

    def format(self, record: logging.LogRecord) -> str:
        line = SECRETS.mask(" ".join(record.getMessage().split()))
        return "zcc: " + "".join(character if character.isprintable() else "?" for character in line)[:_MAX_LINE]


@contextmanager
def _log_shown() -> Iterator[None]:
    """Write the log of the packages to standard error."""
    logger, handler = logging.getLogger("conformance"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)

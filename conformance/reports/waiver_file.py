"""The file of waivers that a user gives to a run or a check."""

from pathlib import Path

from conformance.results import Waiver, read_waivers


def waivers_in(file: Path) -> tuple[Waiver, ...]:
    """The waivers; ValueError with one line, which names the option, for a file that cannot be read or is wrong."""
    try:
        return read_waivers(file.read_text("utf-8"))
    except OSError as error:
        problem = error.strerror
    except UnicodeDecodeError:
        problem = "it is not UTF-8 text"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"--waivers {file}: {problem}")

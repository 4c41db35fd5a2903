"""The cache of built and fetched readers, and runs of the tools that build and fetch them."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from conformance.sources.errors import SourceError

PROGRAMS: Final = Path(__file__).parent / "programs"
BUILD_TIMEOUT: Final = 600
_VERSION_TIMEOUT: Final = 20
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)+")
_PASSED_ON: Final = ("http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir", "node_extra_ca_certs")
_PASSED_ON_PREFIXES: Final = ("npm_config_", "cargo_", "rustup_", "maven_", "java_", "goproxy", "gosumdb", "goprivate")
_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
_LINES: Final = 3
_MAX_TOLD: Final = 300


def cache_directory() -> Path:
    """The directory of built and fetched readers: XDG_CACHE_HOME/zcc, or ~/.cache/zcc."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zcc"


def node_modules() -> Path:
    """The directory "node_modules" with npm's readers: ZCC_NODE_MODULES, or one in the cache."""
    named = os.environ.get("ZCC_NODE_MODULES")
    return Path(named) if named else cache_directory() / "node_modules"


def version_of(*argv: str, environment: dict[str, str] | None = None) -> str | None:
    """The version that a program prints; None when it is not installed or prints none."""
    line = first_line(*argv, environment=environment)
    return None if line is None else number_in(line)


def number_in(line: str) -> str:
    """The first number with dots in a line; "" when there is none."""
    match = _NUMBER.search(line)
    return match[0] if match else ""


def first_line(*argv: str, environment: dict[str, str] | None = None) -> str | None:
    """The first line with text that a program prints; None when it is not installed or fails."""
    if shutil.which(argv[0]) is None:
        return None
    try:
        output = run_tool(argv, what=argv[0], environment=environment, timeout=_VERSION_TIMEOUT)
    except SourceError:
        return None
    return next((line for line in output.splitlines() if line.strip()), "")


def run_tool(
    argv: tuple[str, ...], *, what: str, environment: dict[str, str] | None = None, timeout: float = BUILD_TIMEOUT
) -> str:
    """The output of the tool. Raise SourceError with its last lines when it fails, or runs for ``timeout`` seconds."""
    with tempfile.TemporaryDirectory(prefix="zcc-tool-") as home:
        # Otherwise the go command leaves a child that writes into HOME while HOME is removed.
        telemetry = Path(home) / ".config" / "go" / "telemetry"
        telemetry.mkdir(parents=True)
        (telemetry / "mode").write_text("off", "ascii")
        try:
            ended = subprocess.run(
                argv,
                cwd=home,
                env=_environment(home) | (environment or {}),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"{what} failed: {error}") from None
    output = ended.stdout.decode("utf-8", "replace")
    if ended.returncode != 0:
        told = _last_lines(ended.stderr.decode("utf-8", "replace")) or _last_lines(output)
        raise SourceError(f"{what} failed: {told or f'exit {ended.returncode}'}")
    return output


def _last_lines(text: str) -> str:
    """The last lines that have words, without colours: the reason often stands before the very last one."""
    lines = [line for each in text.splitlines() if (line := _COLOURS.sub("", each).strip())]
    return " | ".join(lines[-_LINES:])[-_MAX_TOLD:]


def _environment(home: str) -> dict[str, str]:
    """PATH, a separate HOME, and the variables needed to reach package registries and toolchains."""
    own = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "LC_ALL": "C"}
    for name, value in os.environ.items():
        lower = name.lower()
        if lower in _PASSED_ON or lower.startswith(_PASSED_ON_PREFIXES) or name in ("GOPROXY", "GOSUMDB", "GOFLAGS"):
            own[name] = value
    real = Path.home()
    for name, directory in (("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")):
        if name not in own and (real / directory).is_dir():
            own[name] = str(real / directory)
    return own

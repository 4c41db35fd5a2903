"""What a registry can do to keep a command: it ends in one line, within its bound, and a closed pipe is not a
verdict.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from tests.commands.test_cli import zcc
from tests.servers import raw_server
from tests.usual_signals import signals_as_in_a_terminal  # noqa: F401 (a fixture)

Send = Callable[[socket.socket, Event], None]


def trickling_head(connection: socket.socket, over: Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not over.wait(0.1):
        connection.sendall(b"X-A: b\r\n")


def slow_body(connection: socket.socket, over: Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not over.wait(0.1):
        connection.sendall(b" ")


def chunks_without_end(connection: socket.socket, over: Event) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not over.wait(0.1):
        connection.sendall(b"1\r\n \r\n")


def silence(_connection: socket.socket, over: Event) -> None:
    over.wait(60)


def an_hour(connection: socket.socket, _over: Event) -> None:
    connection.sendall(b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    "send", [trickling_head, slow_body, chunks_without_end, silence, an_hour], ids=lambda one: one.__name__
)
@pytest.mark.parametrize("command", ["check", "inspect", "diff"])
def test_a_command_ends_within_its_bound_in_one_line(send: Send, command: str) -> None:
    with raw_server(send) as url:
        start = time.monotonic()
        run = zcc(command, f"{url}/app:1", "--timeout", "3")
        assert time.monotonic() - start < 30
    assert run.returncode == 2, run.stdout + run.stderr
    assert not run.stdout
    assert run.stderr.strip().splitlines() == ["zcc: not done within 3 seconds (--timeout)"]


def test_without_a_bound_a_command_is_not_ended() -> None:
    run = zcc("check", "--no-panel", "--timeout", "0", "oci:fixtures/golden/sentinel-single")
    assert run.returncode in (0, 1, 8)
    assert not run.stderr


@pytest.mark.parametrize("form", [["--json"], []], ids=["json", "text"])
def test_a_closed_pipe_is_no_verdict(form: list[str]) -> None:
    code = "from conformance.cli import main; main()"
    command = [sys.executable, "-c", code, "check", *form, "--no-panel", "oci:fixtures/golden/sentinel-single"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(60) == 141
    assert process.stderr is not None
    with process.stderr as errors:
        assert errors.read() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_in_one_line(number: signal.Signals, tmp_path: Path) -> None:
    with raw_server(silence) as url:
        code = "from conformance.cli import main; main()"
        command = [sys.executable, "-c", code, "check", f"{url}/app:1"]
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        time.sleep(3)
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert not output
    assert errors == "zcc: interrupted: no statement is made on what was not finished\n"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_oci_tls_is_an_error() -> None:
    run = zcc("check", "localhost:1/app:1", OCI_TLS="maybe")
    assert run.returncode == 2
    assert run.stderr == "zcc: OCI_TLS='maybe': choose from enabled, disabled, insecure\n"

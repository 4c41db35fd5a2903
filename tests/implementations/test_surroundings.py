"""What is done around an operation: files, setup, service, login, teardown; and that it is undone whatever happens."""

import json
import os
import re
import time
from pathlib import Path

import pytest

from conformance.implementations.adapter import Adapter, parse_adapter
from conformance.implementations.runner import Run, run_operation
from conformance.observed.credentials import Credentials
from conformance.processes.sandbox import Sandbox, SandboxOptions, make_sandbox

HOST = "127.0.0.1:5000"
LOGIN = Credentials("kim", "open-sesame")
HEAD = """
name = "t"
description = "d"
roles = ["consumer-unaware"]
version = ["{python}", "-V"]
"""
SAY = 'import sys; open("log", "a").write(" ".join(sys.argv[1:]) + "\\n")'


def say(*words: str) -> str:
    return json.dumps(["{python}", "-c", SAY, *words])


def adapter(text: str, operation: str = "") -> Adapter:
    start = re.search(r"(?m)^\[", text)
    keys, tables = (text[: start.start()], text[start.start() :]) if start else (text, "")
    scan = operation or say("scan", "{reference}")
    return parse_adapter(f"{HEAD}{keys}\n[operations]\nscan = {scan}\n{tables}", source="t")


def run(tool: Adapter, sandbox: Sandbox, reference: str = f"{HOST}/a/b:c", **more: str) -> Run:
    return run_operation(tool, sandbox, "scan", {"reference": reference, **more}, timeout=20)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return make_sandbox(tmp_path, SandboxOptions(hosts=[HOST], credentials={HOST: LOGIN}))


def log(sandbox: Sandbox) -> list[str]:
    path = sandbox.home / "log"
    return path.read_text().splitlines() if path.exists() else []


def test_steps_stand_around_the_operation_in_this_order(sandbox: Sandbox) -> None:
    tool = adapter(
        f"setup = {say('setup', '{host}')}\nlogin = {say('login', '{username}')}\nteardown = {say('teardown')}"
    )
    assert run(tool, sandbox).succeeded
    assert log(sandbox) == [f"setup {HOST}", "login kim", f"scan {HOST}/a/b:c", "teardown"]


def test_without_a_login_there_is_no_login_step(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path, SandboxOptions(hosts=[HOST]))
    assert run(adapter(f"login = {say('login')}"), sandbox).succeeded
    assert log(sandbox) == [f"scan {HOST}/a/b:c"]


@pytest.mark.parametrize(("key", "value"), [("setup", "sys.exit('no daemon')"), ("login", "sys.exit('no daemon')")])
def test_a_tool_that_cannot_be_set_up_is_no_refusal_and_is_torn_down(key: str, value: str, sandbox: Sandbox) -> None:
    failing = json.dumps(["{python}", "-c", f"import sys; {value}"])
    ended = run(adapter(f"{key} = {failing}\nteardown = {say('teardown')}"), sandbox)
    assert ended.outcome == "absent"
    assert "could not be tried" in ended.reason
    assert "no daemon" in ended.reason
    assert log(sandbox) == ["teardown"]


def test_a_refusal_is_torn_down_too(sandbox: Sandbox) -> None:
    refusing = json.dumps(["{python}", "-c", "import sys; sys.exit('error: bad digest')"])
    ended = run(adapter(f"teardown = {say('teardown')}", refusing), sandbox)
    assert (ended.outcome, ended.reason) == ("refused", "error: bad digest")
    assert log(sandbox) == ["teardown"]


SERVE = "import os, time; time.sleep(0.3); open('socket', 'w').write(str(os.getpid())); time.sleep(60)"
READY = "import os, sys; sys.exit(not os.path.exists('socket'))"


def test_a_service_is_ready_before_the_operation_and_gone_after_it(sandbox: Sandbox) -> None:
    command, ready = (json.dumps(["{python}", "-c", text]) for text in (SERVE, READY))
    alive = json.dumps(["{python}", "-c", "import os; os.kill(int(open('socket').read()), 0); print('alive')"])
    ended = run(adapter(f"service = {command}\nready = {ready}", alive), sandbox)
    assert ended.succeeded, ended.reason
    assert ended.stdout.strip() == "alive"
    with pytest.raises(ProcessLookupError):
        os.kill(int((sandbox.home / "socket").read_text()), 0)


def test_a_service_that_does_not_heed_sigterm_is_killed_with_its_children(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.implementations.surroundings._STOP_SECONDS", 0.2)
    stubborn = "import os, signal; signal.signal(15, signal.SIG_IGN); os.fork(); " + SERVE.partition("; ")[2]
    command, ready = (json.dumps(["{python}", "-c", text]) for text in ("import time; " + stubborn, READY))
    start = time.monotonic()
    assert run(adapter(f"service = {command}\nready = {ready}"), sandbox).succeeded
    assert time.monotonic() - start < 15


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("import sys; sys.exit('port in use')", "it ended with status 1: port in use"),
        ("import time; time.sleep(60)", "not ready after"),
    ],
)
def test_a_service_that_does_not_become_ready_is_reported(
    service: str, words: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.implementations.surroundings._READY_SECONDS", 0.5)
    command, ready = (json.dumps(["{python}", "-c", text]) for text in (service, "import sys; sys.exit(1)"))
    ended = run(adapter(f"service = {command}\nready = {ready}"), sandbox)
    assert ended.outcome == "absent"
    assert words in ended.reason


def test_a_missing_service_program_is_reported(sandbox: Sandbox) -> None:
    ended = run(adapter('service = ["/nonexistent/daemon"]'), sandbox)
    assert ended.outcome == "absent"
    assert "/nonexistent/daemon could not be started" in ended.reason


def test_files_are_written_before_the_run_with_values_and_for_this_user_only(sandbox: Sandbox) -> None:
    files = """
[files]
"etc/tool.yml" = '''
host: {host}
name: {repository}
tag: "{tag}"
digest: "{digest}"
to: "{destination}"
pass: {password}
template: {{.Tag}} {"a": 1}
'''
"""
    show = json.dumps(["{python}", "-c", "print(open('etc/tool.yml').read())"])
    ended = run(adapter(files, show), sandbox)
    path = sandbox.home / "etc" / "tool.yml"
    assert path.stat().st_mode & 0o777 == 0o600
    expected = f'host: {HOST}\nname: a/b\ntag: "c"\ndigest: ""\nto: ""\npass: %s\ntemplate: {{{{.Tag}}}} {{"a": 1}}\n'
    assert path.read_text() == expected % LOGIN.password
    assert LOGIN.password not in ended.stdout
    assert run(adapter(files, show), sandbox, f"{HOST}/x@sha256:abc").succeeded
    assert 'name: x\ntag: ""\ndigest: "sha256:abc"\n' in path.read_text()


def test_a_link_where_a_file_belongs_is_replaced_not_followed(sandbox: Sandbox, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("kept")
    (sandbox.home / "x").symlink_to(outside)
    assert run(adapter('[files]\nx = "new"'), sandbox).succeeded
    assert outside.read_text() == "kept"
    assert (sandbox.home / "x").read_text() == "new"


def test_user_and_password_are_given_as_options_and_never_kept(sandbox: Sandbox) -> None:
    options = '[options]\nlogin = ["--user", "{username}", "--password", "{password}"]'
    show = json.dumps(["{python}", "-c", "import sys; print(sys.argv[1:])", "{options}"])
    ended = run(adapter(options, show), sandbox)
    assert "'--user', 'kim', '--password'" in ended.stdout
    assert LOGIN.password not in str(ended)


def test_the_list_of_a_scan_is_read_from_its_file(sandbox: Sandbox) -> None:
    writes = json.dumps(["{python}", "-c", "open('list.json', 'w').write('zcc-marker'); print('done')"])
    assert "zcc-marker" in run(adapter('scan_output = "{home}/list.json"', writes), sandbox).stdout
    assert "zcc-marker" not in run(adapter('scan_output = "{home}/other.json"', writes), sandbox).stdout


def test_a_tool_that_takes_tags_only_is_not_asked_for_digests(sandbox: Sandbox) -> None:
    tool = adapter("tags_only = true")
    assert run(tool, sandbox).succeeded
    assert run(tool, sandbox, f"{HOST}/x@sha256:abc").outcome == "unsupported"


def test_partial_pulls_are_off_for_one_run_only(sandbox: Sandbox) -> None:
    settings = Path(sandbox.environment["CONTAINERS_STORAGE_CONF"])
    show = json.dumps(["{python}", "-c", f"print(open({str(settings)!r}).read())", "{options}"])
    tool = parse_adapter(f'{HEAD}storage = "overlay"\n[operations]\nscan = {show}\n', source="t")
    values = {"reference": f"{HOST}/a:b"}
    before = settings.read_text()
    without = run_operation(tool, sandbox, "scan", values, options=["no-partial"])
    if without.outcome == "absent":
        pytest.skip(without.reason)
    assert 'enable_partial_images = "false"' in without.stdout
    assert settings.read_text() == before
    assert 'enable_partial_images = "true"' in run_operation(tool, sandbox, "scan", values).stdout

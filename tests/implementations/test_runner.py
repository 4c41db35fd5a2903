"""The runner: own home, clean environment, whole groups stopped, bounded output, nothing secret kept."""

import json
import os
import resource
import select
from pathlib import Path

import msgspec
import pytest

from conformance.implementations.adapter import Adapter, parse_adapter
from conformance.implementations.runner import MAX_EVIDENCE, find_version, run_operation
from conformance.observed.credentials import Credentials
from conformance.observed.outcome import RunOutcome
from conformance.processes.run import MAX_KEPT, run_program
from conformance.processes.sandbox import Sandbox, SandboxOptions, make_sandbox

HOST = "127.0.0.1:5000"
VALUES = {"reference": f"{HOST}/a:b"}


def tool(*steps: str, **fields: object) -> Adapter:
    """An adapter whose copy operation runs these Python programs one after the other."""
    vectors = json.dumps([["{python}", "-c", step, "{reference}"] for step in steps])
    head = 'name = "t"\ndescription = "d"\nroles = ["copier"]\nversion = ["{python}", "-V"]\n'
    text = f"{head}[operations]\ncopy = {vectors}\n"
    return msgspec.structs.replace(parse_adapter(text, source="t"), **fields)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return make_sandbox(tmp_path / "run", SandboxOptions(hosts=[HOST]))


def test_a_tool_sees_its_own_home_and_nothing_of_this_process(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZCC_TEST_LEAK", "leaked")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/elsewhere")
    adapter = tool(
        "import json, os; print(json.dumps([dict(os.environ), os.getcwd()]))", environment={"MODE": "{home}/x"}
    )
    run = run_operation(adapter, sandbox, "copy", VALUES)
    environment, directory = json.loads(run.stdout)
    assert run.outcome == "succeeded", run.reason
    assert directory == environment["HOME"] == "{home}"
    assert environment["LANG"] == "C.UTF-8"
    assert environment["MODE"] == "{home}/x"
    assert "ZCC_TEST_LEAK" not in environment
    own = {name for name, value in environment.items() if value.startswith("{home}")}
    assert {"HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"} <= own
    assert set(environment) <= own | {"PATH", "LANG", "MODE", "LC_CTYPE", "_CONTAINERS_ROOTLESS_UID"}


def test_containers_settings_are_its_own(tmp_path: Path) -> None:
    options = SandboxOptions(hosts=[HOST, "registry.example"], partial_pulls=False)
    sandbox = make_sandbox(tmp_path, options)
    settings = sandbox.home / ".config" / "containers"
    registries = (settings / "registries.conf").read_text()
    assert f'location = "{HOST}"\ninsecure = true' in registries
    assert 'location = "registry.example"\ninsecure = false' in registries
    storage = (settings / "storage.conf").read_text()
    assert 'driver = "vfs"' in storage
    assert f'graphroot = "{sandbox.storage}/graph"' in storage
    assert '[storage.options.pull_options]\nenable_partial_images = "false"' in storage
    assert json.loads((settings / "policy.json").read_text()) == {"default": [{"type": "insecureAcceptAnything"}]}
    assert json.loads(sandbox.authfile.read_text()) == {"auths": {}}


def test_the_certificate_authority_reaches_the_tool(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("a certificate")
    sandbox = make_sandbox(tmp_path / "run", SandboxOptions(hosts=[HOST], ca_file=authority))
    assert sandbox.environment["SSL_CERT_FILE"] == str(authority)
    trusted = sandbox.home / ".config" / "containers" / "certs.d" / HOST / "ca.crt"
    assert trusted.read_text() == "a certificate"
    adapter = tool("import sys; print(sys.argv)", options={"cafile": ("--ca={cafile}",)})
    adapter = msgspec.structs.replace(adapter, operations={"copy": ((*adapter.operations["copy"][0], "{options}"),)})
    assert f"--ca={authority}" in run_operation(adapter, sandbox, "copy", VALUES).stdout


# The grandchild holds the pipe's only writing end until it is dead.
GRANDCHILD = """
import os, signal, sys
started, tell = os.pipe()
if os.fork() == 0:
    alive = os.open(sys.argv[1], os.O_WRONLY)
    os.write(tell, b"x")
    signal.pause()
os.read(started, 1)
{parent}
"""


@pytest.mark.parametrize(
    ("parent", "expected"),
    [("signal.pause()", "timed-out"), ("", "succeeded")],
    ids=["when the time is up", "when the tool ended"],
)
def test_grandchildren_do_not_outlive_the_run(
    parent: str, expected: RunOutcome, sandbox: Sandbox, tmp_path: Path
) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    alive = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    adapter = tool(GRANDCHILD.format(parent=parent))
    run = run_operation(adapter, sandbox, "copy", {"reference": str(fifo)}, timeout=2)
    assert run.outcome == expected
    assert select.select([alive], [], [], 10)[0], "the grandchild still holds the pipe"
    assert os.read(alive, 1) == b""
    os.close(alive)


def test_output_is_bounded_and_keeps_both_ends(sandbox: Sandbox) -> None:
    adapter = tool("import sys; sys.stdout.write('A' + 'x' * 3_000_000 + 'Z'); sys.exit('error: full')")
    run = run_operation(adapter, sandbox, "copy", VALUES)
    assert run.outcome == "refused"
    assert run.stdout.startswith("Ax")
    assert run.stdout.endswith("xZ")
    assert len(run.stdout) < MAX_KEPT + 100
    (evidence,) = run.evidence
    assert len(evidence.output) < MAX_EVIDENCE + 100
    assert evidence.output.startswith("error: full")


def test_secrets_and_paths_of_this_machine_are_masked(tmp_path: Path) -> None:
    login = Credentials("me", "open-sesame")
    sandbox = make_sandbox(tmp_path / "run", SandboxOptions(hosts=[HOST], credentials={HOST: login}))
    adapter = tool(
        "import sys, os; t = open(sys.argv[1]).read(); print(t); sys.exit('error: open-sesame ' + sys.argv[1])"
    )
    run = run_operation(adapter, sandbox, "copy", {"reference": sandbox.authfile, "layout": tmp_path / "layout"})
    kept = msgspec.json.encode(run).decode()
    assert "open-sesame" not in kept
    assert "bWU6b3Blbi1zZXNhbWU=" not in kept
    assert str(tmp_path) not in kept
    assert "***" in run.stdout
    assert run.reason == "error: *** {reference}"


def test_steps_stop_at_the_first_failure_and_hand_on_their_output(sandbox: Sandbox) -> None:
    adapter = tool("print('one')", "import sys; sys.exit('error: two')", "open('three', 'w')")
    run = run_operation(adapter, sandbox, "copy", VALUES)
    assert run.outcome == "refused"
    assert [command.exit_status for command in run.evidence] == [0, 1]
    assert not (sandbox.home / "three").exists()
    second = ("{python}", "-c", "import sys; print(sys.argv[1] * 2)", "{stdout}")
    adapter = msgspec.structs.replace(adapter, operations={"copy": (adapter.operations["copy"][0], second)})
    assert run_operation(adapter, sandbox, "copy", VALUES).stdout == "oneone\n"


def test_signals_are_kept_as_evidence(sandbox: Sandbox) -> None:
    run = run_operation(tool("import os; os.abort()"), sandbox, "copy", VALUES)
    assert run.outcome == "crashed"
    assert run.evidence[0].exit_status == -6


def test_peak_memory_is_measured_beyond_that_of_this_process(sandbox: Sandbox) -> None:
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + 50_000_000
    assert run_operation(tool("pass"), sandbox, "copy", VALUES).peak_memory == 0
    peak = run_operation(tool(f"bytearray(b'x' * {size})"), sandbox, "copy", VALUES).peak_memory
    assert size < peak < 3 * size


def test_an_absent_tool_is_named(sandbox: Sandbox) -> None:
    adapter = tool("pass", executable="no-such-tool", version=("no-such-tool", "--version"))
    run = run_operation(adapter, sandbox, "copy", VALUES)
    assert run.outcome == "absent"
    assert run.reason == "no-such-tool is not installed on this machine"
    assert find_version(adapter, sandbox).absent == run.reason


def test_a_step_that_cannot_be_started_is_absent(sandbox: Sandbox) -> None:
    adapter = tool("pass", operations={"copy": (("no-such-program",),)})
    run = run_operation(adapter, sandbox, "copy", VALUES)
    assert run.outcome == "absent"
    assert "No such file" in run.reason


def test_versions_are_asked_for(sandbox: Sandbox) -> None:
    assert find_version(tool("pass"), sandbox).text.startswith("Python 3")
    broken = tool("pass", version=("{python}", "-c", "import sys; sys.exit('no library')"))
    assert "no library" in find_version(broken, sandbox).absent


@pytest.mark.parametrize(
    ("operation", "values", "options", "named"),
    [
        ("scan", VALUES, (), "no operation scan"),
        ("copy", VALUES, ("all",), "no option all"),
        ("copy", {**VALUES, "compression": "zstd"}, (), "cannot write zstd"),
    ],
)
def test_what_an_adapter_cannot_express_is_unsupported(
    operation: str, values: dict[str, str], options: tuple[str, ...], named: str, sandbox: Sandbox
) -> None:
    adapter = tool("print('{compression}')", compressions=("gzip",))
    run = run_operation(adapter, sandbox, operation, values, options=options)  # type: ignore[arg-type]
    assert run.outcome == "unsupported"
    assert named in run.reason


def test_an_option_that_no_command_has_a_place_for_is_reported_as_such(sandbox: Sandbox) -> None:
    run = run_operation(tool("pass", options={"all": ()}), sandbox, "copy", VALUES, options=("all",))
    assert run.outcome == "unsupported"
    assert "no option all for copy, whose commands have no {options} to put it in" in run.reason


def test_a_declared_lack_is_tried_and_a_false_claim_is_seen(sandbox: Sandbox) -> None:
    true = tool("import sys; sys.exit('error: cannot')", unsupported={"copy": "not yet"})
    run = run_operation(true, sandbox, "copy", VALUES)
    assert (run.outcome, run.reason, run.claim_is_false) == ("unsupported", "not yet", False)
    assert run_operation(tool("pass", unsupported={"copy": "not yet"}), sandbox, "copy", VALUES).claim_is_false


def test_a_missing_value_is_the_callers_mistake(sandbox: Sandbox) -> None:
    with pytest.raises(KeyError, match="reference"):
        run_operation(tool("pass"), sandbox, "copy", {})


def test_platforms_are_taken_apart(sandbox: Sandbox) -> None:
    adapter = tool("pass", operations={"copy": (("{python}", "-c", "import sys; print(sys.argv)", "{options}"),)})
    adapter = msgspec.structs.replace(adapter, options={"platform": ("{os}", "{architecture}", "{variant}")})
    run = run_operation(adapter, sandbox, "copy", {"platform": "linux/arm/v7"}, options=("platform",))
    assert "'linux', 'arm', 'v7'" in run.stdout


def test_a_program_that_floods_both_streams_does_not_block(tmp_path: Path) -> None:
    flood = "import os\nfor _ in range(300): os.write(1, b'o' * 5000); os.write(2, b'e' * 5000)"
    environment = {"PATH": os.environ["PATH"]}
    ended = run_program(["python3", "-c", flood], directory=tmp_path, environment=environment, timeout=30)
    assert ended.status == 0
    assert len(ended.stdout) > MAX_KEPT
    assert len(ended.stderr) > MAX_KEPT

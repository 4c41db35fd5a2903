"""A registry that sends back every credential it gets, in headers and bodies: none of them reaches any output."""

import base64
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

import pytest

from conformance.images.golden import golden_directory
from conformance.observed.credentials import Credentials
from conformance.observed.masking import forms_of
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.registry.server.serving import Call, Reply
from conformance.registry.server.tokens import TokenAuth
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest
from tests.commands.test_cli import zcc
from tests.suite.test_plugin import run_pytest

USER, PASSWORD = "tester", "c4nary/+of&this test"
PAIR = f"{USER}:{PASSWORD}"
LOGIN = {"OCI_USERNAME": USER, "OCI_PASSWORD": PASSWORD}


class Echo(Defect):
    """Sends what it got for Authorization back in headers, in error bodies, and in the type of manifests."""

    def __init__(self, *, spoil: bool = False) -> None:
        self.spoil = spoil

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:  # noqa: ARG002 (the interface of defects)
        login = call.header("authorization") or ""
        if not login:
            return reply
        headers = {**reply.headers, "X-Echo": login, "X-Echo-Value": login.partition(" ")[2]}
        headers["X-Echo-Url"] = f"/?login={quote(login.partition(' ')[2], safe='')}"
        if reply.status >= 400 or self.spoil:
            content = f'{{"errors":[{{"code":"DENIED","message":"{login} {PASSWORD}"}}]}}'.encode()
            return Reply(reply.status, headers, content)
        return Reply(reply.status, headers, reply.body)


def assert_none(text: str, secrets: Iterable[str]) -> None:
    """None of the secrets is in the text, in whatever form, nor in what is in base64 in it."""
    for secret in secrets:
        for form in forms_of(secret):
            assert form not in text, f"{form!r} is in the output: {text[max(text.find(form) - 200, 0) :][:400]}"


def decoded(text: str) -> str:
    """All that is base64 in a document, decoded: bytes in results.json are."""
    found = []
    for word in text.replace('"', " ").split():
        try:
            found.append(base64.b64decode(word, validate=True).decode("latin-1"))
        except ValueError:
            continue
    return "\n".join(found)


def authority(kind: str) -> BasicAuth | TokenAuth:
    return BasicAuth(USER, PASSWORD) if kind == "basic" else TokenAuth(USER, PASSWORD)


def secrets_of(auth: BasicAuth | TokenAuth) -> tuple[str, ...]:
    tokens = tuple(auth._tokens) if isinstance(auth, TokenAuth) else ()
    return (PASSWORD, PAIR, *tokens)


@pytest.mark.parametrize("kind", ["basic", "token"])
def test_a_run_of_the_suite_brings_no_secret_into_any_output(kind: str, tmp_path: Path) -> None:
    auth = authority(kind)
    with EmbeddedRegistry(auth=auth, defects=[Echo()]) as registry:
        run = run_pytest(tmp_path, "--registry", registry.url, "--role", "registry", "-v", environ=LOGIN)
    reports = tmp_path / "reports" / "latest"
    results = (reports / "results.json").read_text()
    assert '"X-Echo"' in results, "the registry did send it back, and the exchange is in the results"
    secrets = secrets_of(auth)
    others = [(reports / name).read_text() for name in ("junit.xml", "report.html")]
    for text in (run.stdout, run.stderr, results, decoded(results), *others):
        assert_none(text, secrets)


@pytest.mark.parametrize("kind", ["basic", "token"])
@pytest.mark.parametrize("spoil", [False, True])
@pytest.mark.parametrize(
    "command", [["check"], ["check", "--json"], ["check", "--deep"], ["inspect"], ["diff"]], ids=" ".join
)
def test_commands_bring_no_secret_into_any_output(kind: str, spoil: bool, command: list[str]) -> None:
    auth = authority(kind)
    with EmbeddedRegistry(auth=auth) as registry:
        client = RegistryClient(registry.url, credentials=Credentials(USER, PASSWORD))
        push_layout(RegistryUnderTest(client, "team"), golden_directory("sentinel-single"), "app")
        registry.arm(Echo(spoil=spoil))
        host = registry.url.partition("://")[2]
        run = zcc(*command, f"{host}/team/app", ZCC_TRACEBACK="1", OCI_USERNAME=USER, OCI_PASSWORD=PASSWORD)
    assert run.returncode in (0, 1, 2, 8)
    for text in (run.stdout, run.stderr, decoded(run.stdout)):
        assert_none(text, secrets_of(auth))
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "reference",
    ["http://tester:c4nary-pw@127.0.0.1:1/app:1", "https://tester:c4nary-pw@host.example/app",
     "tester:c4nary-pw@host.example/app:1",
     "docker://tester:c4nary-pw@host.example/app@sha256:" + "0" * 64, "http://c4nary-pw@host.example/app"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["check", "inspect", "diff"])
def test_a_password_in_a_reference_is_refused_and_not_printed(command: str, reference: str) -> None:
    run = zcc(command, reference)
    assert run.returncode == 2
    assert "c4nary" not in run.stdout + run.stderr
    assert "OCI_PASSWORD" in run.stderr


def test_a_password_in_the_url_of_a_registry_is_refused_and_not_printed(tmp_path: Path) -> None:
    for arguments in (
        ["--registry", "https://tester:c4nary-pw@host.example"],
        ["--read-only", "tester:c4nary-pw@host.example/a:1"],
    ):
        run = run_pytest(tmp_path, *arguments)
        assert run.returncode == 2
        assert "c4nary" not in run.stdout + run.stderr
        assert "--registry" in run.stdout + run.stderr or "--read-only" in run.stdout + run.stderr

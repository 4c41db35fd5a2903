"""A run against registries that want tokens or TLS: it works with what is needed, and else states this in one line."""

import itertools
from pathlib import Path

import pytest

from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.tokens import TokenAuth
from tests.registry.certificates import certificate
from tests.suite.test_plugin import results, run_pytest

LOGIN = {"OCI_USERNAME": "user", "OCI_PASSWORD": "right"}


def one_line(output: str, words: str) -> None:
    """The reason is one line, without a traceback and without the password."""
    (line,) = output.strip().splitlines()
    assert words in line
    assert "Traceback" not in output
    assert "very-wrong" not in output


def test_a_whole_run_with_tokens_over_tls_on_a_registry_in_a_directory(tmp_path: Path) -> None:
    tls, ca = certificate(tmp_path)
    # Time passes by one at each request: tokens expire during the run, on a slow machine as on a fast one. Sixteen
    # requests at once, each with a token of its own, are a few dozen units: a token has to last longer than that.
    auth = TokenAuth("user", "right", seconds=250, clock=itertools.count().__next__)
    with EmbeddedRegistry(auth=auth, tls=tls, directory=tmp_path / "store") as registry:
        arguments = ("--registry", registry.url, "--ca-file", str(ca), "--role", "registry")
        run = run_pytest(tmp_path, *arguments, environ=LOGIN)
    assert run.returncode == 0, run.stdout + run.stderr
    document = results(tmp_path)
    assert document["conforms"] is True
    text = (tmp_path / "reports" / "latest" / "results.json").read_text()
    assert '"right"' not in text


def test_a_wrong_password_for_tokens_is_one_line_and_exit_2(tmp_path: Path) -> None:
    with EmbeddedRegistry(auth=TokenAuth("user", "right")) as registry:
        wrong = {"OCI_USERNAME": "user", "OCI_PASSWORD": "very-wrong"}
        run = run_pytest(tmp_path, "--registry", registry.url, environ=wrong)
    assert run.returncode == 2
    one_line(
        run.stdout + run.stderr,
        f"authentication failed for user 'user' at {registry.url.removeprefix('http://')} (HTTP 401)",
    )


def test_a_user_who_may_not_push_is_one_line_and_exit_2(tmp_path: Path) -> None:
    """Not a failure of the registry: it does what its operator told it."""
    with EmbeddedRegistry(auth=TokenAuth("user", "right", actions=("pull",))) as registry:
        run = run_pytest(tmp_path, "--registry", registry.url, environ=LOGIN)
        methods = {exchange.method for exchange in registry.exchanges if exchange.status != 401}
    assert run.returncode == 2
    one_line(run.stdout + run.stderr, "no pushes below 'zcc' (HTTP 401); authenticate as a user with the right to push")
    assert methods == {"GET"}


@pytest.mark.parametrize("option", [(), ("--insecure",)], ids=["verified", "insecure"])
def test_an_unknown_certificate_is_one_line_and_exit_2_unless_insecure(tmp_path: Path, option: tuple[str, ...]) -> None:
    tls, _ = certificate(tmp_path)
    with EmbeddedRegistry(tls=tls) as registry:
        run = run_pytest(tmp_path, "--registry", registry.url, "-k", "REG-004", *option)
    if option:
        assert run.returncode == 0, run.stdout + run.stderr
    else:
        assert run.returncode == 2
        words = "its TLS certificate cannot be verified; give --ca-file, or --insecure"
        one_line(run.stdout + run.stderr, f"{registry.url}: {words}")

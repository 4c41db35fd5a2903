"""A registry that sends back every credential: no form of a report, and nothing done with one, has any of them."""

from pathlib import Path

import pytest

from conformance.commands.report_forms import FORMS
from conformance.images.golden import golden_directory
from conformance.observed.credentials import Credentials
from conformance.registry.client.client import RegistryClient
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest
from tests.commands.test_cli import zcc
from tests.reports.signing import key_pair
from tests.suite.test_canaries import PASSWORD, USER, Echo, assert_none, authority, decoded, secrets_of

KEY_PASSWORD = "an0ther-c4nary of a key"


@pytest.mark.parametrize("kind", ["basic", "token"])
def test_no_form_and_nothing_after_a_run_has_a_secret(kind: str, tmp_path: Path) -> None:
    auth = authority(kind)
    own, public = key_pair(tmp_path, "p256", KEY_PASSWORD.encode())
    out = tmp_path / "out"
    out.mkdir()
    said: list[str] = []

    def run(*arguments: str | Path, statuses: tuple[int, ...] = (0,)) -> None:
        ended = zcc(*map(str, arguments), OCI_USERNAME=USER, OCI_PASSWORD=PASSWORD, ZCC_KEY_PASSWORD=KEY_PASSWORD)
        assert ended.returncode in statuses, ended.stdout + ended.stderr
        said.extend((ended.stdout, ended.stderr))

    with EmbeddedRegistry(auth=auth) as registry:
        client = RegistryClient(registry.url, credentials=Credentials(USER, PASSWORD))
        push_layout(RegistryUnderTest(client, "team"), golden_directory("sentinel-single"), "app")
        registry.arm(Echo())
        image = f"{registry.url.partition('://')[2]}/team/app:latest"
        forms = [part for form in FORMS for part in ("--format", form, "--output", str(out / f"check.{form}"))]
        run("check", "--no-panel", image, *forms)
        results = out / "check.json"
        run("report", "sign", results, "--key", own)
        run("report", "attach", out / "check.sigstore.json", image)
        run("report", "verify", results, "--key", public, "--subject", image, "--attached")
        pages = [
            part for form in ("json", "html", "markdown") for part in ("--format", form, "-o", out / f"again.{form}")
        ]
        run("report", "replay", results, "--target", image, *pages)
        run("report", "replay", results, statuses=(2,))  # no login is sent where only the results state this
        run("report", "compare", results, results, "--format", "html", "-o", out / "compare.html")
    assert "requires authentication" in said[-3], "without --target there was no login"
    written = [path.read_text() for path in sorted(out.iterdir())]
    assert len(written) == len(FORMS) + 5
    for text in (*said, *written, *map(decoded, written)):
        assert_none(text, (*secrets_of(auth), KEY_PASSWORD))

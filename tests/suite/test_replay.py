"""Evidence can be repeated: the options that were given, and files for the bodies of requests."""

from pathlib import Path

import msgspec

from conformance.observed.evidence import MAX_REQUEST_KEPT, Exchange
from conformance.registry.client.options import ConnectionOptions
from conformance.reports.bodies import write_bodies
from conformance.reports.model import now, run_report, subject_report
from conformance.requirements import load_catalogue
from conformance.results import conclude, failed
from conformance.suite.conftest import replay_command
from conformance.suite.settings import SuiteSettings

SETTINGS = SuiteSettings(
    "https://registry.example",
    ConnectionOptions(username="me", password="secret", insecure=True),
    (),
    (),
    "team/project",
    Path("reports"),
    "quick",
    (),
    "run-1",
)


def test_a_replay_has_the_options_that_were_given_and_no_password() -> None:
    command = replay_command(SETTINGS)
    assert command == ("pytest --registry https://registry.example --username me --insecure --repository team/project")
    claimed = msgspec.structs.replace(SETTINGS, profiles=("registry-ranges",), implied=False)
    assert replay_command(claimed).endswith(" --profile=registry-ranges")
    assert "secret" not in command


def test_the_body_of_a_request_lies_where_its_curl_line_looks_for_it(tmp_path: Path) -> None:
    exchange = Exchange.record("PUT", "http://r/v2/a/manifests/1", status=500, request_size=4, request_body=b"body")
    finding = failed("It is refused.", where="PUT", expected="201", found="500", evidence=(exchange,))
    result = conclude(load_catalogue()["REG-001"], [finding])
    report = run_report((subject_report("r", ("registry",), (result,)),), started=now(), elapsed=0.0, revision="pr681")
    assert write_bodies(report, tmp_path) == 1
    assert f"--data-binary @{exchange.body_file}" in exchange.as_curl()
    assert (tmp_path / exchange.body_file).read_bytes() == b"body"


def test_a_body_that_is_too_large_is_not_kept() -> None:
    size = MAX_REQUEST_KEPT + 1
    exchange = Exchange.record("PUT", "http://r/v2/", request_size=size, request_body=bytes(size))
    assert exchange.request_body == b""
    assert "@FILE" in exchange.as_curl()

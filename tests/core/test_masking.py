"""No form of a secret survives, and nothing else is changed."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from conformance.observed.evidence import CommandEvidence, Exchange
from conformance.observed.masking import MASK, SECRETS, Secrets
from conformance.requirements import load_catalogue
from conformance.results import conclude, failed, undecided

PASSWORD = 'c4nary/+ "&ä'
USER = "tester"


@pytest.fixture
def known() -> Secrets:
    secrets = Secrets()
    secrets.remember_credentials(USER, PASSWORD)
    secrets.remember("t0ken-of-the-service")
    return secrets


PAIR = f"{USER}:{PASSWORD}".encode()
FORMS = [
    PASSWORD,
    quote(PASSWORD),
    quote(PASSWORD, safe=""),
    quote(PASSWORD, safe="").lower(),
    quote_plus(PASSWORD),
    json.dumps(PASSWORD)[1:-1],
    PASSWORD.replace("&", "&amp;").replace('"', "&quot;"),
    base64.b64encode(PASSWORD.encode()).decode(),
    base64.b64encode(PAIR).decode(),
    base64.urlsafe_b64encode(PAIR).decode(),
    base64.b64encode(PAIR).decode().rstrip("="),
    quote(base64.b64encode(PAIR).decode(), safe=""),
    base64.b64encode(b"Authorization: " + PAIR + b" and more").decode(),
    "t0ken-of-the-service",
    base64.b64encode(b"t0ken-of-the-service").decode(),
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_masked(form: str, known: Secrets) -> None:
    core = form[8:-8] if len(form) > 40 else form
    for around in ("%s", "before %s after", "x=%s&y=1"):
        masked = known.mask(around % form)
        assert MASK in masked
        assert core not in masked
    assert core.encode() not in known.mask_bytes(b"\xff" + form.encode() + b"\xfe")


def test_other_text_is_not_changed(known: Secrets) -> None:
    text = "tester pushed repository tester/app:latest, \xff\ud800 sha256:00"
    assert known.mask(text) == text
    assert known.mask_bytes(b"\xff\x00tester") == b"\xff\x00tester"
    assert Secrets().mask(PASSWORD) == PASSWORD


def test_a_short_password_is_masked_with_its_user_only() -> None:
    secrets = Secrets()
    secrets.remember_credentials("user", "abc")
    assert secrets.mask("abc") == "abc"
    assert secrets.mask(base64.b64encode(b"user:abc").decode()) == MASK


def test_exchanges_and_findings_are_made_without_secrets() -> None:
    try:
        SECRETS.remember_credentials(USER, PASSWORD)
        echo = base64.b64encode(PAIR).decode()
        seen = Exchange.record(
            "GET",
            f"http://host/v2/?echo={quote(echo, safe='')}",
            request_headers=(("X-Other", f"Basic {echo}"),),
            status=200,
            response_headers=(("X-Echo", f"Basic {echo}"), (echo, "1")),
            response_start=b" " * 2040 + echo.encode(),
            error=f"no {PASSWORD}",
            request_body=f"refresh_token={quote(PASSWORD, safe='')}".encode(),
        )
        command = CommandEvidence(("tool", PASSWORD), 1, f"wrong password {PASSWORD}")
        judgement = failed(PASSWORD, where=echo, expected=PASSWORD, found=echo, evidence=(seen, command))
        requirement = load_catalogue().requirements[0]
        shown = repr((seen, conclude(requirement, [judgement]), undecided(requirement, f"it stated {echo}")))
    finally:
        SECRETS.forget()
    assert PASSWORD not in shown
    assert echo[:12] not in shown

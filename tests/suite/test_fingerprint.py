"""The digest of a registry's responses: the same for the same program, another for another."""

from pathlib import Path

from conformance.assurance.null_registries import SaysOnly
from conformance.registry.client.options import ConnectionOptions
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.suite.fingerprint import fingerprint_of
from conformance.suite.settings import SuiteSettings
from tests.suite.test_canaries import PASSWORD, USER, authority


def settings(url: str, **connection: str) -> SuiteSettings:
    """The options of a run against this registry."""
    return SuiteSettings(url, ConnectionOptions(**connection), ("registry",), (), "zcc", Path("x"), "quick", (), "run")  # type: ignore[arg-type]


def test_the_same_program_has_the_same_digest() -> None:
    with EmbeddedRegistry() as one, EmbeddedRegistry() as other:
        first, second = (fingerprint_of(settings(each.url)) for each in (one, other))
        assert first.startswith("sha256:")
        assert first == second


def test_a_login_changes_nothing_and_another_program_does() -> None:
    """Expected: what is hashed are the responses to the authenticated user."""
    with EmbeddedRegistry() as one, EmbeddedRegistry(auth=authority("token")) as guarded:
        first = fingerprint_of(settings(one.url))
        assert fingerprint_of(settings(guarded.url, username=USER, password=PASSWORD)) == first
    with EmbeddedRegistry(defects=[SaysOnly(404)]) as other:
        assert fingerprint_of(settings(other.url)) not in ("", first)


def test_the_embedded_registry_and_one_that_is_gone_have_none() -> None:
    assert fingerprint_of(settings("")) == ""
    with EmbeddedRegistry() as registry:
        url = registry.url
    assert fingerprint_of(settings(url)) == ""

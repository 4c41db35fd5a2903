"""TLS: what the client trusts, and what it states when it does not."""

import warnings
from pathlib import Path

import pytest

from conformance.registry.client.client import RegistryClient, TransportError
from conformance.registry.server.embedded import EmbeddedRegistry
from tests.registry.certificates import certificate


def test_a_certificate_of_a_given_authority_is_trusted(tmp_path: Path) -> None:
    tls, ca = certificate(tmp_path)
    with EmbeddedRegistry(tls=tls) as registry:
        assert registry.url.startswith("https://")
        client = RegistryClient(registry.url, ca_file=str(ca))
        assert client.request("GET", "/v2/").status == 200
        assert client.upload_blob("a", b"over TLS").status == 201


def test_an_unknown_certificate_is_refused_in_one_line(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path)
    with EmbeddedRegistry(tls=tls) as registry, pytest.raises(TransportError) as caught:
        RegistryClient(registry.url, retries=0).request("GET", "/v2/")
    assert "cannot be verified; give --ca-file, or --insecure" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not registry.exchanges, "nothing was sent to it"


def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    tls, ca = certificate(tmp_path, "registry.example")
    with EmbeddedRegistry(tls=tls) as registry, pytest.raises(TransportError, match="cannot be verified"):
        RegistryClient(registry.url, retries=0, ca_file=str(ca)).request("GET", "/v2/")


def test_insecure_trusts_any_certificate_without_a_word(tmp_path: Path) -> None:
    tls, _ = certificate(tmp_path, "registry.example")
    with EmbeddedRegistry(tls=tls) as registry, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert RegistryClient(registry.url, insecure=True).request("GET", "/v2/").status == 200


def test_plain_http_to_a_tls_port_and_tls_to_a_plain_one_are_distinguished(tmp_path: Path) -> None:
    tls, ca = certificate(tmp_path)
    with EmbeddedRegistry(tls=tls) as secure, EmbeddedRegistry() as plain:
        with pytest.raises(TransportError, match="give an https:// URL"):
            RegistryClient(secure.url.replace("https", "http"), retries=0).request("GET", "/v2/")
        with pytest.raises(TransportError, match="does not speak TLS; give an http:// URL or --plain-http"):
            RegistryClient(plain.url.replace("http", "https"), retries=0, ca_file=str(ca)).request("GET", "/v2/")

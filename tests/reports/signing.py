"""Keys in files, signed results, and images in an embedded registry, for the tests of attestations."""

import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from typer.testing import CliRunner, Result

from conformance.audit.checking import CheckOptions, check_image, target_of
from conformance.cli import app
from conformance.registry.client.client import RegistryClient
from conformance.reports.model import Report, encode, now, run_report
from conformance.reports.provenance import Provenance, catalogue_digest
from conformance.trials.registry.push import push_layout
from conformance.trials.registry.target import RegistryUnderTest

GOLDEN = Path(__file__).parents[2] / "fixtures" / "golden"
IMAGE = f"oci:{GOLDEN / 'sentinel-single'}"
OTHER_IMAGE = f"oci:{GOLDEN / 'skopeo-1.9.3-plain'}"
KINDS = ("ed25519", "p256")


def key_pair(directory: Path, kind: str, password: bytes = b"", name: str = "key") -> tuple[Path, Path]:
    """A private and a public key as PEM files."""
    private: Any
    if kind == "ed25519":
        private = ed25519.Ed25519PrivateKey.generate()
    elif kind == "rsa":
        private = rsa.generate_private_key(65537, 2048)
    else:
        private = ec.generate_private_key(ec.SECP256R1() if kind == "p256" else ec.SECP384R1())
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    own, public = directory / f"{name}.pem", directory / f"{name}.pub"
    own.write_bytes(private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))
    public.write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return own, public


def report_on(image: str = IMAGE) -> Report:
    """The results of a shallow check of an image."""
    options = CheckOptions(use_panel=False)
    provenance = Provenance(catalogue_digest(), target_of(image, options))
    return run_report(
        (check_image(image, options),), started=now(), elapsed=1.0, revision="pr681", provenance=provenance
    )


def write_results(directory: Path, report: Report | None = None) -> Path:
    """``results.json`` in this directory."""
    path = directory / "results.json"
    path.write_bytes(encode(report or report_on()))
    return path


def zcc(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    """The command in this process."""
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env)


def signed(directory: Path, kind: str = "ed25519") -> tuple[Path, Path, Path]:
    """Results, their attestation, and the public key."""
    own, public = key_pair(directory, kind)
    results = write_results(directory)
    run = zcc("report", "sign", results, "--key", own)
    assert run.exit_code == 0, run.output
    return results, directory / "results.sigstore.json", public


def edit(bundle: Path, **fields: Any) -> None:
    """Replace fields of the envelope in a bundle."""
    document = json.loads(bundle.read_bytes())
    document["dsseEnvelope"].update(fields)
    bundle.write_text(json.dumps(document))


def push_golden(url: str, name: str = "sentinel-single") -> str:
    """Push a golden image; its name in the registry."""
    subject = RegistryUnderTest(RegistryClient(url), "team")
    return str(push_layout(subject, GOLDEN / name, "app", "1.0"))

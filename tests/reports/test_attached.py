"""Attestations beside an image in a registry: found by the referrers endpoint, by the fallback tag, and by cosign."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.registry.client.client import RegistryClient
from conformance.registry.server import defects
from conformance.registry.server.core import RegistryCore
from conformance.registry.server.deviations import Defect
from conformance.registry.server.embedded import EmbeddedRegistry
from conformance.registry.server.serving import Call, Reply
from conformance.reports.attestation.bundle import BUNDLE_TYPE
from tests.reports.signing import KINDS, key_pair, push_golden, report_on, signed, zcc
from tests.tools import need

TYPE = "https://in-toto.io/attestation/test-result/v0.1"


class SaysNothingOfSubjects(Defect):
    """As a registry of before OCI distribution-spec 1.1."""

    def after(self, call: Call, reply: Reply, core: RegistryCore) -> Reply:  # noqa: ARG002
        return reply.replace(headers={name: value for name, value in reply.headers.items() if name != "OCI-Subject"})


@pytest.fixture(params=["referrers", "no referrers"])
def registry(request: pytest.FixtureRequest) -> Iterator[EmbeddedRegistry]:
    """One that lists referrers, and one that does not and makes no statement on subjects."""
    deviations = () if request.param == "referrers" else (defects.no_referrers(), SaysNothingOfSubjects())
    with EmbeddedRegistry(defects=deviations) as opened:
        yield opened


def test_what_is_attached_is_found_and_verified(tmp_path: Path, registry: EmbeddedRegistry) -> None:
    image = push_golden(registry.url)
    results, bundle, public = signed(tmp_path)
    nothing = zcc("report", "verify", results, "--key", public, "--subject", image, "--attached")
    assert (nothing.exit_code, "no attestation is attached to" in nothing.output) == (1, True)
    assert zcc("report", "attach", bundle, image).exit_code == 0
    again = zcc("report", "verify", results, "--key", public, "--subject", image, "--attached")
    assert again.exit_code == 0, again.output
    _, other = key_pair(tmp_path, "ed25519", name="other")
    refused = zcc("report", "verify", results, "--key", other, "--subject", image, "--attached")
    assert (refused.exit_code, "signed by another key" in refused.output) == (1, True)


def test_the_artifact_says_what_it_is_in_the_list_of_referrers(tmp_path: Path, registry: EmbeddedRegistry) -> None:
    image = push_golden(registry.url)
    _, bundle, _ = signed(tmp_path)
    first = zcc("report", "attach", bundle, image)
    assert first.exit_code == 0, first.output
    client = RegistryClient(registry.url)
    digest = report_on().subjects[0].identity
    assert digest is not None
    response = client.referrers("team/app", digest.digest)
    if response.status == 404:
        response = client.get_manifest_raw("team/app", digest.digest.replace(":", "-"))
    (entry,) = json.loads(response.content)["manifests"]
    assert entry["artifactType"] == BUNDLE_TYPE
    assert entry["annotations"]["dev.sigstore.bundle.predicateType"] == TYPE
    assert entry["annotations"]["dev.sigstore.bundle.content"] == "dsse-envelope"


def test_an_attestation_of_another_image_is_not_attached(tmp_path: Path, registry: EmbeddedRegistry) -> None:
    image = push_golden(registry.url, "skopeo-1.9.3-plain")
    _, bundle, _ = signed(tmp_path)
    run = zcc("report", "attach", bundle, image)
    assert run.exit_code == 1
    assert run.output.startswith("refused: it is of sha256:d52eea64")


def test_a_layout_has_no_place_for_it(tmp_path: Path) -> None:
    _, bundle, _ = signed(tmp_path)
    run = zcc("report", "attach", bundle, "oci:fixtures/golden/sentinel-single")
    assert (run.exit_code, "a layout has no referrers" in run.output) == (2, True)


@pytest.mark.large_tool
@pytest.mark.parametrize("kind", KINDS)
def test_cosign_accepts_it_and_refuses_it_of_another_key(tmp_path: Path, kind: str) -> None:
    cosign = shutil.which("cosign")
    need(cosign is not None, "cosign")
    assert cosign is not None
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "COSIGN_YES": "1"}

    def verify(image: str, key: Path, type_: str = TYPE) -> subprocess.CompletedProcess[str]:
        options = ("--key", str(key), "--type", type_, "--insecure-ignore-tlog", "--allow-http-registry")
        return subprocess.run(
            [cosign, "verify-attestation", *options, image],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    with EmbeddedRegistry() as registry:
        image = push_golden(registry.url)
        _, bundle, public = signed(tmp_path, kind)
        assert zcc("report", "attach", bundle, image).exit_code == 0
        accepted = verify(image, public)
        assert accepted.returncode == 0, accepted.stderr
        _, other = key_pair(tmp_path, kind, name="other")
        assert verify(image, other).returncode != 0
        assert verify(image, public, "https://slsa.dev/provenance/v1").returncode != 0

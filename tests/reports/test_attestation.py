"""Signed results: what holds is verified by readers that are not ours, what was changed is refused with its reason."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from conformance.reports.attestation.errors import AttestationError
from conformance.reports.attestation.statement import make_statement
from conformance.reports.model import encode, read_report, run_report, subject_report
from conformance.reports.provenance import Identity
from conformance.requirements import load_catalogue
from conformance.results import conclude, failed, not_run, passed
from tests.reports.signing import IMAGE, KINDS, OTHER_IMAGE, edit, key_pair, report_on, signed, write_results, zcc

PROGRAM = Identity("program", "tool", f"sha256:{'1' * 64}")


def payload_of(bundle: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(base64.b64decode(json.loads(bundle.read_bytes())["dsseEnvelope"]["payload"]))
    return document


def pae(kind: str, payload: bytes) -> bytes:
    """DSSE protocol.md, "Signature definition"."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_is_verified(tmp_path: Path, kind: str) -> None:
    results, bundle, public = signed(tmp_path, kind)
    run = zcc("report", "verify", results, "--key", public, "--bundle", bundle, "--subject", IMAGE)
    assert run.exit_code == 0, run.output
    assert run.output.startswith("verified: WARNED, of oci:")


@pytest.mark.parametrize("kind", KINDS)
def test_another_library_verifies_the_signature(tmp_path: Path, kind: str) -> None:
    _, bundle, public = signed(tmp_path, kind)
    envelope = json.loads(bundle.read_bytes())["dsseEnvelope"]
    (signature,) = envelope["signatures"]
    message = pae(envelope["payloadType"], base64.b64decode(envelope["payload"]))
    key = serialization.load_pem_public_key(public.read_bytes())
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(base64.b64decode(signature["sig"]), message)
    else:
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(base64.b64decode(signature["sig"]), message, ec.ECDSA(hashes.SHA256()))


def test_the_statement_binds_image_results_and_catalogue_by_digest(tmp_path: Path) -> None:
    results, bundle, _ = signed(tmp_path)
    statement = payload_of(bundle)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    (subject,) = statement["subject"]
    assert subject["digest"]["sha256"].startswith("d52eea64c84b20f5")
    bound = {each.get("name", each.get("uri")): each.get("digest") for each in statement["predicate"]["configuration"]}
    assert bound["results.json"] == {"sha256": hashlib.sha256(results.read_bytes()).hexdigest()}
    catalogue = Path(__file__).parents[2] / "conformance" / "requirements" / "requirements.toml"
    assert bound["requirements.toml"] == {"sha256": hashlib.sha256(catalogue.read_bytes()).hexdigest()}
    assert any(str(name).startswith("pkg:pypi/zstd-chunked-conformance@") for name in bound)
    lists = [statement["predicate"][name] for name in ("passedTests", "warnedTests", "failedTests")]
    assert "SENT-MANIFEST-006" in lists[1]
    assert not set(lists[0]) & set(lists[1])
    assert lists[2] == []


def refusal(*arguments: str | Path) -> str:
    run = zcc("report", "verify", *arguments)
    assert run.exit_code == 1, run.output
    (line,) = run.output.strip().splitlines()
    return line


def test_a_changed_byte_of_the_results_is_refused(tmp_path: Path) -> None:
    results, _, public = signed(tmp_path)
    raw = results.read_bytes()
    for changed in (raw.replace(b'"verdict": "fail"', b'"verdict": "pass"', 1), raw + b" "):
        results.write_bytes(changed)
        assert "it is of results with digest sha256:" in refusal(results, "--key", public)


def test_a_changed_statement_is_refused(tmp_path: Path) -> None:
    results, bundle, public = signed(tmp_path)
    whole = bundle.read_bytes()
    statement = payload_of(bundle)
    statement["predicate"]["result"] = "PASSED"
    edit(bundle, payload=base64.b64encode(json.dumps(statement).encode()).decode())
    assert "the signature is not valid" in refusal(results, "--key", public)
    bundle.write_bytes(whole)
    edit(bundle, payloadType="application/json")
    assert "the signature is not valid" in refusal(results, "--key", public)
    bundle.write_bytes(whole)
    edit(bundle, signatures=[{"sig": base64.b64encode(b"\0" * 64).decode(), "keyid": ""}])
    assert "name different keys" in refusal(results, "--key", public)


def test_another_key_is_refused(tmp_path: Path) -> None:
    results, bundle, _ = signed(tmp_path)
    _, other = key_pair(tmp_path, "ed25519", name="other")
    assert "it was signed by another key: SHA256:" in refusal(results, "--key", other)
    document = json.loads(bundle.read_bytes())
    document["verificationMaterial"]["publicKey"]["hint"] = ""
    document["dsseEnvelope"]["signatures"][0]["keyid"] = ""
    bundle.write_text(json.dumps(document))
    assert "changed, or created by another key" in refusal(results, "--key", other)


def test_another_image_is_refused(tmp_path: Path) -> None:
    results, _, public = signed(tmp_path)
    line = refusal(results, "--key", public, "--subject", OTHER_IMAGE)
    assert line.startswith("refused: it is of oci:")
    assert "skopeo-1.9.3-plain is sha256:" in line


def test_a_signer_who_states_more_than_the_results_is_refused(tmp_path: Path) -> None:
    """The key is right, the digests are right, and the verdicts are made up."""
    from conformance.reports.attestation import keys
    from conformance.reports.attestation.bundle import encode_bundle
    from conformance.reports.attestation.statement import PAYLOAD_TYPE

    results, bundle, public = signed(tmp_path)
    statement = payload_of(bundle)
    statement["predicate"] |= {"result": "PASSED", "warnedTests": []}
    forged = keys.sign(json.dumps(statement).encode(), PAYLOAD_TYPE, tmp_path / "key.pem")
    bundle.write_bytes(encode_bundle(forged))
    assert "its verdicts (PASSED) differ from those of the results (WARNED)" in refusal(results, "--key", public)
    statement["predicate"]["configuration"][1]["digest"]["sha256"] = "0" * 64
    forged = keys.sign(json.dumps(statement).encode(), PAYLOAD_TYPE, tmp_path / "key.pem")
    bundle.write_bytes(encode_bundle(forged))
    assert "it is of a catalogue with digest sha256:000" in refusal(results, "--key", public)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 100_000, b"\xff", b'{"mediaType":"x","verificationMaterial":{"publicKey":{}}}']
)
def test_an_invalid_bundle_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    results, bundle, public = signed(tmp_path)
    bundle.write_bytes(content)
    assert "this is not a sigstore bundle" in refusal(results, "--key", public)


def cannot(*arguments: str | Path, env: dict[str, str] | None = None) -> str:
    run = zcc("report", *arguments, env=env)
    assert run.exit_code == 2, run.output
    (line,) = run.output.strip().splitlines()
    return line


def test_an_encrypted_key_needs_its_password_which_is_never_shown(tmp_path: Path) -> None:
    own, public = key_pair(tmp_path, "p256", b"hunter22-secret")
    results = write_results(tmp_path)
    assert "it is encrypted: give its password in ZCC_KEY_PASSWORD" in cannot("sign", results, "--key", own)
    wrong = {"ZCC_KEY_PASSWORD": "not-this-secret"}
    line = cannot("sign", results, "--key", own, env=wrong)
    assert "it, or ZCC_KEY_PASSWORD, is wrong" in line
    run = zcc("report", "sign", results, "--key", own, env={"ZCC_KEY_PASSWORD": "hunter22-secret"})
    assert run.exit_code == 0, run.output
    assert zcc("report", "verify", results, "--key", public).exit_code == 0
    written = run.output + line + (tmp_path / "results.sigstore.json").read_text()
    assert "secret" not in written


@pytest.mark.parametrize("kind", ["rsa", "p384"])
def test_a_key_of_another_kind_is_reported(tmp_path: Path, kind: str) -> None:
    own, _ = key_pair(tmp_path, kind)
    assert "not a key of the kinds Ed25519 or ECDSA P-256" in cannot("sign", write_results(tmp_path), "--key", own)


def test_files_that_are_none_are_reported(tmp_path: Path) -> None:
    results = write_results(tmp_path)
    assert "absent.pem: No such file" in cannot("sign", results, "--key", tmp_path / "absent.pem")
    assert "no private key in PEM form" in cannot("sign", results, "--key", results)
    own, _ = key_pair(tmp_path, "ed25519")
    other = tmp_path / "other.json"
    other.write_text("{}")
    assert "not the results of a run" in cannot("sign", other, "--key", own)
    assert "--subject" in cannot("sign", results, "--key", own, "--subject", "sha256:12")


def results_of_a_tool(verdict: Any) -> Any:
    result = conclude(load_catalogue()["SENT-STRIP-001"], [verdict])
    roles = [
        subject_report("tool 1 (adapter tool)", (role,), (result,), identity=PROGRAM)
        for role in ("copier", "consumer-aware")
    ]
    return msgspec.structs.replace(report_on(), subjects=tuple(roles))


def test_a_tool_is_named_by_its_program_and_its_tests_by_role() -> None:
    statement = make_statement(results_of_a_tool(passed("here")), b"x")
    assert statement.subject[0].digest == {"sha256": "1" * 64}
    assert statement.predicate.result == "PASSED"
    assert statement.predicate.passed_tests == ("copier/SENT-STRIP-001", "consumer-aware/SENT-STRIP-001")


@pytest.mark.parametrize("verdict", [not_run("The tool hung."), failed("wrong", where="x", expected="a", found="b")])
def test_what_failed_or_was_not_decided_fails(verdict: Any) -> None:
    assert make_statement(results_of_a_tool(verdict), b"x").predicate.result == "FAILED"


def test_a_waived_failure_and_a_shallow_look_are_warnings() -> None:
    statement = make_statement(report_on(), b"x")
    assert statement.predicate.result == "WARNED"
    assert any(name.endswith(" (needs --deep)") for name in statement.predicate.warned_tests)


def test_there_is_nothing_to_state_of_a_partial_run_or_of_an_unknown_subject() -> None:
    whole = report_on()
    replace = msgspec.structs.replace
    with pytest.raises(AttestationError, match="a partial run, which makes no statement"):
        make_statement(replace(whole, partial=True), b"x")
    with pytest.raises(AttestationError, match="do not name their catalogue"):
        make_statement(replace(whole, provenance=None), b"x")
    nameless = replace(whole, subjects=tuple(replace(one, identity=None) for one in whole.subjects))
    with pytest.raises(AttestationError, match="by --subject FILE"):
        make_statement(nameless, b"x")
    assert make_statement(nameless, b"x", PROGRAM).subject[0].digest == {"sha256": "1" * 64}
    two = replace(whole, subjects=(*whole.subjects, *report_on(OTHER_IMAGE).subjects))
    with pytest.raises(AttestationError, match="have several targets"):
        make_statement(two, b"x")
    with pytest.raises(AttestationError, match="not of tool"):
        make_statement(two, b"x", PROGRAM)


def test_an_image_without_anything_to_judge_passes_without_tests() -> None:
    plain = run_report(report_on(OTHER_IMAGE).subjects, started=report_on().started, elapsed=1.0, revision="pr681")
    whole = msgspec.structs.replace(plain, provenance=report_on().provenance)
    again = read_report(encode(whole))
    assert make_statement(again, b"x").predicate == make_statement(whole, b"x").predicate

"""Layouts are hostile input: one clear line each, never a traceback."""

import hashlib
import json
import os
import shutil
from pathlib import Path

import msgspec
import pytest

from conformance.audit.checking import CheckOptions, check_image
from conformance.format.digest import Digest
from conformance.format.names import INDEX_TYPE, MANIFEST_TYPE
from conformance.images.golden import golden_directory
from conformance.observed.hosts import is_loopback
from conformance.registry.client.options import ConnectionOptions
from conformance.reports.model import SubjectReport
from conformance.sources.errors import SourceError
from conformance.sources.reference import LayoutReference, RegistryReference, parse_reference

OPTIONS = CheckOptions(ConnectionOptions(), use_panel=False)


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    target = tmp_path / "layout"
    shutil.copytree(golden_directory("sentinel-single"), target)
    return target


def blob(layout: Path, starts_with: str) -> Path:
    (path,) = (layout / "blobs" / "sha256").glob(starts_with + "*")
    return path


INDEX, PLAIN, SENTINEL_MANIFEST, SENTINEL, CONFIG = "d52eea", "63963b", "d565ee", "1ca868", "a6cad9"


def verdicts(layout: Path) -> dict[str, str]:
    return {result.id: result.verdict for result in check_image(f"oci:{layout}", OPTIONS).verdicts}


def test_the_sentinel_image_of_the_reference_breaks_two_shoulds_only(layout: Path) -> None:
    report = check_image(f"oci:{layout}", OPTIONS)
    assert report.conforms
    failed = {result.id for result in report.verdicts if result.verdict == "fail"}
    assert failed == {"SENT-MANIFEST-006", "SENT-CONFIG-004"}
    index = {result.id: result.verdict for result in report.verdicts if result.id.startswith("SENT-INDEX")}
    assert index.pop("SENT-INDEX-019") == "not-applicable", "no third entry"
    assert set(index.values()) == {"pass"}, index


def test_the_legacy_image_has_no_sentinel_and_its_keys_are_reported() -> None:
    report = check_image(f"oci:{golden_directory('skopeo-1.9.3-plain')}", OPTIONS)
    assert any("no sentinel variant" in note for note in report.notes)
    assert any("legacy" in note for note in report.notes), report.notes
    assert not [result.id for result in report.verdicts if result.verdict == "fail"]


def test_a_directory_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such directory"):
        check_image(f"oci:{tmp_path}/absent", OPTIONS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b'{"schemaVersion":2,"manif', "not JSON"),
        (b"[]", "not an object"),
        (b'{"schemaVersion":2,"manifests":[]}', "holds no image"),
        (b'{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"sha256:../../x","size":1}]}', "is not a sha256"),
        (b" " * (4 * 2**20 + 1), "the limit here is"),
    ],
)
def test_a_wrong_index_json_is_one_line(layout: Path, content: bytes, message: str) -> None:
    (layout / "index.json").write_bytes(content)
    with pytest.raises(SourceError, match=message) as caught:
        check_image(f"oci:{layout}", OPTIONS)
    assert "\n" not in str(caught.value)


def test_no_index_json(layout: Path) -> None:
    (layout / "index.json").unlink()
    with pytest.raises(SourceError, match=r"index\.json: no such file"):
        check_image(f"oci:{layout}", OPTIONS)


def test_a_manifest_that_is_missing_is_named_and_no_statement_is_made_on_sentinels(layout: Path) -> None:
    sentinel = json.loads(blob(layout, INDEX).read_bytes())["manifests"][1]["digest"]
    blob(layout, SENTINEL_MANIFEST).unlink()
    notes = check_image(f"oci:{layout}", OPTIONS).notes
    assert "no sentinel variant was found, but manifests[1] could not be read" in notes
    assert f"manifests[1]: no such file blobs/sha256/{sentinel.removeprefix('sha256:')}" in notes


def test_an_index_without_entries_is_reported_as_such(layout: Path) -> None:
    empty = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}).encode()
    digest = Digest.of(empty)
    (layout / "blobs/sha256" / digest.hex).write_bytes(empty)
    entry = {"mediaType": INDEX_TYPE, "digest": str(digest), "size": len(empty)}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    assert "the index lists no manifest" in check_image(f"oci:{layout}", OPTIONS).notes


def test_a_huge_manifest_is_not_read(layout: Path) -> None:
    os.truncate(blob(layout, INDEX), 2 * 2**30)
    with pytest.raises(SourceError, match="2147483648 bytes; the limit"):
        check_image(f"oci:{layout}", OPTIONS)


def test_a_fifo_in_place_of_a_blob_does_not_hang(layout: Path) -> None:
    target = blob(layout, INDEX)
    target.unlink()
    os.mkfifo(target)
    with pytest.raises(SourceError, match="not a regular file"):
        check_image(f"oci:{layout}", OPTIONS)


def test_a_root_whose_bytes_do_not_match_its_name(layout: Path) -> None:
    blob(layout, INDEX).write_bytes(b"{}")
    with pytest.raises(SourceError, match="the stored bytes have digest"):
        check_image(f"oci:{layout}", OPTIONS)


@pytest.mark.parametrize(
    ("which", "requirement"),
    [
        (SENTINEL, "SENT-DESC-002"),
        (CONFIG, "SENT-CONFIG-006"),
        (SENTINEL_MANIFEST, "SENT-INDEX-011"),
        (PLAIN, "SENT-INDEX-011"),
    ],
)
@pytest.mark.parametrize("how", ["changed", "missing"])
def test_blobs_that_do_not_match_their_names_are_findings(layout: Path, which: str, requirement: str, how: str) -> None:
    target = blob(layout, which)
    if how == "changed":
        content = bytearray(target.read_bytes())
        content[20] ^= 1
        target.write_bytes(content)
    else:
        target.unlink()
    assert verdicts(layout)[requirement] == "fail"


def test_several_images_want_a_tag(layout: Path) -> None:
    index = json.loads((layout / "index.json").read_bytes())
    index["manifests"].append({**index["manifests"][0], "annotations": {"org.opencontainers.image.ref.name": "two"}})
    (layout / "index.json").write_text(json.dumps(index))
    with pytest.raises(SourceError, match=r"choose one with oci:.*names: 1, two"):
        check_image(f"oci:{layout}", OPTIONS)
    assert check_image(f"oci:{layout}:two", OPTIONS).conforms
    with pytest.raises(SourceError, match="no image is named 'three'"):
        check_image(f"oci:{layout}:three", OPTIONS)


@pytest.mark.parametrize(
    ("text", "host", "repository", "reference"),
    [
        ("registry.example/app:1", "registry.example", "app", "1"),
        ("docker://registry.example:5000/a/b", "registry.example:5000", "a/b", "latest"),
        ("localhost/app:x", "localhost", "app", "x"),
        ("alpine", "registry-1.docker.io", "library/alpine", "latest"),
        ("docker.io/alpine:3", "registry-1.docker.io", "library/alpine", "3"),
        (f"r.example/a@sha256:{'0' * 64}", "r.example", "a", f"sha256:{'0' * 64}"),
        (f"r.example/a:tag@sha256:{'0' * 64}", "r.example", "a", f"sha256:{'0' * 64}"),
        ("[::1]:5000/a", "[::1]:5000", "a", "latest"),
    ],
)
def test_references_to_registries(text: str, host: str, repository: str, reference: str) -> None:
    assert parse_reference(text) == RegistryReference(host, repository, reference)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "r.example/A:1",
        "r.example/a:",
        "r.example/a@sha256:1",
        "r.example/",
        "r.example/a b",
        "\n",
        "r.example/../x",
        "127.0.0.1:65536/a",
        "http://127.0.0.1:5000",
        "https://r.example/",
        "127.0.0.1:5000/a@sha256:zz",
    ],
)
def test_an_invalid_reference_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_reference(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("http://127.0.0.1:5000", "an image in it is named 127.0.0.1:5000/name:tag"),
        ("127.0.0.1:5000/a@sha256:zz", "after @ is a digest"),
        ("127.0.0.1:65536/a", "is not a registry host"),
    ],
)
def test_a_refused_reference_has_its_remedy(text: str, remedy: str) -> None:
    with pytest.raises(SourceError, match=remedy):
        parse_reference(text)


def test_a_host_after_a_scheme_needs_no_dot() -> None:
    assert parse_reference("http://registry/app:1") == RegistryReference("registry", "app", "1", "http")


def test_a_file_is_not_an_image_of_docker_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("image.tar").touch()
    with pytest.raises(SourceError, match=r"a file; .* unpack an archive"):
        check_image("image.tar", OPTIONS)
    assert parse_reference("docker.io/image.tar") == RegistryReference(
        "registry-1.docker.io", "library/image.tar", "latest"
    )


def test_layout_references(tmp_path: Path) -> None:
    assert parse_reference(str(tmp_path)) == LayoutReference(tmp_path)
    assert parse_reference(f"oci:{tmp_path}:v1") == LayoutReference(tmp_path, "v1")
    for name in ("host.example/a/b:1.0", "a:b", "a/b@sha256:00"):  # as skopeo copy … oci:DIR:NAME writes them
        assert parse_reference(f"oci:{tmp_path}:{name}") == LayoutReference(tmp_path, name)
        assert parse_reference(f"{tmp_path}:{name}") == LayoutReference(tmp_path, name)
    (tmp_path / "a:b").mkdir()
    assert parse_reference(f"oci:{tmp_path}/a:b:c") == LayoutReference(tmp_path / "a:b", "c")


def test_a_directory_that_is_here_is_meant_with_a_tag_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "layout").mkdir()
    assert parse_reference("layout:v1") == LayoutReference(Path("layout"), "v1")
    assert isinstance(parse_reference("other:v1"), RegistryReference)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("registry.example", False),
        ("10.0.0.1", False),
        ("localhost.example", False),
    ],
)
def test_which_hosts_are_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("device", ["/proc/self/mem", "/proc/self/maps"])
def test_blobs_that_lead_to_files_of_the_kernel_are_one_line(layout: Path, device: str) -> None:
    """They are regular files, some cannot be read at all, and none of what they hold may show."""
    if not Path(device).exists():
        pytest.skip(f"no {device} on this system")
    for path in (layout / "blobs" / "sha256").iterdir():
        path.unlink()
        path.symlink_to(device)
    with pytest.raises(SourceError) as raised:
        check_image(f"oci:{layout}", OPTIONS)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("size", [2**62, 2**63 - 1, 2**64, 10**30, -(10**30)])
def test_an_impossible_layer_size_is_a_finding(layout: Path, size: int) -> None:
    manifest = json.loads(blob(layout, PLAIN).read_bytes())
    manifest["layers"][0]["size"] = size
    report = judged_manifest(layout, manifest)
    assert not report.conforms
    assert {result.id: result.verdict for result in report.verdicts}.get("FOOTER-001") != "pass"


def test_a_sparse_layer_of_terabytes_is_not_read_to_its_end(layout: Path) -> None:
    manifest = json.loads(blob(layout, PLAIN).read_bytes())
    os.truncate(blob(layout, manifest["layers"][0]["digest"].removeprefix("sha256:")), 2**42)
    report = judged_manifest(layout, manifest, deep=True)
    found = {result.id: result.verdict for result in report.verdicts}
    assert (found["LAYER-003"], found["LAYER-001"]) == ("fail", "not-run")


def test_a_layer_may_have_a_sha512_digest(layout: Path) -> None:
    manifest = json.loads(blob(layout, PLAIN).read_bytes())
    layer = manifest["layers"][0]
    content = blob(layout, layer["digest"].removeprefix("sha256:")).read_bytes()
    layer["digest"] = f"sha512:{hashlib.sha512(content).hexdigest()}"
    target = layout / "blobs" / layer["digest"].replace(":", "/")
    target.parent.mkdir()
    target.write_bytes(content)
    report = judged_manifest(layout, manifest, deep=True)
    assert {result.id: result.verdict for result in report.verdicts}["LAYER-003"] == "pass"
    target.write_bytes(content[:-1] + b"y")
    report = judged_manifest(layout, manifest, deep=True)
    assert {result.id: result.verdict for result in report.verdicts}["LAYER-003"] == "fail"


def judged_manifest(layout: Path, manifest: dict[str, object], *, deep: bool = False) -> SubjectReport:
    """The report on this manifest alone, made the image of the layout."""
    raw = json.dumps(manifest).encode()
    digest = Digest.of(raw)
    (layout / "blobs" / "sha256" / digest.hex).write_bytes(raw)
    entry = {"mediaType": MANIFEST_TYPE, "digest": str(digest), "size": len(raw)}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    return check_image(f"oci:{layout}", msgspec.structs.replace(OPTIONS, deep=deep))

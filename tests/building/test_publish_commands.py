"""``zcc push``, ``zcc pull`` and ``zcc sentinel`` as a publisher types them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.building.layout import continued_layout
from conformance.cli import app
from conformance.format.document import encode
from conformance.format.names import INDEX_TYPE
from conformance.format.oci import Descriptor, read_index
from conformance.images.golden import golden_directory
from conformance.registry.server.embedded import BasicAuth, EmbeddedRegistry
from conformance.registry.server.faults import Fault, Match
from conformance.registry.server.serving import Reply
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from tests.building.trees import make_tree


def done(*arguments: str | Path, **environ: str) -> str:
    """In this process: its own command would take a second to start."""
    run = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environ)
    assert run.exit_code == 0, run.output
    return run.stdout


def refused(*arguments: str | Path, **environ: str) -> str:
    run = CliRunner().invoke(app, [str(argument) for argument in arguments], env=environ)
    assert run.exit_code == 2, run.output
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    return run.stderr


def entry(layout: Path, tag: str = "") -> Descriptor:
    found = LayoutSource(LayoutReference(layout, tag)).entry()
    assert found is not None
    return found


def digest(layout: Path, tag: str = "") -> str:
    return entry(layout, tag).digest


@pytest.fixture
def registry() -> Iterator[EmbeddedRegistry]:
    with EmbeddedRegistry() as running:
        yield running


@pytest.fixture
def host(registry: EmbeddedRegistry) -> str:
    return registry.url.removeprefix("http://")


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """An image with its sentinel variant, named "pair", and the plain one, named "plain"."""
    (tmp_path / "tree").mkdir()
    make_tree(tmp_path / "tree")
    for tag, options in (("pair", ["--sentinel"]), ("plain", [])):
        done("build", tmp_path / "tree", "-o", f"oci:{tmp_path / 'layout'}:{tag}", *options)
    return tmp_path / "layout"


def test_an_image_goes_to_a_registry_and_comes_back(layout: Path, host: str, tmp_path: Path) -> None:
    sent = done("push", f"oci:{layout}:pair", f"{host}/app:1")
    assert sent.split()[:2] == [f"{host}/app:1", digest(layout, "pair")]
    assert "0 blobs copied" in done("push", f"oci:{layout}:pair", f"{host}/app:1")
    assert done("check", "--deep", "--require-sentinel", f"{host}/app:1")
    back = done("pull", f"{host}/app:1", f"oci:{tmp_path / 'back'}")
    assert back.startswith(f"oci:{tmp_path / 'back'}:1  {digest(layout, 'pair')}  ")
    assert digest(tmp_path / "back") == digest(layout, "pair")
    assert done("check", "--deep", "--require-sentinel", f"oci:{tmp_path / 'back'}")
    assert sorted(path.name for path in (tmp_path / "back").iterdir()) == ["blobs", "index.json", "oci-layout"]
    assert "0 blobs copied" in done("pull", f"{host}/app:1", tmp_path / "back")


def test_the_golden_image_passes_unchanged(host: str, tmp_path: Path) -> None:
    golden = golden_directory("sentinel-single")
    done("push", f"oci:{golden}", f"{host}/golden:1")
    done("pull", f"{host}/golden:1", f"oci:{tmp_path / 'back'}:x")
    assert digest(tmp_path / "back", "x") == digest(golden)


def test_a_pull_that_broke_is_continued(layout: Path, registry: EmbeddedRegistry, host: str, tmp_path: Path) -> None:
    done("push", f"oci:{layout}:plain", f"{host}/app:1")
    registry.arm(Fault(Match("blob", "GET", skip=1), instead=lambda *_: Reply(403)))
    assert "refuses access (HTTP 403)" in refused("pull", f"{host}/app:1", tmp_path / "back")
    assert json.loads((tmp_path / "back/index.json").read_bytes())["manifests"] == []
    registry.arm()
    assert "1 blob copied" in done("pull", f"{host}/app:1", tmp_path / "back")
    assert digest(tmp_path / "back") == digest(layout, "plain")


def test_a_push_that_broke_leaves_the_tag(layout: Path, registry: EmbeddedRegistry, host: str) -> None:
    done("push", f"oci:{layout}:plain", f"{host}/app:1")
    registry.arm(Fault(Match("manifest", "PUT", skip=1), instead=lambda *_: Reply(403)))
    assert "the tag is left as it was" in refused("push", f"oci:{layout}:pair", f"{host}/app:1")
    assert digest(layout, "plain") in done("sentinel", "strip", f"{host}/app:1")


def test_credentials_are_used_and_never_shown(layout: Path, tmp_path: Path) -> None:
    with EmbeddedRegistry(auth=BasicAuth("me", "hunter2hunter2")) as closed:
        name = f"{closed.url.removeprefix('http://')}/app:1"
        assert "requires authentication (HTTP 401); give --username" in refused("push", f"oci:{layout}:pair", name)
        login = {"OCI_PASSWORD": "hunter2hunter2"}
        shown = done("push", f"oci:{layout}:pair", name, "--username", "me", **login)
        shown += done("sentinel", "strip", name, "--username", "me", **login)
        shown += done("pull", name, tmp_path / "back", "--username", "me", **login)
        assert "hunter2" not in shown
        assert "HTTP 401" in refused("pull", name, tmp_path / "other")


@pytest.mark.parametrize("where", ["layout", "registry"])
def test_a_variant_is_added_and_stripped_and_nothing_else_changes(
    layout: Path, registry: EmbeddedRegistry, host: str, where: str
) -> None:
    image = f"oci:{layout}:plain"
    if where == "registry":
        image = f"{host}/app:1"
        done("push", f"oci:{layout}:plain", image)
    added = done("sentinel", "add", image)
    assert added.split()[1] == digest(layout, "pair"), "the same as zcc build --sentinel makes"
    assert done("check", "--deep", "--require-sentinel", image)
    assert "nothing to do" in done("sentinel", "add", image)
    stripped = done("sentinel", "strip", image)
    assert "nothing to do" in done("sentinel", "strip", image)
    plain = read_index((layout / "index.json").read_bytes()).view.manifests[1]
    assert where == "registry" or stripped.split()[1] == plain.digest
    assert "no sentinel variant" in done("check", image)


def test_an_index_keeps_its_other_entries(layout: Path, host: str, tmp_path: Path) -> None:
    two = tmp_path / "two"
    shutil.copytree(layout, two)
    entries = []
    for architecture, compression in (("amd64", "zstd:chunked"), ("arm64", "zstd:chunked"), ("s390x", "gzip")):
        options = ("--platform", f"linux/{architecture}", "--compression", compression)
        done("build", tmp_path / "tree", "-o", f"oci:{two}:{architecture}", *options)
        one = entry(two, architecture)
        described = {"mediaType": one.media_type, "digest": one.digest, "size": one.size}
        entries.append({**described, "platform": {"os": "linux", "architecture": architecture}})
    index = encode({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries})
    writer = continued_layout(two)
    writer.tag(Descriptor(INDEX_TYPE, str(writer.store.put(index)), len(index)), "multi")
    added = done("sentinel", "add", f"oci:{two}:multi")
    assert "left without a sentinel variant: layer 0 is not zstd:chunked" in added
    done("push", f"oci:{two}:multi", f"{host}/multi:1")
    assert done("check", "--deep", "--require-sentinel", f"{host}/multi:1")
    done("sentinel", "strip", f"oci:{two}:multi")
    left = read_index((two / "blobs/sha256" / digest(two, "multi").removeprefix("sha256:")).read_bytes()).view
    assert {item.digest for item in left.manifests} == {item["digest"] for item in entries}


def test_refusals_are_one_line(layout: Path, host: str, tmp_path: Path) -> None:
    done("build", tmp_path / "tree", "-o", f"oci:{tmp_path / 'gzip'}", "--compression", "gzip")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    done("push", f"oci:{layout}:pair", f"{host}/app:1")
    other = "sha256:" + "0" * 64
    for arguments, message in (
        (("sentinel", "add", tmp_path / "gzip"), "layer 0 is not zstd:chunked"),
        (("sentinel", "add", f"{host}/app@{digest(layout, 'pair')}"), "give a tag"),
        (("sentinel", "add", f"{host}/absent:1"), "no such image"),
        (("sentinel", "strip", tmp_path / "absent"), "no such directory"),
        (("push", f"{host}/app:1", f"{host}/app:2"), "an OCI layout is named"),
        (("push", f"oci:{layout}:pair", f"oci:{layout}"), "is named host/name:tag"),
        (("push", f"oci:{layout}:pair", f"{host}/app@{other}"), "the image in the layout has the digest"),
        (("push", f"oci:{layout}", f"{host}/app:1"), "2 images; choose one"),
        (("push", f"oci:{layout}:pair", "127.0.0.1:1/app:1"), "127.0.0.1:1"),
        (("pull", f"{host}/app:1", tmp_path / "full"), "neither an OCI layout nor an empty directory"),
        (("pull", f"{host}/absent:1", tmp_path / "new"), "no such image"),
        (("pull", f"{host}/app:1", f"oci:{tmp_path / 'new'}:-x"), "is not a name of an image"),
    ):
        assert message in refused(*arguments), arguments
    assert not (tmp_path / "new").exists()

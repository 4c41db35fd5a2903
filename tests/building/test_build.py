"""``zcc build``: images that conform, the same every time, put into layouts in one step."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from conformance.anatomy.model import ImageView
from conformance.anatomy.walk import ViewOptions, view_image
from conformance.audit.checking import CheckOptions, check_image
from conformance.format.oci import read_config
from conformance.images.trees import tar_of
from conformance.sources.layout import LayoutSource
from conformance.sources.reference import LayoutReference
from tests.building.trees import make_tree
from tests.commands.test_cli import zcc
from tests.implementations.images import TREES


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree").mkdir()
    return make_tree(tmp_path / "tree")


def build(layout: Path, *arguments: str | Path, tag: str = "", **environ: str) -> "CompletedProcess[str]":
    target = f"oci:{layout}" + (f":{tag}" if tag else "")
    return zcc("build", "-o", target, *(str(argument) for argument in arguments), directory=None, **environ)


def built(layout: Path, *arguments: str | Path, tag: str = "", **environ: str) -> None:
    run = build(layout, *arguments, tag=tag, **environ)
    assert run.returncode == 0, run.stderr


def look(layout: Path, tag: str = "latest") -> ImageView:
    return view_image(LayoutSource(LayoutReference(layout, tag)), ViewOptions(frames=True))


def files_of(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def tags_of(layout: Path) -> list[str]:
    entries: Sequence[dict[str, dict[str, str]]] = json.loads((layout / "index.json").read_bytes())["manifests"]
    return [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in entries]


def test_what_is_built_conforms(tree: Path, tmp_path: Path) -> None:
    built(tmp_path / "layout", tree, "--sentinel")
    run = zcc("check", "--deep", "--require-sentinel", f"oci:{tmp_path / 'layout'}")
    assert run.returncode == 0, run.stdout
    report = check_image(f"oci:{tmp_path / 'layout'}", CheckOptions(use_panel=False, require_sentinel=True))
    assert not [result.id for result in report.verdicts if result.verdict == "fail"]


@pytest.mark.parametrize("compression", ["zstd:chunked", "zstd", "gzip", "uncompressed"])
def test_the_same_input_gives_the_same_layout(tree: Path, tmp_path: Path, compression: str) -> None:
    for name in ("one", "two"):
        built(tmp_path / name, tree, "--compression", compression, SOURCE_DATE_EPOCH="1700000000")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    (layer,) = look(tmp_path / "one").manifests[0].layers
    assert layer.kind == ("tar" if compression == "uncompressed" else compression)


def test_all_compressions_hold_the_same_tar(tree: Path, tmp_path: Path) -> None:
    diff_ids = set()
    for number, compression in enumerate(("zstd:chunked", "zstd", "gzip", "uncompressed")):
        built(tmp_path / "layout", tree, "--compression", compression, tag=f"t{number}")
        diff_ids.add(look(tmp_path / "layout", f"t{number}").manifests[0].layers[0].diff_id)
    assert len(diff_ids) == 1


def test_tars_are_the_lower_layers(tree: Path, tmp_path: Path) -> None:
    for number, lower in enumerate(TREES):
        (tmp_path / f"{number}.tar").write_bytes(tar_of(lower))
    built(tmp_path / "layout", tree, "--tar", tmp_path / "0.tar", "--tar", tmp_path / "1.tar", "--sentinel")
    plain, variant = look(tmp_path / "layout").manifests
    assert [layer.kind for layer in variant.layers] == ["sentinel", *["zstd:chunked"] * 3]
    tocs = [layer.toc for layer in plain.layers]
    assert [sum(toc.types.values()) for toc in tocs if toc] == [7, 4, len(list(tree.rglob("*")))]
    assert not [layer.remarks for layer in plain.layers if layer.remarks]


def test_a_tag_is_added_and_replaced_in_a_layout_that_is_there(tree: Path, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    built(layout, tree, tag="a")
    built(layout, tree, tag="b")
    first = look(layout, "a")
    (tree / "etc/more").touch()
    built(layout, tree, tag="b")
    assert tags_of(layout) == ["a", "b"]
    assert look(layout, "a") == first
    assert look(layout, "b").manifests[0].digest != first.manifests[0].digest


def test_unknown_fields_of_a_layout_stay(tree: Path, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    built(layout, tree, tag="a")
    index = (layout / "index.json").read_text().replace('{"schema', '{"org.example": 1.10, "schema')
    (layout / "index.json").write_text(index)
    built(layout, tree, tag="b")
    assert (layout / "index.json").read_text().startswith('{"org.example": 1.10, "schema')


def test_platform_and_times(tree: Path, tmp_path: Path) -> None:
    layout = tmp_path / "layout"
    built(layout, tree, "--platform", "linux/arm/v7", "--sentinel", SOURCE_DATE_EPOCH="1500000000")
    image = look(layout)
    assert {manifest.platform for manifest in image.manifests} == {"linux/arm/v7"}
    config = image.manifests[0].config
    assert config is not None
    assert (config.platform, config.created) == ("linux/arm/v7", "2017-07-14T02:40:00Z")
    built(layout, tree, "--created", "2020-01-02T03:04:05+02:00", tag="other")
    config = look(layout, "other").manifests[0].config
    assert config is not None
    assert config.created == "2020-01-02T01:04:05Z"
    built(layout, tree, tag="none")
    config = look(layout, "none").manifests[0].config
    assert config is not None
    assert config.created == ""
    fields = read_config((layout / "blobs/sha256" / config.digest.removeprefix("sha256:")).read_bytes()).fields
    assert "created" not in fields


def test_blobs_can_be_read_by_everyone(tree: Path, tmp_path: Path) -> None:
    built(tmp_path / "layout", tree)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "layout").rglob("*") if path.is_file()}
    assert modes == {0o644}
    assert (tmp_path / "layout").stat().st_mode & 0o777 == 0o755


def test_when_a_build_fails_nothing_is_left(tree: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "bad.tar").write_bytes(tar_of(TREES[0])[:100_000] + b"x" * 512)
    assert build(tmp_path / "layout", tree, "--tar", tmp_path / "bad.tar").returncode == 2
    assert not (tmp_path / "layout").exists()
    built(tmp_path / "layout", tree)
    before = files_of(tmp_path / "layout")
    assert build(tmp_path / "layout", tree, "--tar", tmp_path / "bad.tar").returncode == 2
    assert files_of(tmp_path / "layout") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.tar", "fifo", "layout", "tree"]


def test_refusals_are_one_line_and_exit_2(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").touch()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    (tmp_path / "damaged/index.json").write_text("[]")
    new = tmp_path / "new"
    twice = tmp_path / "twice.tar"
    twice.write_bytes(tar_of((TREES[1][1], TREES[1][1])))
    for run, message in (
        (build(new), "there is nothing to build from"),
        (build(new, tmp_path / "absent"), "no such directory"),
        (build(new, tree, "--compression", "lzma"), "is not one of"),
        (build(new, tree, "--compression", "gzip", "--sentinel"), "needs layers in zstd:chunked"),
        (build(new, tree, "--platform", "amd64"), "is not os/architecture"),
        (build(new, tree, "--mtime", "yesterday"), "--mtime 'yesterday' is neither RFC 3339"),
        (build(new, tree, SOURCE_DATE_EPOCH="x"), "SOURCE_DATE_EPOCH 'x' is neither"),
        (build(new, tree, "--owner", "root"), "is not UID:GID"),
        (build(new, tree, tag="-x"), "is not a name of an image"),
        (build(new, "--tar", twice), "occurs twice in the tar"),
        (build(tmp_path / "full", tree), "neither an OCI layout nor an empty directory"),
        (build(tmp_path / "damaged", tree), "not an object"),
        (build(tree / "etc", tree), "is the input of the image"),
        (zcc("build", str(tree), "-o", "example.com/app:1"), "is built into a layout"),
    ):
        assert run.returncode == 2, (message, run.stdout)
        assert message in run.stderr, run.stderr
        assert len(run.stderr.strip().splitlines()) == 1, run.stderr
        assert not run.stdout
    assert not new.exists()


def config_of(layout: Path, tag: str = "latest") -> dict[str, object]:
    config = look(layout, tag).manifests[0].config
    assert config is not None
    fields = read_config((layout / "blobs/sha256" / config.digest.removeprefix("sha256:")).read_bytes()).fields
    settings: dict[str, object] = fields["config"]
    return settings


def test_what_a_container_runs(tree: Path, tmp_path: Path) -> None:
    options = (
        *("--cmd", "serve --name 'two words'", "--entrypoint", '["/bin/tool", ""]'),
        *("--env", "PATH=/bin", "--env", "A=b=c", "--label", "org.example.x=1", "--label", "org.example.x=2"),
        *("--user", "12:34", "--workdir", "/data"),
    )
    built(tmp_path / "layout", tree, *options)
    assert config_of(tmp_path / "layout") == {
        "User": "12:34",
        "Env": ["PATH=/bin", "A=b=c"],
        "Entrypoint": ["/bin/tool", ""],
        "Cmd": ["serve", "--name", "two words"],
        "WorkingDir": "/data",
        "Labels": {"org.example.x": "2"},
    }
    built(tmp_path / "other", tree)
    assert config_of(tmp_path / "other") == {}


def test_layers_in_the_order_that_they_are_given(tree: Path, tmp_path: Path) -> None:
    tars = []
    for number, lower in enumerate(TREES):
        (tmp_path / f"{number}.tar").write_bytes(tar_of(lower))
        tars.append(tmp_path / f"{number}.tar")
    (tmp_path / "small").mkdir()
    (tmp_path / "small/file").touch()
    built(tmp_path / "layout", tars[0], tree, tars[1], tmp_path / "small", "--sentinel")
    plain, variant = look(tmp_path / "layout").manifests
    tocs = [layer.toc for layer in plain.layers]
    assert [sum(toc.types.values()) for toc in tocs if toc] == [7, len(list(tree.rglob("*"))), 4, 1]
    assert len(variant.layers) == 5


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--env", "PATH"), "is not NAME=VALUE"),
        (("--label", "=x"), "is not NAME=VALUE"),
        (("--cmd", "a 'b"), "No closing quotation"),
        (("--cmd", "[1]"), "is not an array of strings"),
        (("--entrypoint", '["a"'), "--entrypoint"),
        (("--env", "A=" + "x" * 70000), "at most"),
    ],
)
def test_settings_that_are_none(tree: Path, tmp_path: Path, option: tuple[str, str], message: str) -> None:
    run = build(tmp_path / "layout", tree, *option)
    assert (run.returncode, len(run.stderr.splitlines())) == (2, 1), run.stderr
    assert message in run.stderr

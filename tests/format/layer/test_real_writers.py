"""The archives of ordinary trees by real writers fail no MUST: a rule on which they fail would be wrong.

``nox -s corpora`` brings packages of five kinds from their registries besides; here is what the machine has.
"""

import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.format.errors import FormatError
from conformance.images.layer_draft import draft_of_tar
from tests.checks.artifact.test_layer_checks import results
from tests.format.layer.writers import WRITERS, go_archives, ordinary_tree
from tests.tools import need

CORPORA = Path(os.environ.get("ZCC_CORPORA", "/nonexistent"))
LARGEST = 60 * 2**20
"""Bytes of tar that one package may have here."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ordinary_tree(tmp_path_factory.mktemp("tree"))


def broken_musts(tar: bytes) -> dict[str, str]:
    return {
        result.id: result.findings[0].where
        for result in results(draft_of_tar(tar))
        if result.verdict == "fail" and result.level == "MUST"
    }


@pytest.mark.parametrize("writer", WRITERS)
def test_a_writers_ordinary_output_breaks_no_must(writer: str, tree: Path, tmp_path: Path) -> None:
    tool, write = WRITERS[writer]
    need(shutil.which(tool) is not None, tool)
    out = tmp_path / "out.tar"
    write(tree, out)
    tar = out.read_bytes()
    assert len(tar) > 5000
    assert not broken_musts(tar)


def test_ordinary_archives_of_gos_own_tests_break_no_must() -> None:
    archives = list(go_archives())
    need(bool(archives), "Go's source tree")
    assert not {path.name: broken for path in archives if (broken := broken_musts(path.read_bytes()))}


def packages() -> Iterator[tuple[str, bytes]]:
    """The tars within the packages of a folder."""
    for path in sorted(CORPORA.iterdir()):
        if path.suffix == ".deb":
            command = ("dpkg-deb", "--fsys-tarfile", str(path))
            yield path.name, subprocess.run(command, capture_output=True, timeout=300, check=True).stdout
        elif path.name.endswith((".crate", ".tgz", ".tar.gz")):
            yield path.name, gzip.decompress(path.read_bytes())


@pytest.mark.skipif(not CORPORA.is_dir(), reason="ZCC_CORPORA names no folder of packages: nox -s corpora brings them")
def test_the_tars_of_packages_break_no_must() -> None:
    failing, judged, refused = {}, 0, []
    for name, tar in packages():
        if len(tar) > LARGEST:
            continue
        try:
            broken = broken_musts(tar)
        except FormatError as error:
            refused.append(f"{name}: {error}")  # what no TOC can represent: global headers, names twice
            continue
        judged += 1
        if broken:
            failing[name] = broken
    print(f"{judged} packages judged, {len(refused)} that no TOC can represent: {refused}")  # noqa: T201
    assert not failing
    assert judged >= int(os.environ.get("ZCC_CORPORA_LEAST", "1"))

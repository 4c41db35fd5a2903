"""What a tool wrote into an OCI layout is read, also where it left another entry beside it."""

from pathlib import Path

import msgspec

from conformance.images.inputs import image
from conformance.trials.producer.other_pushes import read_layout


def test_the_entry_with_a_name_is_read(tmp_path: Path) -> None:
    layout = image().write(tmp_path / "image")
    path = layout / "index.json"
    index = msgspec.json.decode(path.read_bytes())
    (entry,) = index["manifests"]
    named = {**entry, "annotations": {"org.opencontainers.image.ref.name": "latest"}}
    entry.pop("annotations", None)
    path.write_bytes(msgspec.json.encode({**index, "manifests": [entry, named]}))
    seen, missing = read_layout(layout)
    assert seen is not None
    assert missing == ()


def test_a_layout_that_cannot_be_read_is_no_image(tmp_path: Path) -> None:
    assert read_layout(tmp_path) == (None, ())
    (tmp_path / "index.json").write_text("[")
    assert read_layout(tmp_path) == (None, ())

"""The form of a digest, and the places of documents that hold one."""

from typing import Any

import pytest

from conformance.format.digest import is_digest
from conformance.format.document_digests import digests_in

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (f"sha256:{HEX}", True),
        (f"sha512:{HEX}{HEX}", True),
        (f"sha256:{HEX}0", False),
        (f"sha256:{HEX[1:]}", False),
        (f"sha256:{HEX.upper()}", False),
        (f"sha256:{HEX}{HEX}", False),
        (f"sha512:{HEX}", False),
        (f"sha256:{HEX[1:]}g", False),
        (f"sha256:{HEX}\n", False),
        (f" sha256:{HEX}", False),
        ("sha256:", False),
        ("sha256", False),
        (HEX, False),
        (f"SHA256:{HEX}", False),
        ("", False),
        (":", False),
        ("a:", False),
        ("a:b", True),
        ("sha256+b64:LCa0a2j_xo-5m0U8HTBBNBNCLXBkg7=", True),
        ("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", True),
        ("a.b_c-d+e:x", True),
        ("a..b:x", False),
        ("+a:x", False),
        ("a+:x", False),
        ("a:x:y", False),
        ("a:x/y", False),
        ("ä:x", False),
        ("a:é", False),
    ],
)
def test_the_form_of_a_digest(text: str, right: bool) -> None:
    assert is_digest(text) is right


@pytest.mark.parametrize(
    ("kind", "fields", "found"),
    [
        (
            "index",
            {"manifests": [{"digest": "a"}, {"digest": "b"}], "subject": {"digest": "c"}, "config": {"digest": "d"}},
            [("subject.digest", "c"), ("manifests[0].digest", "a"), ("manifests[1].digest", "b")],
        ),
        (
            "manifest",
            {
                "config": {"digest": "a"},
                "layers": [{"digest": "b"}],
                "subject": {"digest": "c"},
                "blobs": [{"digest": "d"}],
            },
            [("config.digest", "a"), ("subject.digest", "c"), ("layers[0].digest", "b")],
        ),
        ("config", {"rootfs": {"diff_ids": ["a", 7, "b"]}}, [("rootfs.diff_ids[0]", "a"), ("rootfs.diff_ids[2]", "b")]),
        ("config", {"rootfs": "none", "config": {"digest": "a"}}, []),
        ("config", {"rootfs": {"diff_ids": "abc"}}, []),
        ("index", {"manifests": None, "subject": None}, []),
        ("manifest", {"layers": {"digest": "a"}, "config": ["a"], "subject": {"digest": None}}, []),
        ("manifest", {"layers": ["a", {"digest": 7}]}, []),
    ],
)
def test_the_digests_of_a_document(kind: Any, fields: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert list(digests_in(kind, fields)) == found

"""What the checks report of sentinel blobs at their edges, word for word (blobs_judged.json)."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from conformance.format.sentinel import MAX_SIZE, MIN_SIZE, NEAR_START, canonical_sentinel
from conformance.images.raw_tar import GNU, file, header
from conformance.observed.evidence import CommandEvidence
from conformance.observed.image import ReaderOutcome, SentinelBlob
from tests.told import Told, kept, told

FILE = Path(__file__).parent / "blobs_judged.json"
RIGHT = canonical_sentinel()
ENDED = (CommandEvidence(("tar", "-t"), 2, "no tar"),)
NEVER = (CommandEvidence(("tar", "-t"), 2), CommandEvidence(("tar", "-x"), None))


def put(at: int, content: bytes, blob: bytes = RIGHT) -> bytes:
    return blob[:at] + content + blob[at + len(content) :]


def reader(**facts: Any) -> ReaderOutcome:
    return ReaderOutcome(facts.pop("name", "tool"), facts.pop("version", "1.0"), facts.pop("lenient", False), **facts)


TEXT = b"See the TOC, NEVER a tar: https://example.org/ " * 40
BLOCKS = RIGHT[:512] + (b"x" * 512)
BLOBS: dict[str, bytes] = {
    "right": RIGHT,
    "empty": b"",
    "one byte": b"x",
    "511 bytes": RIGHT[:511],
    "512 bytes": RIGHT[:512],
    "a block less a byte": RIGHT[: MIN_SIZE - 1],
    "at the limit": RIGHT + b"x" * (MAX_SIZE - len(RIGHT)),
    "over the limit": RIGHT + b"x" * (MAX_SIZE + 1 - len(RIGHT)),
    "text alone": TEXT[:1024],
    "its first zero at the limit": TEXT[: NEAR_START - 1] + b"\0" + TEXT[NEAR_START:600],
    "its first zero after the limit": TEXT[:NEAR_START] + b"\0" + TEXT[NEAR_START + 1 : 600],
    "its first zero at the end of the block": TEXT[:511] + b"\0" + TEXT[512:1024],
    "its first zero after the block": TEXT[:512] + b"\0" + TEXT[513:1024],
    "zeros": bytes(512),
    "zeros, twice": bytes(1024),
    "zeros behind": BLOCKS + bytes(512),
    "zeros within": RIGHT[:512] + b"x" + bytes(600),
    "many blocks of zeros": (b"x" * 512 + bytes(512)) * 10,
    "no name": put(345, b"\0", put(0, b"\0")),
    "no name, a prefix": put(345, b"p", put(0, b"\0")),
    "a name, no prefix": put(345, b"\0", put(0, b"n")),
    "a header": file(b"name", b""),
    "a header behind": BLOCKS + file(b"name", b""),
    "a header behind, not on a block": BLOCKS[:900] + file(b"name", b""),
    "two headers behind": BLOCKS + file(b"a", b"") + b"x" * 512 + file(b"b", b""),
    "many headers": file(b"a", b"") * 12,
    "a header of GNU tar": header(b"name", magic=GNU),
    "magic": put(257, b"ustar\x0000"),
    "star": put(508, b"tar\0"),
    "no words": b"x\0" + b"y" * 700,
    "some words": b"TOC\0" + b"y" * 700,
    "gzip": b"\x1f\x8b\x08\0" + TEXT[:700],
    "zstd": b"\x28\xb5\x2f\xfd\0" + TEXT[:700],
    "an archive of ar": b"!<arch>\n" + TEXT[:700],
    "no link": RIGHT.replace(b"https://", b"about:  "),
}
PANELS: dict[str, tuple[ReaderOutcome, ...]] = {
    "rejected": (reader(evidence=ENDED), reader(name="other", version="", lenient=True)),
    "absent": (reader(absent=True), reader(name="broken", absent=True, evidence=ENDED)),
    "accepted": (
        reader(accepted=True, evidence=ENDED),
        reader(name="lenient", lenient=True, accepted=True, entries=("a",), evidence=ENDED),
        reader(name="entries", accepted=True, entries=tuple("abcdefghij"), evidence=ENDED),
    ),
    "did not end": (
        reader(evidence=NEVER),
        reader(name="lenient", lenient=True, evidence=NEVER),
        reader(name="accepted", accepted=True, evidence=NEVER),
    ),
}
SEEN = {
    **{f"blob: {name}": SentinelBlob("sentinel", blob) for name, blob in BLOBS.items()},
    **{f"panel: {name}": SentinelBlob("sentinel", RIGHT, panel) for name, panel in PANELS.items()},
}
DUE = kept(FILE, {name: partial(told, seen) for name, seen in SEEN.items()})


@pytest.mark.parametrize("name", sorted(SEEN))
def test_what_is_said_of_a_blob(name: str) -> None:
    found: Told = told(SEEN[name])
    assert found == DUE[name]

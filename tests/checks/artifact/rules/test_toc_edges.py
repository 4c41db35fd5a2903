"""Rules over TOC entries at their edges: the first and last value that is right."""

import pytest

from conformance.checks.artifact import toc_rules
from conformance.format.toc import Entry
from conformance.format.toc_outline import outline

DIGEST = "sha256:" + "ab" * 32
NOTHING = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"size": 1, "offset": 1, "end_offset": 2, "digest": DIGEST}, 0),
        ({"size": 1, "offset": 0, "end_offset": 2, "digest": DIGEST}, 1),
        ({"size": 1, "offset": 1, "end_offset": 0, "digest": DIGEST}, 1),
        ({"size": 1, "offset": -1, "end_offset": 2, "digest": DIGEST}, 1),
        ({"size": 1, "offset": 1, "end_offset": -1, "digest": DIGEST}, 1),
        ({"size": 1, "offset": 1, "end_offset": 2, "digest": ""}, 1),
        ({"size": 1, "offset": 1, "end_offset": 2, "digest": DIGEST[:-1]}, 1),
        ({"size": 1, "offset": 1, "end_offset": 2, "digest": DIGEST + "0"}, 1),
        ({"size": 1, "offset": 1, "end_offset": 2, "digest": DIGEST.upper()}, 1),
        ({"size": 0}, 0),
        ({"size": 0, "digest": NOTHING}, 0),
        ({"size": 0, "digest": DIGEST}, 1),
        ({"size": 0, "offset": 1}, 1),
        ({"size": 0, "end_offset": 1}, 1),
        ({"size": -1}, 1),
    ],
)
def test_a_regular_file_has_a_place_and_a_digest_when_it_has_content(fields: dict[str, object], problems: int) -> None:
    (entry,) = [Entry(type="reg", name="a", **fields)]  # type: ignore[arg-type]
    assert len(list(toc_rules.wrong_shapes(outline([entry])))) == problems


@pytest.mark.parametrize("kind", ["reg", "block", "char", "dir", "fifo", "hardlink", "symlink"])
def test_names_of_every_kind_of_entry_count(kind: str) -> None:
    entries = [Entry(type=kind, name="a"), Entry(type=kind, name="./a")]
    assert len(toc_rules.colliding_names(entries)) == 1
    assert toc_rules.colliding_names([entries[0], Entry(type="chunk", name="a")]) == ()


@pytest.mark.parametrize(
    ("spans", "toc_start", "problems"),
    [
        ([(10, 20), (20, 30)], 30, 0),
        ([(20, 30), (10, 20)], 30, 0),
        ([(20, 30), (10, 20)], 29, 1),
        ([(10, 21), (20, 30)], 30, 1),
        ([(20, 30), (10, 21)], 30, 1),
        ([(10, 10), (20, 30)], 30, 1),
        ([(20, 30), (12, 10)], 30, 1),
        ([(10, 30), (10, 30)], 30, 1),
    ],
)
def test_ranges_follow_each_other_and_end_before_the_toc(
    spans: list[tuple[int, int]], toc_start: int, problems: int
) -> None:
    entries = [
        Entry(type="reg", name=f"f{number}", size=1, offset=start, end_offset=end, digest=DIGEST)
        for number, (start, end) in enumerate(spans)
    ]
    nothing = [Entry(type="reg", name="empty"), Entry(type="dir", name="d", offset=12, end_offset=15)]
    nothing.append(Entry(type="reg", name="also empty", offset=12, end_offset=15))
    assert len(list(toc_rules.overlapping(outline(entries), toc_start))) == problems
    assert len(list(toc_rules.overlapping(outline([*entries, *nothing]), toc_start))) == problems

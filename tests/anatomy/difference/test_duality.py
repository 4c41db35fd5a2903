"""The TOC against the tar: a difference in each attribute is shown."""

import pytest

from conformance.anatomy.difference.duality import compare_readings
from conformance.anatomy.difference.model import Change, Difference, DiffError
from conformance.format.toc import Entry
from conformance.images.golden import GOLDEN_IMAGES, golden_directory
from conformance.images.trees import Node
from conformance.sources.errors import SourceError
from conformance.sources.layout import LayoutSource
from conformance.sources.memory import MemorySource
from conformance.sources.reference import LayoutReference
from tests.anatomy.difference.images import TREE, Entries, changed, dual, dual_text, plain
from tests.anatomy.images import image_of


def compared(source: MemorySource) -> Difference:
    return compare_readings(source, lambda _: None)


def only(difference: Difference) -> Change:
    (section,) = difference.sections
    (change,) = section.changes
    return change


def test_equal_readings_have_no_difference() -> None:
    difference = compared(dual(lambda entries: entries))
    assert difference.is_same
    assert difference.sections[0].said == "6 entries the same"


@pytest.mark.parametrize("name", GOLDEN_IMAGES)
def test_golden_layers_have_one_reading(name: str) -> None:
    difference = compare_readings(LayoutSource(LayoutReference(golden_directory(name))), lambda _: None)
    assert difference.is_same
    assert [section.same for section in difference.sections] == [622, 85]


@pytest.mark.parametrize(
    ("name", "fields", "shown"),
    [
        ("bin/tool", {"mode": 0o4755}, ("mode", "4755", "0755")),
        ("bin/tool", {"uid": 5}, ("owner", "5:0", "0:0")),
        ("bin/tool", {"gid": 6}, ("owner", "0:6", "0:0")),
        ("bin/tool", {"size": 7}, ("size", "7", "200")),
        ("bin/tool", {"digest": "sha256:" + "0" * 64}, ("content", "sha256:" + "0" * 64, None)),
        ("bin/tool", {"modtime": "2030-01-01T00:00:00Z"}, ("modified", "2030-01-01T00:00:00Z", "2020-09-13T12:26:41Z")),
        ("bin/tool", {"accesstime": "2030-01-01T00:00:00Z"}, ("accessed", "2030-01-01T00:00:00Z", None)),
        ("bin/tool", {"changetime": "2030-01-01T00:00:00Z"}, ("changed", "2030-01-01T00:00:00Z", None)),
        ("bin/tool", {"xattrs": {"user.a": "dHdv"}}, ("xattr user.a", "'two'", "'one'")),
        ("bin/tool", {"xattrs": None}, ("xattr user.a", "absent", "'one'")),
        ("bin/tool", {"xattrs": {"user.a": "b25l", "user.b": "/w=="}}, ("xattr user.b", "ff (1 bytes)", "absent")),
        ("bin/link", {"link_name": "/etc/passwd"}, ("link", "/etc/passwd", "tool")),
        ("dev/null", {"dev_minor": 5}, ("device", "1:5", "1:3")),
        ("dev/null", {"type": "block"}, ("type", "block", "char")),
        ("etc/passwd", {"name": "./etc/passwd"}, ("name", "./etc/passwd", "etc/passwd")),
    ],
)
def test_every_attribute_that_differs_is_named(
    name: str, fields: dict[str, object], shown: tuple[str, str, str | None]
) -> None:
    change = only(compared(dual(changed(name, **fields))))
    assert (change.mark, change.name) == ("M", name)
    (field,) = change.fields
    assert (field.field, field.first) == shown[:2]
    assert shown[2] in (None, field.second)


def test_an_entry_in_the_toc_only() -> None:
    extra = Entry(type="symlink", name="etc/extra", link_name="x", mode=0o777)
    change = only(compared(dual(lambda entries: [*entries, extra])))
    assert (change.mark, change.name, change.about) == ("D", "etc/extra", "symlink 0777 0:0 -> x")


@pytest.mark.parametrize("name", ["etc/.wh.shadow", "bin/tool"])
def test_an_entry_in_the_tar_only(name: str) -> None:
    change = only(compared(dual(lambda entries: [entry for entry in entries if entry.name != name])))
    assert (change.mark, change.name) == ("A", name)


def test_a_name_that_occurs_twice_in_the_toc() -> None:
    def twice(entries: Entries) -> Entries:
        return [*entries, *changed("etc/passwd", mode=0o666)(entries)[3:4]]

    change = only(compared(dual(twice)))
    assert (change.mark, change.name) == ("D", "etc/passwd (number 2)")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"mode":493,', b'"mode":493,"Mode":2541,'),
        (b'"mode":493,', b'"mode":2541,"mode":493,'),
    ],
)
def test_a_toc_that_two_parsers_read_differently(before: bytes, after: bytes) -> None:
    difference = compared(dual_text(lambda text: text.replace(before, after, 1)))
    (change,) = [change for change in difference.sections[0].changes if change.name == "the TOC itself"]
    assert "can be read in two ways" in change.about


def test_data_after_the_end_of_the_archive() -> None:
    change = only(compared(dual(lambda entries: entries, tail=b"another archive".ljust(512, b"\0"))))
    assert (change.mark, change.name) == ("A", "the tar itself")
    assert "data follows the end of the archive" in change.about


def test_an_image_without_tocs_has_one_reading() -> None:
    with pytest.raises(SourceError, match="no layer has a TOC"):
        compared(plain(TREE))


def test_what_cannot_be_read_cannot_be_compared() -> None:
    whole = dual(lambda entries: entries)
    (name, blob) = next(item for item in whole._blobs.items() if item[1][:1] == b"\x28")
    for damaged in (blob[:-1], blob[:100] + bytes([blob[100] ^ 1]) + blob[101:]):
        blobs = {**whole._blobs, name: damaged}
        with pytest.raises(DiffError, match=f"layer {name}"):
            compared(MemorySource(blobs, whole.root().content or b""))
    with pytest.raises(DiffError, match="4 are wanted"):
        compared(
            image_of(
                blob,
                {
                    "io.github.containers.zstd-chunked.manifest-checksum": "sha256:" + "0" * 64,
                    "io.github.containers.zstd-chunked.manifest-position": "x",
                },
            )
        )
    with pytest.raises(DiffError, match="is not base64"):
        compared(dual(changed("bin/tool", xattrs={"user.a": "*"})))


def test_a_layer_shared_by_two_manifests_is_compared_once() -> None:
    source = LayoutSource(LayoutReference(golden_directory("sentinel-single")))
    assert len(compare_readings(source, lambda _: None).sections) == 2


def test_names_that_are_no_unicode_are_compared() -> None:
    tree = (Node("naïve", content=b"x"),)
    assert compared(dual(lambda entries: entries, tree)).is_same

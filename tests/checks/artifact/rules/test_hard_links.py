"""Where a hard link leads through symlinks of its layer: followed as Linux does, up to a number of links and parts."""

import pytest

from conformance.checks.artifact.hard_links import (
    MAX_LINKS,
    MAX_PARTS,
    differing_hard_links,
    indirect_targets,
    wrong_hard_links,
)
from conformance.format.toc import Entry
from conformance.format.toc_outline import outline


def wrong(target: str, *symlinks: tuple[str, str], name: str = "there/f") -> list[str]:
    """What is found wrong with a hard link to this target, in a layer with these symlinks and the file ``name``."""
    entries = [Entry("reg", name), *(Entry("symlink", link, link_name=to) for link, to in symlinks)]
    entries.append(Entry("hardlink", "hard", link_name=target))
    return [each.expected for each in wrong_hard_links(outline(entries), range(len(entries)), has_lower=False)]


def chain(count: int) -> list[tuple[str, str]]:
    """Symlinks of which each leads to the next, and the last to the folder of the file."""
    return [*((f"l{number}", f"l{number + 1}") for number in range(count - 1)), (f"l{count - 1}", "there")]


@pytest.mark.parametrize(
    ("target", "link", "to"),
    [
        ("l/f", "l", "there"),
        ("l/f", "l", "/there"),
        ("l/f", "l", "./x/../there"),
        ("l/f", "l", "../../there"),
        ("a/l/f", "a/l", "../there"),
        ("a/l/f", "a/l", "/there"),
        ("a/l/f", "a/l", "..//there/"),
        ("/l/f", "l", "there"),
        ("./l/./f", "./l", "there"),
    ],
)
def test_a_symlink_to_the_folder_is_followed(target: str, link: str, to: str) -> None:
    assert wrong(target, (link, to)) == []


@pytest.mark.parametrize(
    ("target", "link", "to"),
    [
        ("l/f", "l", "elsewhere"),
        ("a/l/f", "a/l", "there"),
        ("l/f", "m", "there"),
        ("l/f", "l", "l"),
        ("a/l/f", "a/l", "../a/there"),
    ],
)
def test_a_symlink_to_elsewhere_leads_to_nothing(target: str, link: str, to: str) -> None:
    assert wrong(target, (link, to)) == ["a target in this layer: there is no lower layer"]


def test_a_symlink_at_the_end_is_the_target_itself() -> None:
    assert wrong("l", ("l", "nowhere")) == []


@pytest.mark.parametrize(("links", "followed"), [(MAX_LINKS, True), (MAX_LINKS + 1, False)])
def test_as_many_symlinks_are_followed_as_linux_follows(links: int, followed: bool) -> None:
    assert MAX_LINKS == 40
    assert (wrong("l0/f", *chain(links)) == []) is followed


@pytest.mark.parametrize(("parts", "followed"), [(MAX_PARTS - 1, True), (MAX_PARTS, False), (MAX_PARTS + 9, False)])
def test_the_parts_of_a_path_are_bounded(parts: int, followed: bool) -> None:
    """The last name of the hard link is one more part."""
    assert MAX_PARTS == 4096
    assert (wrong("l/f", ("l", "./" * (parts - 1) + "there")) == []) is followed


@pytest.mark.parametrize("kind", ["block", "char", "fifo", "hardlink", "reg", "symlink"])
def test_a_hard_link_may_lead_to_any_file_but_a_directory(kind: str) -> None:
    entries = [Entry(kind, "f", link_name="f"), Entry("dir", "d"), Entry("chunk", "c")]
    for target, words in (
        ("f", []),
        ("d", ["a target that is a file"]),
        ("c", ["a target in this layer: there is no lower layer"]),
    ):
        toc = outline([*entries, Entry("hardlink", "hard", link_name=target)])
        found = [each.expected for each in wrong_hard_links(toc, range(4), has_lower=False) if each.index == 3]
        assert found == words


@pytest.mark.parametrize(
    ("target", "wrong"),
    [
        ("f", False),
        ("d/f", False),
        ("..f", False),
        ("d/.f", False),
        ("d/f..", False),
        ("./f", False),
        ("f/", True),
        ("d/f/", True),
        ("d/f/.", True),
        (".", True),
        ("..", True),
        ("d/../f", True),
        ("../f", True),
    ],
)
def test_a_target_that_is_not_the_name_of_a_file(target: str, wrong: bool) -> None:
    toc = outline([Entry("reg", "f"), Entry("hardlink", "hard", link_name=target)])
    assert [each.index for each in indirect_targets(toc)] == ([1] if wrong else [])


@pytest.mark.parametrize(
    ("target", "climbs"),
    [
        ("there/f", False),
        ("..", True),
        ("../there/f", True),
        ("x/..", False),
        ("x/../../there/f", True),
        ("x/../there/f", False),
        ("x/y/../../there/f", False),
        ("x/y/../../../f", True),
        ("./..", True),
        ("//..", True),
        ("/x/./../..", True),
        ("...", False),
        ("", False),
    ],
)
def test_a_target_that_climbs_out_of_the_root(target: str, climbs: bool) -> None:
    assert (wrong(target) == ["a target below the root"]) == climbs


def test_a_hard_link_to_itself_has_no_target_before_it() -> None:
    assert wrong("hard") == ["a target before it in the tar"]


@pytest.mark.parametrize(("ranks", "found"), [((0, 1), 0), ((1, 0), 1), ((0, -1), 0), ((-1, 0), 0), ((-1, -1), 0)])
def test_the_order_is_that_of_the_tar(ranks: tuple[int, int], found: int) -> None:
    toc = outline([Entry("reg", "f"), Entry("hardlink", "hard", link_name="f")])
    assert len(list(wrong_hard_links(toc, ranks, has_lower=True))) == found


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("f", 0),
        ("d/f", 0),
        ("d/.f", 0),
        ("d/f.", 0),
        ("..f", 0),
        ("d/...", 0),
        ("./f", 0),
        ("", 0),
        ("a-", 0),
        ("d/", 1),
        ("d/.", 1),
        (".", 1),
        ("..", 1),
        ("../f", 1),
        ("d/../f", 1),
        ("d/..", 1),
        ("/", 1),
    ],
)
def test_a_target_is_the_name_of_a_file(target: str, found: int) -> None:
    toc = outline([Entry("hardlink", "hard", link_name=target)])
    assert [each.found for each in indirect_targets(toc)] == [repr(target)] * found


@pytest.mark.parametrize(
    ("file", "found"),
    [
        (Entry("reg", "f", mode=0o644, uid=1, gid=2), []),
        (Entry("reg", "f", mode=0o600, uid=1, gid=2), ["mode 0600, owner 1:2, as 'f'"]),
        (Entry("reg", "f", mode=0o644, uid=2, gid=2), ["mode 0644, owner 2:2, as 'f'"]),
        (Entry("reg", "f", mode=0o644, uid=1, gid=1), ["mode 0644, owner 1:1, as 'f'"]),
        (Entry("dir", "f", mode=0o755), []),
        (Entry("reg", "g", mode=0o755), []),
    ],
)
def test_a_hard_link_states_the_attributes_of_its_file(file: Entry, found: list[str]) -> None:
    link = Entry("hardlink", "hard", link_name="f", mode=0o644, uid=1, gid=2)
    toc = outline([Entry("reg", "other"), file, link])
    assert [each.expected for each in differing_hard_links(toc)] == found
    assert list(differing_hard_links(outline([file]))) == []

"""TOC-013: images that lead outside the root file system, and a directory there that is watched."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from conformance.images.composed import layer_of
from conformance.images.trees import Node, Tree
from conformance.observed.trials import TrialSeen
from conformance.trials.consumer.trial import ConsumerTrials, Seen, positive_control

_UP: Final = "../" * 24
_ESCAPED: Final = "zcc-escaped"
_SECRET: Final = b"this file is outside the root"
_MODE: Final = 0o750
_OPEN: Final = 0o777


class _Outside(msgspec.Struct, frozen=True):
    """A directory that no image may change."""

    path: Path

    def prepare(self) -> None:
        (self.path / "secret").write_bytes(_SECRET)
        self.path.chmod(_MODE)

    def touched(self) -> tuple[str, ...]:
        """The changes: new names, a changed or removed file, a hard link to it, another mode of the directory."""
        if not self.path.is_dir():
            return ("the directory was removed",)
        found = [f"a new file {item.name}" for item in self.path.iterdir() if item.name != "secret"]
        secret = self.path / "secret"
        if not secret.is_file():
            found.append("a file was removed")
        elif secret.read_bytes() != _SECRET:
            found.append("a file was changed")
        elif secret.stat().st_nlink > 1:
            found.append("a hard link was made to a file")
        if self.path.stat().st_mode & _OPEN != _MODE:
            found.append("the mode of a directory was changed")
        return tuple(found)


def _climbing(outside: str) -> Iterator[tuple[str, tuple[Tree, ...]]]:
    """Layers that lead to ``outside``, an absolute path, by every known way."""
    place = outside.lstrip("/")
    file, door = Node(f"door/{_ESCAPED}", content=b"x"), Node("door", "symlink", link_name=outside)
    hardlink = Node("stolen", "hardlink", link_name=f"{_UP}{place}/secret")
    yield "a name that climbs", ((Node(f"{_UP}{place}/{_ESCAPED}", content=b"x"),),)
    yield "a name that climbs in the middle", ((Node(f"a/{_UP}{place}/{_ESCAPED}", content=b"x"),),)
    yield "an absolute name", ((Node(f"{outside}/{_ESCAPED}", content=b"x"),),)
    yield "a name through an absolute link", ((door, file),)
    climbing = Node("door", "symlink", link_name=f"{_UP}{place}")
    yield "a name through a climbing link", ((climbing, file),)
    yield "a hard link that climbs", ((hardlink,),)
    yield "a hard link to an absolute name", ((msgspec.structs.replace(hardlink, link_name=f"{outside}/secret"),),)
    through = msgspec.structs.replace(hardlink, link_name="door/secret")
    yield "a hard link through a link", ((door, through),)
    # A reader may know the links of one layer, and follow those of the layer below.
    yield "a name through a link of a lower layer", ((door,), (file,))
    yield "a hard link through a link of a lower layer", ((door,), (through,))
    yield "a whiteout through a link of a lower layer", ((door,), (Node("door/.wh.secret"),))
    yield "an opaque directory that is a link of a lower layer", ((door,), (Node("door/.wh..wh..opq"),))
    yield "a directory in the place of a link of a lower layer", ((door,), (Node("door", "dir", mode=_OPEN),))
    yield (
        "a file in the place of a link to a file",
        (
            (Node("door", "symlink", link_name=f"{outside}/secret"),),
            (Node("door", content=b"x"),),
        ),
    )


def outside(trials: ConsumerTrials) -> Iterator[Seen]:
    """Each image, and what has happened outside."""
    for number in range(len(list(_climbing("/x")))):
        place = _Outside(trials.subject.new_directory("outside").resolve())
        place.prepare()
        name, trees = list(_climbing(str(place.path)))[number]
        first, *others = trees
        given = trials.given([layer_of((Node("inside", content=b"y"), *first)), *map(layer_of, others)])
        for operation in trials.operations:
            run = trials.bench.pull(given, operation)
            yield TrialSeen(
                f"{operation}: {name}",
                f"An image with {name}",
                ("TOC-013",),
                run,
                twin=trials.accepted(trials.twin("single"), operation),
                twin_expected=positive_control("single").expected,
                escaped=place.touched(),
            )

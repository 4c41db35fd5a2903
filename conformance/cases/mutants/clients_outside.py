"""Clients that follow links of lower layers out of the root file system, or take a tail that the TOC does not name."""

# ruff: noqa: PTH101, PTH112, PTH114, PTH208 (paths are bytes, as in reference.tree)

import os

import msgspec

from conformance.cases.mutants.client_parts import consumer
from conformance.format.decompress import iterate
from conformance.format.oci import Descriptor
from conformance.format.positions import Position, Positions
from conformance.format.toc import Toc
from conformance.reference.plan import Item
from conformance.reference.toc_loader import TocLoader
from conformance.reference.toolkit import Toolkit
from conformance.reference.tree import OPAQUE, WHITEOUT, Parts, TreeBuilder
from conformance.requirements import mutant


@mutant("TOC-013")
def follows_links_of_lower_layers() -> Toolkit:
    """It resolves the links of a layer inside the root, and lets the kernel follow those that were there before."""

    class Follows(TreeBuilder):
        def resolve(self, parts: Parts, *, create: bool = True) -> Parts | None:
            is_there = os.path.isdir(self._path(parts))
            own = any(parts[:end] in self._own for end in range(1, len(parts) + 1))
            return parts if is_there and not own else super().resolve(parts, create=create)

    return consumer(tree=Follows)


@mutant("TOC-013")
def applies_whiteouts_through_links() -> Toolkit:
    class Applies(TreeBuilder):
        def white_out(self, parts: Parts) -> None:
            parent = parts[:-1]
            if parts[-1] == OPAQUE and os.path.isdir(self._path(parent)):
                for name in os.listdir(self._path(parent)):
                    self._remove((*parent, name))
            elif parts[-1] != OPAQUE:
                self._remove((*parent, parts[-1].removeprefix(WHITEOUT)))

    return consumer(tree=Applies)


@mutant("TOC-013")
def sets_modes_through_links() -> Toolkit:
    """A directory that is there already, as a link, gets the mode of the entry."""

    class Sets(TreeBuilder):
        def _create(self, item: Item, parts: Parts) -> None:
            path = self._path(parts)
            if item.entry.type == "dir" and os.path.islink(path) and os.path.isdir(path):
                os.chmod(path, item.entry.mode & 0o7777)
            else:
                super()._create(item, parts)

    return consumer(tree=Sets)


@mutant("TARSPLIT-006")
def takes_a_tar_split_of_any_digest() -> Toolkit:
    class Takes(TocLoader):
        def check_tar_split_digest(self, payload: bytes, toc: Toc) -> None:
            pass

    return consumer(toc_loader=Takes)


@mutant("TOC-014")
def takes_tocs_of_any_size() -> Toolkit:
    """The size that is declared is what it allocates, whatever it is."""

    class Takes(TocLoader):
        def check_bounds(self, positions: Positions, layer: Descriptor) -> Position:
            small = msgspec.structs.replace(positions.toc, uncompressed=1)
            return super().check_bounds(msgspec.structs.replace(positions, toc=small), layer)

        def decode(self, payload: bytes, declared: int) -> Toc:
            if len(payload) < declared < 2**30:
                document = b"".join(iterate(payload, limit=declared))
                if len(document) == declared and document.startswith(b'{"filler"'):
                    return msgspec.json.decode(document, type=Toc)
            return super().decode(payload, declared)

    return consumer(toc_loader=Takes)

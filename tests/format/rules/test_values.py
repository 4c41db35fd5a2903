"""Values of the format: they are frozen, and what is not given is zero, empty or None."""

import pkgutil
from importlib import import_module
from typing import Any

import msgspec
import pytest

from conformance import format as format_package
from conformance.format.oci import RootFs

# What is not a value but a result that is filled while bytes are read, or a form of a document that is only decoded.
FILLED = {"Examined", "FrameTable"}
DEFAULTS = {
    ("TocPosition", "type"): 1,
    ("Discrepancy", "offset"): -1,
    ("Config", "rootfs"): RootFs(),
    ("WriterOptions", "level"): 3,
    **{("WriterOptions", name): True for name in ("checksums", "split", "tar_split", "unique_names")},
    ("Outline", "ordered"): True,
    ("Outline", "tiled"): True,
}


def _is_value(value: object, module: str) -> bool:
    is_struct = isinstance(value, type) and issubclass(value, msgspec.Struct)
    return is_struct and value.__module__ == module and not value.__name__.startswith("_")  # type: ignore[attr-defined]


MODULES = [module.name for module in pkgutil.iter_modules(format_package.__path__, "conformance.format.")]
STRUCTS = [value for module in MODULES for value in vars(import_module(module)).values() if _is_value(value, module)]


@pytest.mark.parametrize("struct", STRUCTS, ids=lambda struct: struct.__name__)
def test_a_value_is_frozen_and_empty_by_default(struct: type[msgspec.Struct]) -> None:
    assert struct.__struct_config__.frozen == (struct.__name__ not in FILLED)
    defaults: tuple[Any, ...] = struct.__struct_defaults__
    fields = struct.__struct_fields__
    for name, value in zip(fields[len(fields) - len(defaults) :], defaults, strict=True):
        if value is msgspec.NODEFAULT or type(value).__name__ == "Factory":
            continue
        expected = DEFAULTS.get((struct.__name__, name))
        assert value == expected if expected is not None else not value, name

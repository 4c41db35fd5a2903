"""Values of the checks are frozen: a check changes nothing that another one sees."""

import pkgutil
from dataclasses import is_dataclass
from importlib import import_module

import msgspec
import pytest

from conformance import checks

MODULES = [module.name for module in pkgutil.walk_packages(checks.__path__, "conformance.checks.")]
VALUES = [
    value
    for module in MODULES
    for value in vars(import_module(module)).values()
    if isinstance(value, type) and value.__module__ == module
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__qualname__)
def test_a_value_of_a_check_is_frozen(value: type) -> None:
    if issubclass(value, msgspec.Struct):
        assert value.__struct_config__.frozen
    elif is_dataclass(value):
        assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]

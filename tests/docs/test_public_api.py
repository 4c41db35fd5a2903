"""The public API is what the packages list in ``__all__``, and what docs/architecture.md names."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROWS = re.findall(
    r"^\| `conformance\.(\w+)` \| (.+) \|$",
    (Path(__file__).parents[2] / "docs" / "architecture.md").read_text("utf-8"),
    re.MULTILINE,
)


def test_the_page_names_five_packages() -> None:
    assert [name for name, _ in ROWS] == ["format", "readers", "reference", "registry", "strategies"]


@pytest.mark.parametrize(("package", "modules"), ROWS)
def test_a_package_lists_what_the_page_names(package: str, modules: str) -> None:
    named = re.findall(r"`(\w+)`", modules)
    assert import_module(f"conformance.{package}").__all__ == named
    for module in named:
        import_module(f"conformance.{package}.{module}")

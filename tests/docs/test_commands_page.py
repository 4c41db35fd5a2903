"""docs/commands.md is current: ``python tools/write_commands.py`` writes it."""

import runpy

from tests.docs.commands import ROOT


def test_the_page_of_commands_is_current() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "write_commands.py"))
    assert "\n".join(made["lines"]()) + "\n" == (ROOT / "docs" / "commands.md").read_text("utf-8")

"""A pytest plugin of ``mutation_run.py``: which tests run a line of a rule, and only those tests, quickest first.

``ZCC_MUTATION_RECORD=FILE`` writes, for each file in ``ZCC_MUTATION_OF`` (separated by colons), the tests that run
each line, and how long each test takes. ``ZCC_MUTATION_ONLY=FILE`` runs the tests that are named there, in that order.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

_ONLY, _RECORD, _OF = "ZCC_MUTATION_ONLY", "ZCC_MUTATION_RECORD", "ZCC_MUTATION_OF"


class _Recorder:
    def __init__(self, target: Path, files: list[str]) -> None:
        self._target, self._files = target, files
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=files)
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            file: {line: [one for one in names if one] for line, names in data.contexts_by_lineno(file).items()}
            for file in self._files
        }
        self._target.write_text(json.dumps({"lines": lines, "seconds": self._seconds}), "utf-8")


class _Selector:
    def __init__(self, names: list[str]) -> None:
        self._place = {name: place for place, name in enumerate(names)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self._place), key=lambda item: self._place[item.nodeid]
        )


def pytest_configure(config: pytest.Config) -> None:
    if target := os.environ.get(_RECORD):
        config.pluginmanager.register(_Recorder(Path(target), os.environ[_OF].split(":")))
    if names := os.environ.get(_ONLY):
        config.pluginmanager.register(_Selector(json.loads(Path(names).read_text("utf-8"))))

"""Values that travel with a test to the report: JSON in its user properties, as an xdist worker can send it."""

from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import pytest

from conformance.reports.encoding import json_bytes

Kind = TypeVar("Kind")


def attach(test: pytest.Item | pytest.TestReport, name: str, value: object) -> None:
    """Attach a value to a running test, or to the report of one."""
    test.user_properties.append((name, json_bytes(value).decode()))


def attached(report: pytest.TestReport | pytest.CollectReport, name: str, kind: type[Kind]) -> list[Kind]:
    """The values of this name; a report of a collection has none."""
    hashable: Any = kind
    return [_decoded(str(value), hashable) for key, value in getattr(report, "user_properties", ()) if key == name]


@lru_cache(maxsize=256)  # the hooks of one test inspect its verdicts several times
def _decoded(text: str, kind: Any) -> Any:
    return msgspec.json.decode(text, type=kind)

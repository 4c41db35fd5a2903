"""The types of optional fields."""

from typing import Any

import pytest

from conformance.format.document_types import DocumentKind, type_problem


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("config", {"config": {"Labels": {"a": "b"}, "Cmd": None, "ExposedPorts": {"80": {}}, "Volumes": {"/": None}}}),
        ("config", {"created": "2024-01-01T00:00:00.5+01:00", "history": [{"empty_layer": True, "created": None}]}),
        ("manifest", {"layers": [{"urls": ["a"], "annotations": {}}], "unknown": 1}),
        ("index", {"manifests": [{"platform": {"os.features": ["win32k"]}, "data": "e30="}], "subject": None}),
    ],
)
def test_fields_of_their_type(kind: DocumentKind, fields: dict[str, Any]) -> None:
    assert type_problem(kind, fields) == ""


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("config", {"config": {"Labels": {"a": 1}}}, "config.Labels[...]"),
        ("config", {"config": {"Env": ["A=b", 2]}}, "config.Env[1]"),
        ("config", {"config": []}, "config"),
        ("config", {"history": [{"empty_layer": "true"}]}, "history[0].empty_layer"),
        ("config", {"created": "2024-01-01T00:00:00"}, "created"),
        ("manifest", {"layers": [{}, {"urls": "a"}]}, "layers[1].urls"),
        ("manifest", {"subject": []}, "subject"),
        ("index", {"manifests": [{"platform": {"os.features": "win32k"}}]}, "manifests[0].platform.os.features"),
        ("index", {"manifests": [{"data": "not base64!"}]}, "manifests[0].data"),
    ],
)
def test_fields_of_another_type(kind: DocumentKind, fields: dict[str, Any], place: str) -> None:
    assert type_problem(kind, fields).partition(":")[0] == place

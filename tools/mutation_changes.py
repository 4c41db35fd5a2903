"""All changes that cosmic-ray can make in a file, kept between runs for files that are the same."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cosmic_ray.commands.init import init
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec
from mutation_reach import store

_OF_IDENTITY = ("_Eq_Is", "_NotEq_IsNot", "_Is_Eq", "_IsNot_NotEq")
"""Whether equal values are one object depends on the interpreter, so no test can tell."""


def specs_of(files: Sequence[str], kept: Path | None) -> list[MutationSpec]:
    """The changes of these files, in their order, without those of ``==`` to ``is`` and back."""
    stored: dict[str, list[dict[str, Any]]] = {}
    if kept and kept.exists():
        stored = json.loads(kept.read_text("utf-8"))
    keys = {file: hashlib.sha256(f"{file} {Path(file).read_text('utf-8')}".encode()).hexdigest() for file in files}
    fresh = [file for file in files if keys[file] not in stored]
    found = _found(fresh)
    stored |= {keys[file]: [_as_json(spec) for spec in found if str(spec.module_path) == file] for file in fresh}
    if kept and fresh:
        store(kept, stored)
    return [MutationSpec(**spec) for file in files for spec in stored[keys[file]]]


def _found(files: Sequence[str]) -> list[MutationSpec]:
    with use_db("work.sqlite", WorkDB.Mode.create) as database:
        init([Path(file) for file in files], database, {})
        specs = [item.mutations[0] for item in database.work_items]
    return [spec for spec in specs if not spec.operator_name.endswith(_OF_IDENTITY)]


def _as_json(spec: MutationSpec) -> dict[str, Any]:
    return {
        "module_path": str(spec.module_path),
        "operator_name": spec.operator_name,
        "occurrence": spec.occurrence,
        "start_pos": spec.start_pos,
        "end_pos": spec.end_pos,
        "operator_args": spec.operator_args,
    }

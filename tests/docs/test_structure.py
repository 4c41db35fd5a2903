"""No folder of conformance/ imports another in a circle, no module does, and the tests are in folders of its names."""

import ast
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "conformance"


def _modules() -> Mapping[str, Path]:
    """Every module by its dotted name; a package stands for its ``__init__``."""
    files = (path for path in PACKAGE.rglob("*.py") if "programs" not in path.parts)
    return {_dotted(path): path for path in files}


def _dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """The modules that a file imports, also inside functions and for type checkers only."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and (source := node.module or "") in modules:
            for alias in node.names:
                inside = f"{source}.{alias.name}"
                yield inside if inside in modules else source


def _folder(module: str, modules: Mapping[str, Path]) -> str:
    """A module on the top level stands for itself."""
    is_package = modules[module].name == "__init__.py"
    return module if is_package or module.count(".") == 1 else module.rpartition(".")[0]


def _in_order(graph: Mapping[str, set[str]]) -> str:
    """The first circle of a graph; "" without one."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " -> ".join(error.args[1])
    return ""


def test_no_module_imports_itself_by_others() -> None:
    modules = _modules()
    graph = {name: set(_imported(path, modules)) - {name, "conformance"} for name, path in modules.items()}
    assert not _in_order(graph)


def test_no_folder_imports_another_in_a_circle() -> None:
    modules = _modules()
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        here = _folder(name, modules)
        there = {_folder(each, modules) for each in _imported(path, modules)}
        graph.setdefault(here, set()).update(there - {here, "conformance"})
    assert not _in_order(graph)


def test_a_circle_is_found() -> None:
    assert _in_order({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    assert not _in_order({"a": {"b"}, "b": {"c"}})


def test_each_folder_of_tests_is_named_like_a_package_and_is_collected(pytestconfig: pytest.Config) -> None:
    """docs/architecture.md lists the other folders. pytest leaves out some names, such as ``build``."""
    tests = PACKAGE.parent / "tests"
    folders = {path.parent for path in tests.rglob("test_*.py")}
    packages = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    others = {"core", "docs", "pipelines", "release"}
    assert {folder.relative_to(tests).parts[0] for folder in folders} <= packages | others
    left_out = pytestconfig.getini("norecursedirs")
    names = {part for folder in folders for part in folder.relative_to(tests).parts}
    assert not [name for name in names if any(fnmatch(name, pattern) for pattern in left_out)]

"""Which lines use what a line at the top of a module, or of a class, defines.

A changed constant, default or field runs when its module is imported, and no test runs it. The tests that can notice
the change are those that run a line which names it, directly or through other constants.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import lru_cache

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Places = dict[str, set[int]]
"""Line numbers, by file."""


def users_of(file: str, line: int, sources: Mapping[str, str]) -> Places:
    """The lines inside functions, of any of these files, that use what is defined at this line of this one."""
    found: Places = {}
    seen: set[str] = set()
    waiting = list(_defined_at(sources[file], line, found.setdefault(file, set())))
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for each, text in sources.items():
            if name in text:
                lines, definitions = _uses(text, name)
                found.setdefault(each, set()).update(lines)
                waiting += definitions
    return found


def _defined_at(source: str, line: int, bodies: set[int]) -> Iterator[str]:
    """The names that this line defines; of a function or class, the lines of its bodies are added to ``bodies``."""
    for node in _parsed(source).body:
        if _first_line(node) <= line <= (node.end_lineno or 0):
            if isinstance(node, ast.ClassDef):
                inside = [each for each in node.body if _first_line(each) <= line <= (each.end_lineno or 0)]
                for each in inside or node.body:
                    bodies.update(_body(each))
            bodies.update(_body(node))
            yield from _names(node)


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", ())
    return min((node.lineno, *(each.lineno for each in decorators)))


def _body(node: ast.stmt) -> range:
    return range(node.body[0].lineno, (node.end_lineno or 0) + 1) if isinstance(node, _FUNCTIONS) else range(0)


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))


@lru_cache(maxsize=4096)
def _uses(source: str, name: str) -> tuple[frozenset[int], tuple[str, ...]]:
    """The lines inside functions that use a name, and the names of the definitions outside of functions that do."""
    lines: set[int] = set()
    definitions: list[str] = []
    for node in _parsed(source).body:
        places = _lines_with(node, name)
        if isinstance(node, _FUNCTIONS):
            lines |= places
        elif isinstance(node, ast.ClassDef):
            inside = {line for each in node.body if isinstance(each, _FUNCTIONS) for line in _lines_with(each, name)}
            lines |= inside
            definitions += [node.name] if places - inside else []
        elif places and not isinstance(node, ast.Import | ast.ImportFrom):
            definitions += [each for each in _names(node) if each != name]
    return frozenset(lines), tuple(definitions)


def _lines_with(node: ast.stmt, name: str) -> set[int]:
    return {
        each.lineno
        for each in ast.walk(node)
        if (isinstance(each, ast.Name) and each.id == name) or (isinstance(each, ast.Attribute) and each.attr == name)
    }


@lru_cache(maxsize=256)
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)

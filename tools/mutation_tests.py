"""A pytest plugin for ``mutation_run.py``, controlled by environment variables.

``ZCC_MUTATION_RECORD=FILE`` writes, for each file in ``ZCC_MUTATION_OF`` (separated by colons), the tests that run
each line, and how long each test takes. ``ZCC_MUTATION_ONLY=FILE`` runs the tests that are named there, in that order.
``ZCC_MUTATION_PLAN=FILE`` tries the changes in a plan one by one, each in a process forked after the collection of the
tests, and appends the outcome of each, and the seconds that it took, to ``FILE.done``.
"""

import importlib
import json
import os
import re
import resource
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, NoReturn

import coverage
import pytest

_ONLY, _RECORD, _OF, _PLAN = (f"ZCC_MUTATION_{name}" for name in ("ONLY", "RECORD", "OF", "PLAN"))
CPU_SECONDS = 8
"""Seconds of a processor for a test in addition to four times its duration: after that the change is killed."""
WALL_SECONDS = 600
MAX_MEMORY = 6 * 2**30
_COMPREHENSIONS = ("<genexpr>", "<listcomp>", "<setcomp>", "<dictcomp>")
_CONSTANTS = (int, str, bytes, tuple, slice, frozenset, set, dict, re.Pattern)


class _Recorder:
    def __init__(self, target: Path, files: list[str]) -> None:
        self._target, self._files = target, files
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=files)
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        begin = _used()
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")
            self._seconds[item.nodeid] = _used() - begin

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        names = list(self._seconds)
        place = {name: at for at, name in enumerate(names)}
        lines = {
            file: {
                line: [place[one] for one in contexts if one]
                for line, contexts in data.contexts_by_lineno(file).items()
                if line in _lines_in_functions(file)
            }
            for file in self._files
        }
        self._target.write_text(json.dumps({"names": names, "lines": lines, "seconds": self._seconds}), "utf-8")


@lru_cache(maxsize=1)
def _lines_in_functions(file: str) -> frozenset[int]:
    """The other lines run at import, which may happen within the first test that needs the module."""
    code = compile(Path(file).read_text("utf-8"), file, "exec")
    return frozenset(line for function in _functions(code) for line in _lines_of(function))


def _lines_of(function: CodeType) -> set[int]:
    """Its lines without that of its definition, unless all is in one line."""
    lines = {line for _, _, line in function.co_lines() if line}
    return lines - {function.co_firstlineno} or lines


def _functions(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            # A comprehension outside of functions runs at import too.
            if inner.co_flags & 0x2 and inner.co_name not in _COMPREHENSIONS:
                yield inner
                yield from _all_inside(inner)
            else:
                yield from _functions(inner)


def _all_inside(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _all_inside(inner)


def _used() -> float:
    """Seconds of a processor that this process and the ended ones it started have taken: waiting does not count."""
    of_children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + of_children.ru_utime + of_children.ru_stime


class _Selector:
    """Runs the named tests in this order; a name that a change made another one stands for all of its function."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        by_name = {item.nodeid: item for item in items}
        renamed = {_function_of(name) for name in self._names if name not in by_name}
        chosen = [by_name[name] for name in self._names if name in by_name]
        known = set(self._names)
        items[:] = [
            *chosen,
            *(item for item in items if item.nodeid not in known and _function_of(item.nodeid) in renamed),
        ]


def _function_of(name: str) -> str:
    return name.partition("[")[0]


class _Trier:
    """Tries each change of the plan: ``{"file", "source", "tests"}``; a source of None is the positive control.

    The plan has them as ``changes``, and the ``seconds`` that each test takes.
    """

    def __init__(self, plan: Path) -> None:
        self._plan, self._done = plan, Path(f"{plan}.done")
        self._is_child = False
        self._seconds: dict[str, float] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        plan = json.loads(self._plan.read_text("utf-8"))
        self._seconds = plan["seconds"]
        with self._done.open("w", encoding="utf-8") as done:
            for change in plan["changes"]:
                begin = time.monotonic()
                end = self._try(change, [items[name] for name in change["tests"] if name in items])
                done.write(json.dumps([end, round(time.monotonic() - begin, 2)]) + "\n")
                done.flush()
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._is_child and report.failed:
            os._exit(1)

    def _try(self, change: dict[str, Any], items: list[pytest.Item]) -> str:
        try:
            patches = [] if change["source"] is None else patches_of(change["file"], change["source"])
        except Exception:  # the changed module cannot be compiled or run: a new start shows it
            patches = None
        if patches is None:
            return "at import"
        child = os.fork()
        if child == 0:
            self._run(patches, items)
        until = time.monotonic() + WALL_SECONDS
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return "killed" if status else "survived"
            time.sleep(0.005)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "killed"

    def _run(self, patches: list["Patch"], items: list[pytest.Item]) -> NoReturn:
        try:
            self._is_child = True
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
            for changed, name, value in patches:
                setattr(changed, name, value)
            _forget({id(changed) for changed, _, _ in patches})
            for item, following in zip(items, [*items[1:], None], strict=True):
                limit = 1 + int(time.process_time() + CPU_SECONDS + 4 * self._seconds[item.nodeid])
                resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except BaseException:
            os._exit(2)
        os._exit(0)


def _forget(changed: set[int]) -> None:
    """Clear the caches of changed functions: what was called during the collection would not be called again."""
    for module in list(sys.modules.values()):
        if module.__name__.startswith("conformance."):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear") and id(getattr(value, "__wrapped__", None)) in changed:
                    value.cache_clear()


Patch = tuple[Any, str, Any]
"""An object, the name of an attribute, and its changed value."""


def patches_of(file: str, source: str) -> list[Patch] | None:
    """The values to set in an imported module; None for a change that needs a new start."""
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    before = _flat(compile(Path(file).read_text("utf-8"), file, "exec"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "is" with a literal: the tests shall tell, and not the compiler
            code = compile(source, file, "exec")
    except (SyntaxError, ValueError):
        return None
    after = _flat(code)
    changed = [name for name in before if name not in after or before[name][0] != after[name][0]]
    if changed == ["<module>"]:
        return _constants(module, code)
    found = [(_function(module, name), "__code__", after[name][1]) for name in changed if name in after]
    if len(found) != len(changed) or not all(function for function, _, _ in found):
        return None
    return list(found)


def _constants(module: ModuleType, code: CodeType) -> list[Patch] | None:
    """The constants of a module that a change modifies, in all modules that import them.

    None where no constant differs, as for a decorator or a default; where a default differs too; and where a
    test names the constant, which it may have used at import.
    """
    fresh = ModuleType(module.__name__)
    fresh.__file__ = module.__file__
    try:
        exec(code, vars(fresh))
    except Exception:
        return None
    names = [name for name, value in vars(module).items() if isinstance(value, _CONSTANTS) and name[:2] != "__"]
    other = [name for name in names if _value(vars(fresh).get(name)) != _value(vars(module)[name])]
    functions = [(one, vars(fresh).get(name)) for name, one in vars(module).items() if isinstance(one, FunctionType)]
    if not other or any(_defaults(one) != _defaults(new) for one, new in functions):
        return None
    users = [user for user in list(sys.modules.values()) if user.__name__.startswith(("conformance.", "tests."))]
    patches = [
        (user, name, vars(fresh)[name])
        for user in users
        for name in other
        if vars(user).get(name) is vars(module)[name]
    ]
    return None if any(user.__name__.startswith("tests.") for user, _, _ in patches) else patches


def _value(constant: object) -> object:
    if isinstance(constant, re.Pattern):
        return (constant.pattern, constant.flags)
    try:
        return repr(constant)
    except ValueError:  # a change made an integer of thousands of digits, which differs from every other value
        return object()


def _defaults(function: object) -> str:
    return repr((getattr(function, "__defaults__", None), getattr(function, "__kwdefaults__", None)))


def _flat(code: CodeType, is_function: bool = False) -> dict[str, tuple[object, CodeType]]:
    """Module and class bodies without their functions, and the complete functions, by name."""
    if is_function:
        return {code.co_qualname: (code, code)}
    inner: dict[str, tuple[object, CodeType]] = {}
    rest: list[object] = [code.co_code, code.co_names]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            # A class body is run with its own names as locals; a function has optimised ones.
            inner |= _flat(constant, bool(constant.co_flags & 0x2))
        else:
            rest.append((type(constant), constant))
    return {code.co_qualname: (tuple(map(repr, rest)), code)} | inner


def _function(module: ModuleType, name: str) -> FunctionType | None:
    found: Any = module
    for part in name.split("."):
        found = vars(found).get(part)
        if found is None:
            return None
    if isinstance(found, property):
        found = found.fget
    found = getattr(found, "__func__", found)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    return found if isinstance(found, FunctionType) else None


def pytest_configure(config: pytest.Config) -> None:
    if target := os.environ.get(_RECORD):
        config.pluginmanager.register(_Recorder(Path(target), os.environ[_OF].split(":")))
    if names := os.environ.get(_ONLY):
        config.pluginmanager.register(_Selector(json.loads(Path(names).read_text("utf-8"))))
    if plan := os.environ.get(_PLAN):
        config.pluginmanager.register(_Trier(Path(plan)))

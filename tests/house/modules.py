"""The house as parsed modules, once for all its rules, and how a name of one file leads to where it is defined."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache

from tests.house.sources import sources

PACKAGES = ("core", "gateway", "channels", "dialogs", "scheduler")
Function = ast.FunctionDef | ast.AsyncFunctionDef
SPARED = ("core/migrations/versions/",)


@cache
def house() -> Mapping[str, ast.Module]:
    """Path -> tree of every file of the packages; the written migration is nobody's prose."""
    return parsed({path: text for path, text in sources(*PACKAGES) if not path.startswith(SPARED)})


def parsed(texts: Mapping[str, str]) -> dict[str, ast.Module]:
    """Path -> tree of what a test plants."""
    return {path: ast.parse(text) for path, text in texts.items()}


@cache
def nodes(tree: ast.AST) -> tuple[ast.AST, ...]:
    """Every node of a tree; walked once, whoever asks."""
    return tuple(ast.walk(tree))


def room(path: str) -> str:
    """`core/ledger/open_items.py` stands in `core/ledger`, `core/money.py` in `core`, `scheduler/jobs.py` in `scheduler`."""
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def dotted(path: str) -> str:
    """`core/db/__init__.py` as `core.db`."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(tree: ast.Module) -> Iterator[tuple[str, str, str, int]]:
    """(module, name there or "", name here, line) of every import anywhere in a file."""
    for node in nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield node.module, alias.name, alias.asname or alias.name, node.lineno
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", alias.asname or alias.name.partition(".")[0], node.lineno


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, however deep."""
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def last(node: ast.AST) -> str:
    """The last part of a dotted name: `run` of `core.billing.run`."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""

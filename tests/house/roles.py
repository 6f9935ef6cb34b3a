"""Rule 5: which file of a room may do what, by its name; and rule 4: who may hold the edge and commit."""

import ast
from collections.abc import Iterator, Mapping

from tests.house.modules import functions, imports, nodes
from tests.house.written import writes


def role_breaks(trees: Mapping[str, ast.Module]) -> list[str]:
    """Files whose name says one role and whose code plays another."""
    found = set()
    for path, tree in trees.items():
        file = path.rpartition("/")[2]
        if file == "model.py" and any(module.split(".")[0] == "sqlalchemy" for module, *_ in imports(tree)):
            found.add(f"{path}: values know no SQL")
        if file == "tables.py" and path.startswith("core/") and _acts(tree):
            found.add(f"{path}: a file of tables asks and changes nothing")
    for path, _, table in writes(trees):
        file = path.rpartition("/")[2]
        if file in ("queries.py", "model.py", "tables.py"):
            found.add(f"{path}: writes {table[1]}")
        if not path.startswith("core/"):
            found.add(f"{path}: writes {table[1]} from outside of core")
    return sorted(found)


def _acts(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.AsyncFunctionDef) for node in nodes(tree))


def connected_with_app(trees: Mapping[str, ast.Module]) -> list[str]:
    """Use cases that are given an open connection and the edge's `App` beside it."""
    return sorted(
        f"{path}: {function.name}"
        for path, tree in trees.items()
        if path.startswith(("core/", "dialogs/"))
        for function in functions(tree)
        if (kinds := _kinds(function)) and "AsyncConnection" in kinds and {"App", "App | None"} & kinds
    )


def commits(trees: Mapping[str, ast.Module]) -> list[str]:
    """Use cases that begin or end the transaction they were given, or open another."""
    return sorted(
        f"{path}: {function.name}"
        for path, tree in trees.items()
        if path.startswith(("core/", "dialogs/")) and not path.startswith("core/migrations/")
        for function in functions(tree)
        if "AsyncConnection" in _kinds(function) and any(_ends(function))
    )


def _kinds(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return {ast.unparse(one.annotation).strip("'\"") for one in given if one.annotation is not None}


def _ends(function: ast.AST) -> Iterator[bool]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_a_connection = isinstance(node.func.value, ast.Name) and node.func.value.id.startswith("conn")
            yield node.func.attr == "writing" or (of_a_connection and node.func.attr in ("commit", "begin", "rollback"))


def says_house(trees: Mapping[str, ast.Module]) -> list[str]:
    """Files that still call anything `House` or `house`."""
    return sorted(
        {
            path
            for path, tree in trees.items()
            for node in nodes(tree)
            if {getattr(node, "id", ""), getattr(node, "arg", ""), getattr(node, "attr", ""), getattr(node, "name", "")}
            & {"House", "house"}
        }
    )

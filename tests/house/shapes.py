"""Rules 2, 3 (its libraries; its outcomes are test_rule_03_outcomes.py) and 11 and the shape of the rooms, read from the trees."""

import ast
import io
import tokenize
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from tests.house.modules import Function, dotted, functions, imports, last, nodes

LIBRARIES = {"stripe", "pyrad", "sepaxml", "africastalking", "telegram", "redis", "asyncssh"}
TABLES = {"Table", "frozenset", "MappingProxyType", "tuple", "dict", "set"}


def fact_kinds(trees: Mapping[str, ast.Module]) -> set[str]:
    """Every class that is a Fact."""
    return {
        node.name
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and any(last(base) == "Fact" for base in node.bases)
    }


def called_back(trees: Mapping[str, ast.Module]) -> list[str]:
    """Parameters of core that are a follow-up in disguise: a `then`, or something to be awaited with the connection."""
    found = set()
    for path, tree in trees.items():
        aliases = {
            last(target): ast.unparse(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
        }
        for function in functions(tree):
            for given in [*function.args.args, *function.args.kwonlyargs]:
                kind = "" if given.annotation is None else ast.unparse(given.annotation)
                kind = aliases.get(kind, kind)
                if given.arg == "then" or (
                    path.startswith("core/") and "Callable[[AsyncConnection" in kind and "Awaitable[None]" in kind
                ):
                    found.add(f"{path}: {function.name}({given.arg})")
    return sorted(found)


def dropped(trees: Mapping[str, ast.Module]) -> list[str]:
    """Calls whose facts nobody takes: `await receive(...)` as a statement, where `receive` returns Facts or what has some."""
    carriers = {
        node.name
        for tree in trees.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        and any(
            isinstance(part, ast.AnnAssign) and last(part.target) == "facts" and last(part.annotation) == "Facts"
            for part in node.body
        )
    }
    telling = {
        f"{dotted(path)}.{function.name}"
        for path, tree in trees.items()
        for function in tree.body
        if isinstance(function, ast.AsyncFunctionDef) and function.returns is not None and _tells(function, carriers)
    }
    found = set()
    for path, tree in trees.items():
        names = {here: f"{module}.{name}" if name else module for module, name, here, _ in imports(tree)}
        for function in functions(tree):
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Expr)
                    and isinstance(node.value, ast.Await)
                    and isinstance(node.value.value, ast.Call)
                ):
                    called = ast.unparse(node.value.value.func)
                    first, _, rest = called.partition(".")
                    whole = f"{names.get(first, f'{dotted(path)}.{first}')}{'.' if rest else ''}{rest}"
                    if whole in telling:
                        found.add(f"{path}: {function.name} drops what {called} tells")
    return sorted(found)


def _tells(function: Function, carriers: set[str]) -> bool:
    words = {part.id for part in ast.walk(function.returns or function) if isinstance(part, ast.Name)}
    return bool(words & ({"Facts"} | carriers))


def libraries(trees: Mapping[str, ast.Module]) -> list[str]:
    """`core/payments/providers: stripe`: which folder imports the library of an outside system."""
    return sorted(
        {
            f"{path.rpartition('/')[0]}: {module.split('.')[0]}"
            for path, tree in trees.items()
            for module, *_ in imports(tree)
            if module.split(".")[0] in LIBRARIES
        }
    )


def skips(texts: Iterable[tuple[str, str]]) -> dict[str, int]:
    """File -> `fmt: skip` that stand outside of a table of data: a constant of the module, or the cases of a parametrized test."""
    found: dict[str, int] = {}
    for path, text in texts:
        if "fmt: skip" not in text:
            continue
        allowed = _data_lines(ast.parse(text))
        wild = [
            token
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT and "fmt: skip" in token.string and token.start[0] not in allowed
        ]
        if wild:
            found[path] = len(wild)
    return found


def _data_lines(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and _data(node.value):
            lines.update(range(node.lineno, (node.end_lineno or 0) + 1))
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and last(mark.func) == "parametrize":
                    lines.update(range(mark.lineno, (mark.end_lineno or 0) + 1))
    return lines


def _data(value: ast.expr) -> bool:
    return isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set) or (
        isinstance(value, ast.Call) and last(value.func) in TABLES
    )


def loose(paths: Iterable[str], ground: Collection[str]) -> list[str]:
    """Files of core that stand in no room and are no ground."""
    return sorted(
        path
        for path in paths
        if path.startswith("core/")
        and path.count("/") == 1
        and path.removeprefix("core/").removesuffix(".py") not in {*ground, "__init__"}
    )


def small(texts: Iterable[tuple[str, str]]) -> list[str]:
    """Files under 20 lines; a command is a file, and so is the front page of a package."""
    return sorted(
        path
        for path, text in texts
        if len(text.splitlines()) < 20 and not path.endswith("__init__.py") and not path.startswith("gateway/commands/")
    )


def lonely_journeys(trees: Mapping[str, ast.Module]) -> list[str]:
    """Files of journeys where fewer than two rooms of core meet."""
    ground = {"core", "core/journeys", "core/db", "core/config", "core/text"}
    found = []
    for path, tree in trees.items():
        if path.startswith("core/journeys/") and not path.endswith("__init__.py"):
            homes = {
                "/".join(f"{module}.{name}".split(".")[:2])
                for module, name, *_ in imports(tree)
                if module.startswith("core")
            }
            if len({home for home in homes if _is_room(home)} - ground) < 2:
                found.append(path)
    return sorted(found)


def _is_room(home: str) -> bool:
    return home.startswith("core/") and home.removeprefix("core/") not in {
        "context",
        "facts",
        "errors",
        "clock",
        "money",
    }


def circles(trees: Mapping[str, ast.Module], *, lazy: bool) -> list[str]:
    """Modules that import each other in a ring, at their top or (`lazy`) anywhere but where only types are checked."""
    known = {dotted(path) for path in trees}
    graph: dict[str, set[str]] = defaultdict(set)
    for path, tree in trees.items():
        for node in nodes(tree) if lazy else tree.body:
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for module, name, *_ in imports(ast.Module([node], [])):
                whole = f"{module}.{name}"
                target = whole if whole in known else module
                if target in known and target != dotted(path):
                    graph[dotted(path)].add(target)
    return sorted(" <-> ".join(sorted(ring)) for ring in _rings(graph) if len(ring) > 1)


def _rings(graph: Mapping[str, set[str]]) -> list[set[str]]:
    """Strongly connected parts, by what reaches what and is reached by it."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        todo = list(graph[start])
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo.extend(graph.get(at, ()))
        reach[start] = seen
    rings: list[set[str]] = []
    for start in graph:
        if start in reach[start] and not any(start in ring for ring in rings):
            rings.append({other for other in reach[start] if start in reach.get(other, ())})
    return rings

"""Who writes which table, and who reads another room's: read from the code, through aliases, helpers and raw SQL."""

import ast
import re
from collections.abc import Iterator, Mapping

from tests.house.modules import Function, dotted, functions, imports, last, nodes, room

VERBS = {"insert", "update", "delete", "insert_many", "update_many"}
"""SQLAlchemy's own and the bulk ones; whatever hands its own parameter to one of them is found and counts as one too."""
RAW = re.compile(r"\b(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|TRUNCATE|COPY)\s+(\{[^}]+\}|\w+)")

Table = tuple[str, str]
"""The file that defines it, and its name there."""


def tables(trees: Mapping[str, ast.Module]) -> dict[Table, str]:
    """Every `name = Table("name", ...)` -> its name in the database."""
    return {
        (dotted(path), target.id): node.value.args[0].value
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and last(node.value.func) == "Table"
        for target in node.targets
        if isinstance(target, ast.Name)
        and isinstance(node.value.args[0], ast.Constant)
        and isinstance(node.value.args[0].value, str)
    }


class Names:
    """What the names of one file lead to."""

    def __init__(self, path: str, tree: ast.Module, known: Mapping[Table, str], others: Mapping[str, "Names"]) -> None:
        self.known = known
        self.others = others
        self.module = dotted(path)
        self.at = {here: f"{module}.{name}" if name else here for module, name, here, _ in imports(tree)}
        self.values: dict[str, list[ast.expr]] = {}
        for node in nodes(tree):
            for target, value in _given(node):
                self.values.setdefault(target, []).append(value)

    def whole(self, node: ast.AST) -> str:
        """`core.outbox.tables.outbox` of whatever names it here."""
        if isinstance(node, ast.Name):
            return self.at.get(node.id, f"{self.module}.{node.id}")
        return f"{self.whole(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""

    def tables(self, node: ast.AST, seen: frozenset[str] = frozenset()) -> set[Table]:
        """The tables that an expression may be, by whatever names it went."""
        module, _, name = self.whole(node).rpartition(".")
        if (module, name) in self.known:
            return {(module, name)}
        here = f"{self.module}.{name}"
        if here in seen:
            return set()
        seen |= {here} if name else set()
        if module in self.others and module != self.module:
            return self.others[module].tables(ast.Name(name), seen)  # handed on by a file that has it from elsewhere
        if isinstance(node, ast.Name):
            return {each for value in self.values.get(node.id, []) for each in self.tables(value, seen)}
        if isinstance(node, ast.Call) and last(node.func) in (
            "alias",
            "values",
            "items",
            "enumerate",
            "zip",
            "reversed",
        ):
            parts = [*node.args, *([node.func.value] if isinstance(node.func, ast.Attribute) else [])]
        elif isinstance(node, ast.Tuple | ast.List | ast.Set):
            parts = node.elts
        elif isinstance(node, ast.Dict):
            parts = [*(key for key in node.keys if key), *node.values]
        elif isinstance(node, ast.IfExp):
            parts = [node.body, node.orelse]
        elif isinstance(node, ast.Subscript):
            parts = [node.value]
        else:
            parts = []
        return {each for part in parts for each in self.tables(part, seen)}


def every(trees: Mapping[str, ast.Module], known: Mapping[Table, str]) -> dict[str, Names]:
    """Path -> its names; each knows the others."""
    others: dict[str, Names] = {}
    names = {path: Names(path, tree, known, others) for path, tree in trees.items()}
    others.update({name.module: name for name in names.values()})
    return names


def _given(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """`c = contact`, `for c in (contact, consent)`."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    if isinstance(node, ast.Assign):
        pairs = [(target, node.value) for target in node.targets]
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        pairs = [(node.target, node.value)]
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        pairs = [(node.target, node.iter)]
    for target, value in pairs:
        for part in ast.walk(target):
            if isinstance(part, ast.Name):
                yield part.id, value


def _verb(call: ast.Call, names: Names, verbs: set[str]) -> bool:
    """`insert(...)`, `engine.insert(...)`, and by whatever other name it was imported."""
    whole = names.whole(call.func)
    module, _, name = whole.rpartition(".")
    return whole in verbs or (
        name in VERBS and (module in ("core.db.engine", "core.db.bulk") or "sqlalchemy" in module)
    )


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _helpers(trees: Mapping[str, ast.Module], names: Mapping[str, Names]) -> set[str]:
    """Functions that hand a parameter of theirs to a verb: whoever calls them with a table writes it."""
    verbs: set[str] = set()
    while True:
        more = {
            f"{dotted(path)}.{function.name}"
            for path, tree in trees.items()
            for function in functions(tree)
            if _hands_on(function, names[path], verbs)
        }
        if more <= verbs:
            return verbs
        verbs |= more


def _hands_on(function: Function, names: Names, verbs: set[str]) -> bool:
    given = {
        one.arg
        for one in [*function.args.args, *function.args.kwonlyargs]
        if one.annotation is not None and "Table" in ast.unparse(one.annotation)
    }
    return bool(given) and any(
        isinstance(node, ast.Call)
        and _verb(node, names, verbs)
        and any(isinstance(part, ast.Name) and part.id in given for part in _arguments(node))
        for node in ast.walk(function)
    )


def writes(trees: Mapping[str, ast.Module]) -> Iterator[tuple[str, int, Table]]:
    """(path, line, table) of every statement that changes one."""
    known = tables(trees)
    stored = {name: table for table, name in known.items()}
    names = every(trees, known)
    verbs = _helpers(trees, names)
    for path, tree in trees.items():
        for node in nodes(tree):
            if isinstance(node, ast.Call):
                for table in _called(node, names[path], verbs):
                    yield path, node.lineno, table
            elif isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)):
                for table in _raw(node, names[path], stored):
                    yield path, node.lineno, table


def _called(call: ast.Call, names: Names, verbs: set[str]) -> set[Table]:
    if _verb(call, names, verbs):
        return {table for part in _arguments(call) for table in names.tables(part)}
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("insert", "update", "delete"):
        return names.tables(call.func.value) if isinstance(call.func.value, ast.Name | ast.Attribute) else set()
    return set()


def _raw(node: ast.JoinedStr | ast.Constant, names: Names, stored: Mapping[str, Table]) -> set[Table]:
    """Of SQL that is written out: by the name in the database, or by `{table.name}`."""
    if isinstance(node, ast.Constant):
        text, parts = str(node.value), []
    else:
        parts = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
        text = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "{" + ast.unparse(part.value) + "}"
            for part in node.values
            if isinstance(part, ast.Constant | ast.FormattedValue)
        )
    targets = set(RAW.findall(text))
    raw = {stored[target] for target in targets if target in stored}
    for part in parts:
        if "{" + ast.unparse(part) + "}" in targets:
            raw |= names.tables(part.value if isinstance(part, ast.Attribute) and part.attr == "name" else part)
    return raw


def foreign_writers(trees: Mapping[str, ast.Module]) -> list[str]:
    """`core/care/store.py: contact of core/parties` where a file writes a table that another room defines."""
    return sorted(
        {
            f"{path}: {table[1]} of {room(owner(table))}"
            for path, _, table in writes(trees)
            if room(path) != room(owner(table))
        }
    )


def owner(table: Table) -> str:
    """The file that defines a table."""
    return table[0].replace(".", "/") + ".py"


def foreign_readers(trees: Mapping[str, ast.Module]) -> list[str]:
    """`core/care -> core/parties` where a room takes the other's tables to ask them by itself."""
    known = tables(trees)
    names = every(trees, known)
    homes = {module for module, _ in known if module.rpartition(".")[2] == "tables"}
    pairs = set()
    for path, tree in trees.items():
        for module, name, here, _ in imports(tree):
            taken = names[path].tables(ast.Name(here)) if name else set()
            whole = {f"{module}.{name}"} & homes or {module} & homes if not taken else set()
            for home in {table[0] for table in taken} | whole:
                if room(path) != room(owner((home, ""))):
                    pairs.add(f"{room(path)} -> {room(owner((home, '')))}")
    return sorted(pairs)

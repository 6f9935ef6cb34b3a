"""What a door reaches: from `gateway/cli.py` along names, and what no way from there comes to.

Imports and names are read as text; of a class only the foreign bases are looked up, because they call its methods by themselves. Live is

- what `gateway/cli.py` says, and whatever a module that is imported does outside its definitions;
- a name that something live takes (imported by name, or from its module);
- a method whose name something live takes of anything, that a template says, or that a foreign base declares;
- what a decorator registers: every decorator but the known shapes (`SHAPES`) may keep what it is given.

So a row of `unreached` is sure to be called by nothing but tests; a method that shares its name with a living one is missed.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

from tests.house.sources import ROOT

ROOMS = ("gateway", "channels", "dialogs", "core", "scheduler")
DOOR = "gateway.cli"
SHAPES = {
    "dataclass", "property", "cached_property", "staticmethod", "classmethod", "contextmanager", "asynccontextmanager", "cache",
    "lru_cache", "njit", "jit", "override", "final", "total_ordering", "runtime_checkable", "wraps", "abstractmethod",
    "singledispatch", "skip_unless_fast", "setter",
}  # fmt: skip
"""Decorators that give a definition its shape and keep it nowhere."""
WORD = re.compile(r"[A-Za-z_]\w*")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Key = tuple[str, str]
"""(module, name), (module, "Class.method"), or (module, "*") for a module handed on as a value."""
Foreign = Callable[[str, ast.ClassDef], set[str]]


class House:
    """The definitions of the rooms, and which of them live."""

    def __init__(self, root: Path = ROOT, rooms: tuple[str, ...] = ROOMS, *, foreign: Foreign | None = None) -> None:
        self.root, self.foreign = root, foreign or self.declared_elsewhere
        self.files = {
            _module(path.relative_to(root)): path
            for room in rooms
            for path in sorted((root / room).rglob("*.py"))
            if "migrations" not in path.parts
        }
        self.trees = {name: ast.parse(path.read_text("utf-8")) for name, path in self.files.items()}
        self.imports = {name: dict(self._imported(tree)) for name, tree in self.trees.items()}
        self.definitions: dict[Key, ast.stmt] = {}
        self.loose: dict[str, list[ast.stmt]] = defaultdict(list)
        for module, tree in self.trees.items():
            for node in tree.body:
                self._define(module, node)
        templates = [
            path for room in rooms for end in ("html", "typ", "js") for path in (root / room).rglob(f"*.{end}")
        ]
        self.said = {word for path in templates for word in WORD.findall(path.read_text("utf-8"))}

    def unreached(self) -> list[str]:
        """`path:line name` of every definition that nothing live takes."""
        live = _Walk(self).live
        return [
            f"{self.files[key[0]].relative_to(self.root).as_posix()}:{node.lineno} {key[1]}"
            for key, node in sorted(self.definitions.items())
            if key not in live and not _magic(key[1]) and not self._inside_the_dead(key, live)
        ]

    def _inside_the_dead(self, key: Key, live: set[Key]) -> bool:
        """A method of a class that is dead itself says nothing more."""
        owner = key[1].partition(".")[0]
        return owner != key[1] and (key[0], owner) not in live

    def _define(self, module: str, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef):
            self.definitions[module, node.name] = node
            for part in node.body:
                if isinstance(part, Function):
                    self.definitions[module, f"{node.name}.{part.name}"] = part
        elif isinstance(node, Function):
            self.definitions[module, node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            self.definitions.update({(module, name): node for name in names})
            if not names:
                self.loose[module].append(node)
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            self.loose[module].append(node)

    def _imported(self, tree: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
        """alias -> (module, name), or (module, "*") where a whole module is meant."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for one in node.names:
                    yield (
                        one.asname or one.name.split(".")[0],
                        (one.name if one.asname else one.name.split(".")[0], "*"),
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for one in node.names:
                    whole = f"{node.module}.{one.name}"
                    yield one.asname or one.name, (whole, "*") if whole in self.trees else (node.module, one.name)

    def source(self, module: str, name: str) -> Key:
        """The definition behind a name that packages hand on."""
        seen: set[Key] = set()
        while (module, name) not in self.definitions and (module, name) not in seen:
            seen.add((module, name))
            hop = self.imports.get(module, {}).get(name)
            if not hop or hop[1] == "*":
                return hop or (module, name)
            module, name = hop
        return module, name

    def declared_elsewhere(self, module: str, node: ast.ClassDef) -> set[str]:
        """The names that bases from outside the rooms declare: a protocol of asyncio calls `data_received` without our doing."""
        kind = getattr(import_module(module), node.name)
        family = {base for one in (kind, *kind.__subclasses__()) for base in one.__mro__} - {object}
        return {name for base in family if base.__module__ not in self.trees for name in vars(base)}


class _Walk:
    """One walk from the door over everything that lives."""

    def __init__(self, house: House) -> None:
        self.house, self.live, self.opened = house, set[Key](), set[str]()
        self.taken, self.waiting, self.todo = set(house.said), defaultdict[str, list[Key]](list), list[Key]()
        self.open(DOOR)
        self.todo.extend(key for key in house.definitions if key[0] == DOOR)
        while self.todo:
            key = self.todo.pop()
            if key not in self.live:
                self.live.add(key)
                self._follow(*key)

    def open(self, module: str) -> None:
        """Importing a module does what stands outside its definitions, and opens what it imports."""
        while module and module not in self.house.trees and "." in module:
            module = module.rpartition(".")[0]
        if module not in self.house.trees or module in self.opened:
            return
        self.opened.add(module)
        for node in self.house.loose[module]:
            self._read(module, node)
        for (where, name), node in self.house.definitions.items():
            if where == module and isinstance(node, Function | ast.ClassDef) and "." not in name and _registered(node):
                self.todo.append((module, name))
        for hop, _ in self.house.imports[module].values():
            self.open(hop)

    def _follow(self, module: str, name: str) -> None:
        self.open(module)
        if name == "*":  # a module in a table of modules: whatever is taken of any of them
            for key in [one for one in self.house.definitions if one[0] == module and "." not in one[1]]:
                self._when_taken(key[1], key)
            return
        node = self.house.definitions.get((module, name))
        if isinstance(node, ast.ClassDef):
            self._follow_class(module, node)
        elif node is not None:
            self._read(module, node)

    def _follow_class(self, module: str, node: ast.ClassDef) -> None:
        foreign = self.house.foreign(module, node)
        for part in [*node.decorator_list, *node.bases, *node.keywords, *node.body]:
            if not isinstance(part, Function):
                self._read(module, part)
            elif _magic(part.name) or part.name in foreign or _registered(part):
                self.todo.append((module, f"{node.name}.{part.name}"))
            else:
                self._when_taken(part.name, (module, f"{node.name}.{part.name}"))

    def _when_taken(self, name: str, key: Key) -> None:
        if name in self.taken:
            self.todo.append(key)
        else:
            self.waiting[name].append(key)

    def _take(self, name: str) -> None:
        self.taken.add(name)
        self.todo.extend(self.waiting.pop(name, ()))

    def _read(self, module: str, node: ast.AST) -> None:
        """Everything that the code of a node names."""
        for part in ast.walk(node):
            if isinstance(part, ast.Attribute):
                self._take(part.attr)
                self._dotted(module, part)
            elif isinstance(part, ast.Name):
                hop = self.house.imports[module].get(part.id)
                if hop is None:
                    self.todo.append((module, part.id))
                elif hop[1] != "*":
                    self.todo.append(self.house.source(*hop))
                elif not isinstance(getattr(part, "above", None), ast.Attribute):
                    self.todo.append(hop)
            elif isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value.isidentifier():
                self._take(part.value)
            for child in ast.iter_child_nodes(part):
                child.above = part  # type: ignore[attr-defined]  # syntax trees do not know their parents

    def _dotted(self, module: str, node: ast.Attribute) -> None:
        """`core.billing.run.close`: the longest beginning that is a module, and what is taken of it."""
        names = [node.attr]
        at = node.value
        while isinstance(at, ast.Attribute):
            names.append(at.attr)
            at = at.value
        hop = self.house.imports[module].get(at.id) if isinstance(at, ast.Name) else None
        if hop and hop[1] == "*":
            dotted = [*hop[0].split("."), *reversed(names)]
            for cut in range(len(dotted) - 1, 0, -1):
                if ".".join(dotted[:cut]) in self.house.trees:
                    self.todo.append(self.house.source(".".join(dotted[:cut]), dotted[cut]))
                    return


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _magic(name: str) -> bool:
    return name.rpartition(".")[2].startswith("__") or name == "log"


def _registered(node: Function | ast.ClassDef) -> bool:
    """Whether a decorator may keep it: `@app.command()`, `@field_validator("x")`; not a shape such as `@dataclass`."""
    for one in node.decorator_list:
        at = one.func if isinstance(one, ast.Call) else one
        if (at.attr if isinstance(at, ast.Attribute) else getattr(at, "id", "")) not in SHAPES:
            return True
    return False

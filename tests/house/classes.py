"""Class names that stand for two things among those that rooms import from each other."""

import ast
from collections import defaultdict
from collections.abc import Mapping

from tests.house.modules import dotted, imports, nodes, room


def doubled(trees: Mapping[str, ast.Module]) -> dict[str, list[str]]:
    """Name -> files that define a class of that name which another room imports, where there are two or more."""
    defined: dict[tuple[str, str], str] = {
        (dotted(path), node.name): path
        for path, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    shared: dict[str, set[str]] = defaultdict(set)
    for path, tree in trees.items():
        modules: dict[str, str] = {}
        for module, name, here, _ in imports(tree):
            home = defined.get((module, name))
            if home and room(home) != room(path):
                shared[name].add(home)
            whole = f"{module}.{name}" if name else module
            modules[here if name else module] = whole
        for node in nodes(tree):
            if isinstance(node, ast.Attribute):
                home = defined.get((modules.get(ast.unparse(node.value), ""), node.attr))
                if home and room(home) != room(path):
                    shared[node.attr].add(home)
    return {name: sorted(homes) for name, homes in sorted(shared.items()) if len(homes) > 1}

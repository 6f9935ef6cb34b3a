"""Rating is arithmetic alone: its files import each other in one direction, and of the house only what is pure."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[3]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text())
    for path in sorted((ROOT / "core" / "rating").rglob("*.py"))
}


def imported(tree: ast.Module) -> set[str]:
    """Modules that a file imports, anywhere in it; `from package import module` is the module."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (inner & FILES.keys()) or {node.module}
    return found


def test_no_file_of_rating_imports_in_a_circle_not_even_for_its_types() -> None:
    graph = {name: imported(tree) & FILES.keys() for name, tree in FILES.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(FILES)
    assert not [name for name, tree in FILES.items() if "TYPE_CHECKING" in ast.dump(tree)]


def test_rating_knows_no_input_no_clock_and_no_settings() -> None:
    outside = {name for tree in FILES.values() for name in imported(tree) if name.split(".")[0] == "core"}
    assert {name for name in outside if not name.startswith("core.rating")} == set()
    text = "".join((ROOT / f"{name.replace('.', '/')}.py").read_text() for name in FILES)
    assert not re.findall(r"\b(?:open|now|today)\(|environ|requests|sqlalchemy", text)

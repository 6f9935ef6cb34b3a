"""A handler of the house comes from a text to an id by the look-ups that know the branch, and by nothing else."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT

LOOKS = {"theirs", "their_account", "all_theirs", "shown"}
"""What looks a name up with the branch of whoever asks."""
WORDS = {
    "agencies.py": "an agency and a kind of file are the operator's own words; what they list is cut to the branch"
}
FILES = sorted((ROOT / "gateway" / "admin").glob("*/*.py"))


def _wild(tree: ast.AST, inside: bool = False) -> Iterator[int]:
    """Lines where a part of the path is taken outside of a look-up."""
    for node in ast.iter_child_nodes(tree):
        here = inside
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            here = inside or name in LOOKS
        if isinstance(node, ast.Subscript) and getattr(node.value, "attr", "") == "match_info" and not here:
            yield node.lineno
        yield from _wild(node, here)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_what_a_path_names_is_looked_up_with_the_branch(file: Path) -> None:
    assert len(FILES) > 30
    if file.name not in WORDS:
        assert list(_wild(ast.parse(file.read_text("utf-8")))) == [], f"{file.name}: name it by `theirs`"


def test_the_look_for_wild_names_finds_one() -> None:
    assert list(_wild(ast.parse("x = int(request.match_info['id'])"))) == [1]
    assert list(_wild(ast.parse("x = await theirs(conn, house, who, RECEIPT, request.match_info['id'])"))) == []

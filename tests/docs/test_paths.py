"""What the docs name is there: files, modules, tests, and pictures that a browser test takes."""

import ast
import re
from fnmatch import fnmatchcase as fnmatch
from functools import cache
from importlib import import_module

from tests.browser.test_pictures import TAKEN
from tests.docs.pages import DOCS, links, named, pages, ticks
from tests.house.sources import ROOMS, ROOT

TOP = (*ROOMS, "tests", "docs")
PATH = re.compile(rf"(?:{'|'.join(TOP)})(?:/[\w.*<>-]+)*/?")
MODULE = re.compile(rf"(?:{'|'.join(ROOMS)})(?:\.\w+)+")
FILE = re.compile(r"(?:[\w-]+/)*\w+\.py")
TEST = re.compile(r"test_\w+")
DRAWN_BY_HAND = {"bill-run.svg"}
"""What is no page of ours."""


@cache
def files() -> frozenset[str]:
    """Every file of ours, from the root."""
    return frozenset(
        path.relative_to(ROOT).as_posix() for top in TOP for path in (ROOT / top).rglob("*") if path.is_file()
    )


@cache
def names_of_tests() -> frozenset[str]:
    """Every test function."""
    return frozenset(
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
    )


def is_there(path: str) -> bool:
    """A file or folder; `<lang>`, NAME and * stand for any."""
    pattern = re.sub(r"<\w+>|\b[A-Z]{2,}(?=[._/]|$)", "*", path.rstrip("/"))
    return any(ROOT.glob(pattern))


def is_defined(dotted: str) -> bool:
    """A module, or something in one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing: object = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            if not hasattr(thing, name):
                return False
            thing = getattr(thing, name)
        return True
    return False


def lost_in(text: str) -> list[str]:
    """What a page names that is not there."""
    lost = []
    for tick in ticks(text):
        said = tick.partition(":")[0].strip()
        if PATH.fullmatch(said) and "/" in said:
            if not is_there(said) and not is_there(f"{said}.py"):
                lost.append(said)
        elif FILE.fullmatch(said):
            if not any(fnmatch(file, f"*/{said.replace('NAME', '*')}") for file in files()):
                lost.append(said)
        elif (MODULE.fullmatch(said) and not is_defined(said)) or (
            TEST.fullmatch(said) and said not in names_of_tests()
        ):
            lost.append(said)
    return lost


def test_every_file_module_and_test_that_the_docs_name_is_there() -> None:
    lost = [f"{named(path)}: {name}" for path, text in pages() for name in lost_in(text)]
    assert lost == []


def test_what_is_not_there_is_found() -> None:
    planted = "`core/gone.py`, `core/gone/`, `gone.py`, `core.rating.gone`, `test_gone_by_now` but `core/rating/rounding.py: whole`"
    assert lost_in(planted) == ["core/gone.py", "core/gone/", "gone.py", "core.rating.gone", "test_gone_by_now"]


def test_every_picture_in_the_docs_is_taken_by_a_browser_test() -> None:
    shown = {link.rpartition("/")[2] for _, text in pages() for link in links(text) if "pictures/" in link}
    on_file = {path.name for path in (DOCS / "pictures").iterdir()}
    assert shown - set(TAKEN) - DRAWN_BY_HAND == set()
    assert on_file == set(TAKEN) | DRAWN_BY_HAND
    assert set(TAKEN) - shown == set(), "nobody looks at it"
    elsewhere = [link for _, text in pages() for link in links(text) if re.search(r"\.(png|jpe?g|gif)$", link)]
    assert [link for link in elsewhere if "pictures/" not in link] == []

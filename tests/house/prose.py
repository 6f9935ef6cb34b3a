"""Rules 7, 8 and 12: words. Identifiers that were given up, locals that are no nouns, bare states, sentences in rules, and *she*."""

import ast
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from tests.house.modules import functions, nodes, room

GIVEN_UP = {
    "House", "Glance", "_Turn", "among", "hearing", "Leaving", "NotKnown", "lines_freed", "limit_told", "late_rebilled", "ladder_ahead",
    "price_ahead", "letter_back", "give_back", "first_tries", "Wall", "_Wall", "hung", "_Hung", "Dial", "Standing", "Letter",
}  # fmt: skip
"""What the table of names gave up."""
FILES_GIVEN_UP = {
    "standing", "quick", "arrears", "sets", "hearing", "heard", "webhooks", "callbacks", "passed", "keeping", "settle", "ticking", "said",
    "reckon", "drafts", "shown", "so_far", "credit_cut", "lines_freed", "limit_told", "late_rebilled", "ladder_ahead", "price_ahead",
    "letter_back", "first_tries", "debits", "proof", "move", "recycle", "curve", "reads", "want", "barring",
}  # fmt: skip
NO_NOUNS = {"found", "said", "told", "made", "one", "asked", "heard"}
STATES = {"state", "kind", "status"}
SHE = re.compile(r"\b(?:she|her|hers|herself)\b", re.IGNORECASE)
SENTENCE = re.compile(r"\S+ \S+")


def given_up(trees: Mapping[str, ast.Module]) -> dict[str, int]:
    """`core/db: among` -> in how many files of a room a word still stands that the table of names gave up."""
    found: Counter[str] = Counter()
    for path, tree in trees.items():
        for word in sorted(_words(tree) & GIVEN_UP):
            found[f"{room(path)}: {word}"] += 1
        if path.removesuffix(".py").rpartition("/")[2] in FILES_GIVEN_UP:
            found[f"{path}: its name"] += 1
    return dict(sorted(found.items()))


def _words(tree: ast.Module) -> set[str]:
    words: set[str] = set()
    for node in nodes(tree):
        for field in ("id", "attr", "arg", "name", "asname"):
            word = getattr(node, field, None)
            if isinstance(word, str):
                words.add(word)
    return words


def no_nouns(trees: Mapping[str, ast.Module]) -> dict[str, int]:
    """Room -> how often a function gives something a name that is no noun."""
    found: Counter[str] = Counter()
    for path, tree in trees.items():
        seen = {
            (function.lineno, node.id)
            for function in functions(tree)
            for node in ast.walk(function)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in NO_NOUNS
        }
        found[room(path)] += len(seen)
    return dict(sorted((+found).items()))


def bare_states(trees: Mapping[str, ast.Module]) -> dict[str, int]:
    """Room -> comparisons of a state, a kind or a status with a bare text."""
    found: Counter[str] = Counter()
    for path, tree in trees.items():
        found[room(path)] += sum(_compares(node) for node in nodes(tree))
    return dict(sorted((+found).items()))


def _compares(node: ast.AST) -> bool:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("in_", "not_in"):
        return _is_state(node.func.value) and any(map(_bare, node.args))
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    return any(map(_is_state, sides)) and any(map(_bare, sides))


def _is_state(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in STATES


def _bare(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(_bare, node.elts))
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def sentences(trees: Mapping[str, ast.Module]) -> dict[str, int]:
    """File of core -> reasons written as English in a rule: `Refused("no such account")`, `reason="not this day"`, `why="paid late"`.

    The `why` of `NotReached` and `Unknown` (`core/outcome.py`) is none: it is kept for whoever looks into a call, what follows goes by the type.
    """
    found: Counter[str] = Counter()
    for path, tree in trees.items():
        if path.startswith("core/"):
            found[path] += sum(1 for node in nodes(tree) if isinstance(node, ast.Call) for _ in _english(node))
    return dict(sorted((+found).items()))


def _english(call: ast.Call) -> Iterable[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    first = call.args[:1] if name in ("Refused", "Doubt", "Failed") else []
    given = [keyword.value for keyword in call.keywords if keyword.arg in ("reason", "why", "because")]
    return [part for part in [*first, *given] if _sentence(part)]


def _sentence(node: ast.expr) -> bool:
    if isinstance(node, ast.JoinedStr):
        text = "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        return " " in text.strip()
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(SENTENCE.search(node.value))


def she(texts: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Top folder (or file) -> how often somebody is *she*."""
    found: Counter[str] = Counter()
    for path, text in texts:
        found[path.partition("/")[0]] += len(SHE.findall(text))
    return dict(sorted((+found).items()))

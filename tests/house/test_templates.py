"""Templates are short lines made of macros, and say nothing that a catalogue does not say: no bare English stands in one."""

import ast
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from gateway.pages.tongue import words

ROOT = Path(__file__).parent.parent.parent
WIDEST = 160
CONSOLE = ROOT / "gateway" / "admin" / "templates"
TEMPLATES = sorted(
    path
    for room in ("gateway", "core", "channels")
    for path in (ROOT / room).rglob("*.html")
    if "node_modules" not in path.parts
)
ANOTHER_HOUSE = {
    "sandbox_checkout.html": "the page of the sandbox bank, which is not ours and speaks as a provider's does"
}
LANGUAGES = ("fr", "vi", "sw")
OURS = ("Hodi", "hodi", "PIN", "SMS", "SHA", "doctype", "html")
"""Names that are the same in every language."""
SAME = {
    "fr": {
        "Console", "Commission", "Points", "Note", "note", "Service", "Messages", "Services", "Total", "Tickets", "Ticket", "Message", "IBAN",
        "Cause", "Ticket {reference}", "Sources", "Source", "Pages", "Protection", "normal", "Pause", "{n} SMS", "{n} ticket",
    },
    "vi": {"IBAN", "{state}: {count}", "{n} SMS"},
    "sw": {"IBAN", "{state}: {count}"},
}  # fmt: skip
"""What is said there as in English."""
_READ = ("title", "placeholder", "aria-label", "alt", "label")
_LETTERS = re.compile(r"[A-Za-z]{2,}")
_CLASSES = re.compile(r"{% block class %}.*?{% endblock %}|{% macro mark.*?{% endmacro %}", re.DOTALL)
"""What gives a class to a tag: nobody reads it."""
_TAG = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
_ENVIRONMENT = Environment()


class Reader(HTMLParser):
    """What a person reads of a page: texts, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.silent = 0
        self.read: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.silent += tag in ("style", "script")
        self.read += [value or "" for name, value in attrs if name in _READ]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.read.append(data)


def bare(source: str) -> list[str]:
    """Words that stand in a template as they are, and those that an expression of it puts out."""
    source = _CLASSES.sub("", source)
    reader = Reader()
    reader.feed(_TAG.sub(" ", source))
    found = [" ".join(text.split()) for text in reader.read]
    found += list(_put_out(source))
    return [text for text in found if set(_LETTERS.findall(text)) - set(OURS)]


def _put_out(source: str) -> Iterator[str]:
    """English that an expression puts between tags: a text that no call of a catalogue is given."""
    inside = False
    for output in _ENVIRONMENT.parse(source).find_all(nodes.Output):
        for node in output.nodes:
            if isinstance(node, nodes.TemplateData):
                inside = node.data.rfind("<") > node.data.rfind(">") or (inside and ">" not in node.data)
            elif not inside:
                yield from _said(node)


def _said(node: nodes.Node) -> Iterator[str]:
    """The texts that may come out of an expression."""
    match node:
        case nodes.Const():
            yield node.value if isinstance(node.value, str) else ""
        case nodes.CondExpr():
            for part in (node.expr1, node.expr2):
                yield from _said(part) if part else ()
        case nodes.Or() | nodes.And() | nodes.Add():
            yield from (*_said(node.left), *_said(node.right))
        case nodes.Concat():
            for part in node.nodes:
                yield from _said(part)
        case nodes.Getitem() if isinstance(node.node, nodes.Dict):
            for pair in node.node.items:
                yield from _said(pair.value)
        case nodes.Call() if not (isinstance(node.node, nodes.Name) and node.node.name in ("_", "_n", "say")):
            given = [*node.args, *(named.value for named in node.kwargs)]
            yield from (text for part in given for text in _said(part) if re.match(r"[A-Z][a-z]", text))


def sentences(path: Path) -> Iterator[tuple[str, ...]]:
    """What a template asks the catalogue for."""
    for call in _ENVIRONMENT.parse(path.read_text()).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "_n"):
            given = call.args if call.node.name == "_" else call.args[1:]
            assert all(isinstance(one, nodes.Const) for one in given), (
                f"{path.name}: a text of the catalogue is written out"
            )
            yield tuple(one.value for one in given if isinstance(one, nodes.Const))


def keys(lang: str) -> dict[str, tuple[str, ...]]:
    """Every English text of a catalogue with what is said for it."""
    with (CONSOLE / f"{lang}.po").open("rb") as file:
        said = [message for message in read_po(file, locale=lang) if message.id]
    ids = [one.id if isinstance(one.id, str) else one.id[0] for one in said]
    assert len(ids) == len(set(ids))
    return {
        key: (one.string,) if isinstance(one.string, str) else tuple(one.string)
        for key, one in zip(ids, said, strict=True)
    }


def fields(text: str) -> set[str]:
    return set(re.findall(r"{(\w+)}", text))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_line_of_a_template_is_wider_than_a_person_reads(path: Path) -> None:
    wide = [
        f"{path.name}:{number}" for number, line in enumerate(path.read_text().splitlines(), 1) if len(line) > WIDEST
    ]
    assert wide == []


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if path.name not in ANOTHER_HOUSE], ids=lambda path: path.name
)
def test_no_template_says_anything_that_no_catalogue_says(path: Path) -> None:
    assert bare(path.read_text()) == []


def test_planted_english_is_found() -> None:
    for planted in (
        "<p>Hello there</p>",
        '<input placeholder="type here">',
        '<nav aria-label="Pages">',
        '{{ "open" if x else _("paid") }}',
        '{{ x or "said nothing" }}',
        '{{ m.note("Nothing waits") }}',
        '{{ {"a": "needs evidence"}[x] }}',
    ):
        assert bare(planted), planted
    for fine in (
        '<p class="wide">{{ _("Hello") }}</p>',
        '<a class="{{ "is-due" if x }}">{{ say("me.bills") }}</a>',
        "<b>· 12 %</b>",
    ):
        assert bare(fine) == [], fine


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_text_of_the_console_is_said_in_every_language_with_the_same_fields(lang: str) -> None:
    asked = {text[0]: text for path in TEMPLATES for text in sentences(path)}
    said = keys(lang)
    assert sorted(set(asked) - set(said)) == [], "not said"
    assert sorted(key for key, forms in said.items() if not all(forms)) == [], "blank"
    wrong = [
        key
        for key, forms in said.items()
        for form in forms
        if not fields(form) <= fields(key) | {"n"} or fields(key) - fields(form) - {"n"}
    ]
    assert wrong == [], "other fields"
    assert sorted(key for key, forms in said.items() if forms[0] == key and key not in SAME[lang]) == [], (
        "still English"
    )


def test_every_language_has_the_same_texts_and_its_plurals() -> None:
    every = [set(keys(lang)) for lang in LANGUAGES]
    assert every[0] == every[1] == every[2]
    assert [words(lang).form_of(1) for lang in LANGUAGES] == [0, 0, 0]
    assert [words(lang).form_of(0) for lang in LANGUAGES] == [0, 0, 1]
    assert [words(lang).form_of(5) for lang in LANGUAGES] == [1, 0, 1]


EDGES = ("auth.py", "edge.py", "described.py")
SAYS = sorted([*(CONSOLE.parent / "console").rglob("*.py"), *(CONSOLE.parent / name for name in EDGES)])
_SENTENCE = re.compile(r"[A-Z][a-z]*[ ,:][^<>]*[.?]")


def spoken(source: str) -> set[str]:
    """Whole sentences that a module of the console says to people: not its docstrings, nor what its routes say of themselves."""
    tree = ast.parse(source)
    own = {id(node) for call in ast.walk(tree) if _describes(call) for node in ast.walk(call)}
    own |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in own)
    return {text for text in texts if isinstance(text, str) and _SENTENCE.fullmatch(text)}


def _describes(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "described"


def test_every_sentence_that_the_console_says_stands_in_its_catalogues() -> None:
    assert spoken('"""Docs."""\nraise Unfit(text, "Write a whole number.")') == {"Write a whole number."}
    assert spoken('raise NotGranted("The role {role} may not.")') == {"The role {role} may not."}
    said = set(keys("fr"))
    silent = {f"{path.name}: {text}" for path in SAYS for text in spoken(path.read_text()) if text not in said}
    assert sorted(silent) == []

"""A form that was refused, put back as it was sent: what was typed stands in its fields, and the word at the field it is about.

Works on the page as it was rendered, so that no template has to know of it. Pure: a page in, a page out. Secrets (passwords, the
token of the form) are never put back.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape

from markupsafe import escape

WRONG = "wrong-at"
_FORM = re.compile(r"<form\b[^>]*>.*?</form>", re.DOTALL)
_FIELD = re.compile(
    r"<(?P<tag>input)\b(?P<in>[^>]*)>|<(?P<area>textarea)\b(?P<ta>[^>]*)>(?P<text>.*?)</textarea>"
    r"|<(?P<select>select)\b(?P<se>[^>]*)>(?P<options>.*?)</select>|<(?P<button>button)\b(?P<bu>[^>]*)>",
    re.DOTALL,
)
_OPTION = re.compile(r"<option\b([^>]*)>(.*?)(?=</option>|<option\b|$)", re.DOTALL)
_NAMED = re.compile(r'([a-z-]+)(?:="([^"]*)")?')
_OURS = ("csrf", "agreed", "next")


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, and which field it is about: by the name of the field, or by what was typed into it."""

    words: str
    field: str | None = None
    typed: str | None = None


def attributes(text: str) -> dict[str, str]:
    """The attributes of a tag."""
    return {name: unescape(value) for name, value in _NAMED.findall(text)}


def refilled(page: str, action: str, told: Mapping[str, str], wrong: Wrong) -> str:
    """The page with its form of this action filled in as it was sent; the word at the top of the page where no form fits."""
    best, score = None, 0
    for match in _FORM.finditer(page):
        fits = _fits(match[0], action, told)
        if fits > score:
            best, score = match, fits
    if best is None:
        return page.replace('<main id="main">', f'<main id="main">{_word(wrong.words)}', 1)
    return page[: best.start()] + _filled(best[0], told, wrong) + page[best.end() :]


def _fits(form: str, action: str, told: Mapping[str, str]) -> int:
    """How much of what was sent this form can have sent; 0: it was another one."""
    head = attributes(form[: form.index(">")])
    if head.get("method") != "post" or head.get("action", action) != action:
        return 0
    points, buttons = 1, set[tuple[str, str]]()
    for match in _FIELD.finditer(form):
        has = attributes(match["in"] or match["ta"] or match["se"] or match["bu"] or "")
        name = has.get("name", "")
        if match["button"]:
            buttons.add((name, has.get("value", "")))
        elif has.get("type") == "hidden" and name not in (*_OURS, "key", "seal"):
            if told.get(name) != has.get("value", ""):
                return 0
            points += 2
        elif name in told and name not in _OURS:
            points += 1
    named = {name for name, _ in buttons if name}
    if named and any(name in told for name in named):
        if not any(told.get(name) == value for name, value in buttons):
            return 0
        points += 2
    return points


def _word(words: str) -> str:
    return f'<p class="wrong" role="alert" id="{WRONG}">{escape(words)}</p>'


def _filled(form: str, told: Mapping[str, str], wrong: Wrong) -> str:
    at = _place(form, told, wrong)

    def one(found: re.Match[str]) -> str:
        raw = found["in"] or found["ta"] or found["se"]
        if raw is None:
            return found[0]
        has = attributes(raw)
        name, marked = has.get("name", ""), ""
        if name == at and has.get("type") != "hidden":
            marked = f' aria-invalid="true" aria-describedby="{WRONG}"'
        behind = f'<span class="wrong" role="alert" id="{WRONG}">{escape(wrong.words)}</span>' if marked else ""
        value = told.get(name)
        if found["tag"]:
            return f"<input{marked}{_input(raw, has, value)}>{behind}"
        if found["area"]:
            text = found["text"] if value is None else f"\n{escape(value)}"
            return f"<textarea{marked}{raw}>{text}</textarea>{behind}"
        options = found["options"] if value is None else _chosen(found["options"], value)
        return f"<select{marked}{raw}>{options}</select>{behind}"

    whole = _FIELD.sub(one, form)
    if at is None:
        end = whole.index(">") + 1
        whole = whole[:end] + _word(wrong.words) + whole[end:]
    return whole


def _place(form: str, told: Mapping[str, str], wrong: Wrong) -> str | None:
    """The name of the field the word stands at."""
    open_ = [
        has["name"]
        for match in _FIELD.finditer(form)
        if not match["button"]
        for has in [attributes(match["in"] or match["ta"] or match["se"] or "")]
        if has.get("name") and has.get("type") != "hidden"
    ]
    if wrong.field in open_:
        return wrong.field
    if wrong.typed is not None:
        return next((name for name in open_ if told.get(name, "") == wrong.typed), None)
    return open_[0] if len(open_) == 1 else None


def _input(raw: str, has: Mapping[str, str], value: str | None) -> str:
    kind, name = has.get("type", "text"), has.get("name", "")
    if kind in ("password", "file") or name in _OURS:
        return raw
    if kind in ("checkbox", "radio"):
        bare = re.sub(r"\schecked\b", "", raw)
        return f"{bare} checked" if value is not None and value == has.get("value", "on") else bare
    if value is None or (kind == "hidden" and name != "key"):
        return raw
    return re.sub(r'\svalue="[^"]*"', "", raw) + f' value="{escape(value)}"'


def _chosen(options: str, value: str) -> str:
    def one(found: re.Match[str]) -> str:
        bare = re.sub(r"\sselected\b", "", found[1])
        own = attributes(found[1]).get("value", unescape(found[2].strip()))
        return f"<option{bare}{' selected' if own == value else ''}>{found[2]}"

    return _OPTION.sub(one, options)

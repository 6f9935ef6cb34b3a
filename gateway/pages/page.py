"""Pages: Jinja templates with autoescape, filled in and answered. No script of ours is inline, so the policy can forbid them.

Whatever a customer, a clerk or a file wrote is text when it reaches a page. Static files are few and small, and served beside.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from core import money
from core.context import App
from core.reasons import said, word
from core.text import say
from core.text.days import last_of, written
from dialogs.attachments import MAP
from gateway.admin.console.language import speaks
from gateway.admin.edge import language
from gateway.app_keys import APP
from gateway.pages.tongue import gettext, ngettext, told

_HERE = Path(__file__).parent
STATIC = "/static"
SAMPLE = date(2026, 11, 29)
"""The day that an empty field shows, as days are to be written there."""
_MAP = re.compile(rf"({re.escape(MAP)}-?\d{{1,2}}\.\d{{5}},-?\d{{1,3}}\.\d{{5}})(?!\S)")


@cache
def _environment() -> Environment:
    result = Environment(
        loader=FileSystemLoader([_HERE / "templates", _HERE.parent / "admin" / "templates"]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    result.globals.update(_=gettext, _n=ngettext, SAMPLE=SAMPLE)
    result.filters.update(
        tr=_tr,
        money=_money,
        why=_why,
        words=_words,
        day=_day,
        days=_days,
        last_day=last_of,
        mapped=_mapped,
        number=_number,
        month=_month,
        weekday=_weekday,
        language=_language,
        actor=_actor,
        num=_num,
        unseen=_unseen,
    )
    return result


def render(request: web.Request, template: str, *, status: int = 200, lang: str = "en", **values: Any) -> web.Response:
    """A page as an answer; `say(key, ...)` speaks `lang`, `clock(instant)` speaks the operator's zone."""
    app = request.app[APP]

    def speak(key: str, **params: object) -> str:
        return say(lang, key, **params)

    text = (
        _environment()
        .get_template(template)
        .render(say=speak, lang=lang, operator=app.operator, clock=lambda instant: _clock(instant, app, lang), **values)
    )
    return web.Response(text=text, status=status, content_type="text/html")


def page_language(request: web.Request, theirs: str = "") -> str:
    """`?lang=`, else what the customer chose, else what the browser asks for, of what the operator speaks; else its first."""
    spoken = request.app[APP].operator.languages
    wanted = (request.query.get("lang", ""), theirs, language(request))
    return next((lang for lang in wanted if lang in spoken), spoken[0])


def carried(request: web.Request) -> str:
    """`?lang=` as this page was asked for, so that what it leads to is read in the same language."""
    lang = request.query.get("lang", "")
    return f"?lang={lang}" if lang in request.app[APP].operator.languages else ""


def message(
    request: web.Request,
    status: int,
    words: str,
    *,
    headers: Mapping[str, str] | None = None,
    csrf: str = "",
    params: Mapping[str, str] | None = None,
) -> web.Response:
    """A small page with one thing to say, its `{fields}` filled with `params`; `csrf` of who sits at the console, who may sign out there whatever the role."""
    lang = speaks()
    text = told(words, lang).format(**params) if params else told(words, lang)
    answer = render(request, "message.html", status=status, lang=lang, words=text[:500], csrf=csrf)
    answer.headers.update(headers or {})
    return answer


def fragment(html: str) -> Markup:
    """Mark HTML that our own code made of escaped parts (a plot) as what it is."""
    return Markup(html)  # noqa: S704 - only for SVG made by gateway/admin/console/plot.py


@pass_context
def _tr(context: Context, text: str | None) -> str:
    """A text of ours that Python says, in the page's language."""
    return told(text or "", context["lang"])


@pass_context
def _why(context: Context, kept: str | None, currency: str) -> str:
    """A reason as tables keep it, in words."""
    return said(kept, context["lang"], currency) if kept else ""


@pass_context
def _words(context: Context, name: object) -> str:
    """A name of ours (a state, a kind) as people call it."""
    return word(str(name), context["lang"]) if name not in (None, "") else ""


@pass_context
def _money(context: Context, minor: int | None, currency: str) -> str:
    return "" if minor is None else money.show(minor, currency, context["lang"])


@pass_context
def _day(context: Context, day: date | None) -> str:
    return written(day, context["lang"]) if day else ""


@pass_context
def _days(context: Context, first: date, end: date) -> str:
    """A period kept as [first, end), with its last day."""
    lang = context["lang"]
    return gettext(context, "{first} to {last}", first=written(first, lang), last=written(last_of(end), lang))


@pass_context
def _number(context: Context, number: float) -> str:
    return format_decimal(number, locale=context["lang"])


@pass_context
def _month(context: Context, day: date) -> str:
    """The month of a day with its year."""
    return format_date(day, "LLLL y", locale=context["lang"])


@pass_context
def _weekday(context: Context, day: date) -> str:
    return format_date(day, "EEEE", locale=context["lang"])


@pass_context
def _language(context: Context, code: str) -> str:
    """A language by its name in the language of the page."""
    return Locale.parse(code).get_display_name(context["lang"]) or code


def _actor(name: str) -> str:
    """Somebody of the staff, as they are called."""
    return name.removeprefix("user:")


def _num(words: str) -> tuple[str, str]:
    """A column of figures."""
    return "num", words


def _unseen(words: str) -> tuple[str, str]:
    """A column whose name is for those who listen."""
    return "unseen", words


def _mapped(text: str) -> Markup:
    """Words of a customer in which the places on a map that we wrote ourselves (`dialogs/attachments.py`) may be followed; no other link may."""
    link = Markup('<a href="{0}" rel="noopener noreferrer" target="_blank">{0}</a>')
    parts = _MAP.split(text)
    return Markup("").join(link.format(part) if at % 2 else part for at, part in enumerate(parts))


def _clock(instant: datetime | None, app: App, lang: str) -> str:
    here = instant.astimezone(app.zone) if instant else None
    return f"{written(here.date(), lang)}, {here:%H:%M}" if here else ""


def routes() -> list[web.AbstractRouteDef]:
    """The static files."""
    return [web.static(STATIC, _HERE / "static")]

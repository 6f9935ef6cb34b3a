"""What the console speaks with whoever sits there: the house's English unless they chose otherwise, for words and figures alike."""

from contextvars import ContextVar

from aiohttp import web

from core.text import CONSOLE

COOKIE = "hodi_console_lang"
_SPEAKS: ContextVar[str] = ContextVar("console_speaks", default=CONSOLE[0])
"""Of the request that runs: amounts are shown and read in one notation, so that what stands on a page can be typed back."""


def speaks() -> str:
    """The language of this request's person."""
    return _SPEAKS.get()


def listen(request: web.Request) -> str:
    """Find the language this person chose (`?lang=`, then their cookie), and speak it until the answer is made."""
    chosen = request.query.get("lang") or request.cookies.get(COOKIE, "")
    lang = chosen if chosen in CONSOLE else CONSOLE[0]
    _SPEAKS.set(lang)
    return lang

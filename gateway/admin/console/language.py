"""What the console speaks with whoever sits there: the house's English unless they chose otherwise, for words and figures alike."""

from contextvars import ContextVar

from aiohttp import web

from core.text import CONSOLE
from gateway.admin.auth import CONSOLE as HERE
from gateway.admin.described import Handler
from gateway.admin.edge import language

COOKIE = "hodi_console_lang"
_SPEAKS: ContextVar[str] = ContextVar("console_speaks", default=CONSOLE[0])
"""Of the request that runs: amounts are shown and read in one notation, so that what stands on a page can be typed back."""


def speaks() -> str:
    """The language of this request's person."""
    return _SPEAKS.get()


def listen(request: web.Request) -> str:
    """Find the language this person chose (`?lang=`, then their cookie, then what their browser asks for), and speak it until the answer
    is made. The console is read in `CONSOLE`: who asks for another of the house's languages is answered in English."""
    wanted = (request.query.get("lang", ""), request.cookies.get(COOKIE, ""), language(request))
    lang = next((one for one in wanted if one in CONSOLE), CONSOLE[0])
    _SPEAKS.set(lang)
    return lang


@web.middleware
async def spoken(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Before anything of the console can be refused. A connection serves one request after the other: each begins with its own language."""
    if request.path == HERE or request.path.startswith(f"{HERE}/"):
        listen(request)
    else:
        _SPEAKS.set(CONSOLE[0])
    return await handler(request)


NAMES = {"en": "English", "fr": "Français", "vi": "Tiếng Việt", "sw": "Kiswahili"}


def langs(request: web.Request) -> list[tuple[str, str, str]]:
    """(language, its name, this page in it) of the languages that the console can be read in."""
    here = request.path if request.method == "GET" else "/console"
    return [(lang, NAMES[lang], f"{here}?lang={lang}") for lang in CONSOLE]

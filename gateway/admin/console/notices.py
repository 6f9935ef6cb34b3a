"""The operator's own words of notices: as they leave now, checked while they are edited, kept or given back."""

from aiohttp import web

from core.errors import Refused
from core.notices import own_texts
from core.text import LANGUAGES
from gateway.admin.auth import WHO
from gateway.admin.console.language import speaks
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, form, show
from gateway.admin.described import described
from gateway.app_keys import APP

PATH = "/console/notices"


@described(
    "notice.edit", summary="The words of notices", query=(("words", "a language; the operator's first unless said"),)
)
async def page(request: web.Request) -> web.Response:
    """GET /console/notices."""
    return await _page(request, request.query.get("words", ""))


async def _page(
    request: web.Request,
    lang: str,
    *,
    key: str = "",
    text: str = "",
    told: list[str] | None = None,
    wrong: str = "",
    status: int = 200,
) -> web.Response:
    app = request.app[APP]
    lang = lang or app.operator.languages[0]
    if lang not in LANGUAGES:
        raise web.HTTPNotFound(text="There is no such language.")
    async with app.db.reading() as conn:
        words = await own_texts.words_of(conn, lang)
    rows = [
        (
            name,
            text if name == key else now,
            own,
            told or [] if name == key else own_texts.check(app, lang, name, now),
        )
        for name, now, own in words
    ]
    return show(
        request,
        "console_notices.html",
        status=status,
        rows=rows,
        chosen=lang,
        languages=LANGUAGES,
        about=key,
        wrong=wrong,
        said="Kept: it holds from the next message on." if request.query.get("done") else "",
    )


@described("notice.edit", whole=True, summary="Check the words of a notice, or keep them", status=303)
async def edit(request: web.Request) -> web.Response:
    """POST /console/notices: `lang`, `key`, `text` (blank: our own again), `do` is check or keep."""
    app, who, told = request.app[APP], request[WHO], await form(request)
    lang, key, text = (told.get(name, "") for name in ("lang", "key", "text"))
    warnings = own_texts.check(app, lang, key, text)
    if told.get("do") != "keep":
        return await _page(request, lang, key=key, text=text, told=warnings)
    try:
        async with app.db.writing() as conn:
            await own_texts.keep(conn, app, lang, key, text, who.actor)
    except Refused as why:
        return await _page(
            request, lang, key=key, text=text, told=warnings, wrong=why.sentence(speaks()), status=why.status
        )
    raise back(f"{PATH}?words={lang}&done=yes")


SECTION = Section(
    PATH,
    page,
    Entry(Group.MESSAGES, 20, "Notice words"),
    actions=(Action("", edit, {"check": "check", "keep": "keep"}),),
)

"""Usage files: the sources, their last files, what was rejected and why, and the button that takes it again after a fix."""

from aiohttp import web

from core.metering import queries
from core.metering.store import reprocess_rejects, sources
from core.metering.vee import gaps
from core.overview.nameable import USAGE_FILE
from core.overview.theirs import theirs
from gateway.admin.auth import WHO
from gateway.admin.console.plot_usage import usage_plot
from gateway.admin.console.section import Action, Entry, Group, Section
from gateway.admin.console.shared import back, show
from gateway.admin.described import described
from gateway.app_keys import APP

PATH = "/console/usage"


@described("usage.see", whole=True, summary="Usage files, their sources and what was rejected")
async def page(request: web.Request) -> web.Response:
    """GET /console/usage: `source` shows one only."""
    app = request.app[APP]
    source = request.query.get("source", "")[:60] or None
    async with app.db.reading() as conn:
        sent = await queries.sources(conn)
        files = await queries.files(conn, source=source)
        refused, reasons = await queries.refused(conn), await queries.reasons(conn)
        missing = gaps.told(await gaps.missing_files(conn))
        days = await queries.by_day(conn, app)
    return show(
        request,
        "console_usage.html",
        chosen=source,
        named=sources.of_house(app),
        plot=usage_plot(days),
        days=days,
        sources=sent,
        files=files,
        refused=refused,
        reasons=reasons,
        missing=missing,
        told=_told(request),
    )


@described("usage.see", whole=True, summary="One usage file and its rejects")
async def file(request: web.Request) -> web.Response:
    """GET /console/usage/{id}."""
    app = request.app[APP]
    async with app.db.reading() as conn:
        file_id = (await theirs(conn, app, request[WHO], USAGE_FILE, request.match_info["id"])).id
        row = await queries.file(conn, file_id)
        reasons, rejects = await queries.reasons(conn, file_id), await queries.rejects(conn, file_id)
        totals = await queries.totals(conn, file_id)
    return show(
        request, "console_usage_file.html", f=row, reasons=reasons, rejects=rejects, totals=totals, told=_told(request)
    )


@described("usage.write", whole=True, summary="Take rejected records again", status=303)
async def again(request: web.Request) -> web.Response:
    """POST /console/usage/recycle: of one `file`, of a `source`, or of all."""
    form = await request.post()
    app, named, source = request.app[APP], str(form.get("file", "")), str(form.get("source", ""))[:60]
    file_id = None
    if named:
        async with app.db.reading() as conn:
            file_id = (await theirs(conn, app, request[WHO], USAGE_FILE, named)).id
    done = await reprocess_rejects.recycle(app, file_id=file_id, source=source or None, actor=request[WHO].actor)
    place = f"{PATH}/{file_id}" if file_id else PATH
    raise back(f"{place}?taken={done.taken}&there={done.duplicates}&still={done.still}")


def _told(request: web.Request) -> str:
    """What the button just did."""
    counts = [request.query.get(name, "") for name in ("taken", "there", "still")]
    if not all(text.isascii() and text.isdigit() and len(text) < 12 for text in counts):
        return ""
    return f"{counts[0]} taken, {counts[1]} there already, {counts[2]} still rejected."


SECTION = Section(PATH, page, Entry(Group.BILLS, 30, "Usage files"), {"/{id}": file}, (Action("/recycle", again),))
